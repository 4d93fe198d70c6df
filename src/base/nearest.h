/* The known name nearest to a mistyped one. */
#ifndef DEFENSECLAW_BASE_NEAREST_H
#define DEFENSECLAW_BASE_NEAREST_H

struct nearest {
    const char *given;
    const char *best; /* NULL until a name was near enough */
    unsigned distance;
};

/* Offers a known name, which must outlive n. Near enough is at most a third of the given name's
 * letters (two at least) changed, added, dropped or swapped, or the given name being its beginning.
 */
void nearest_offer(struct nearest *n, const char *known);

#endif
