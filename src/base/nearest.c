#include "base/nearest.h"

#include <string.h>

#define LENGTH_MAX 63 /* no name of ours is longer */

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Optimal string alignment: Levenshtein with neighbouring letters swapped counted once. */
static unsigned distance(const char *a, const char *b)
{
    unsigned rows[3][LENGTH_MAX + 1], *before = rows[0], *last = rows[1], *row = rows[2];
    size_t la = strlen(a), lb = strlen(b);

    if (la > LENGTH_MAX || lb > LENGTH_MAX)
        return LENGTH_MAX;
    for (size_t j = 0; j <= lb; j++)
        last[j] = (unsigned)j;
    for (size_t i = 1; i <= la; i++) {
        unsigned *spare = before;

        row[0] = (unsigned)i;
        for (size_t j = 1; j <= lb; j++) {
            row[j] = least(least(last[j], row[j - 1]) + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], before[j - 2] + 1);
        }
        before = last;
        last = row;
        row = spare;
    }
    return last[lb];
}

void nearest_offer(struct nearest *n, const char *known)
{
    size_t len = strlen(n->given);
    unsigned enough = len < 6 ? 2 : (unsigned)len / 3;
    unsigned d = distance(n->given, known);

    if (len >= 2 && d > enough && strncmp(known, n->given, len) == 0)
        d = enough;
    if (d > enough || d >= strlen(known) || (n->best && d >= n->distance))
        return;
    n->best = known;
    n->distance = d;
}
