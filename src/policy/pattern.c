#include "policy/pattern.h"

#include "policy/hostname.h"

#include <string.h>

/* Two places to go back to: the last `*`, which may not eat a separator, and the last `**`, which
 * may. Later wildcards make earlier ones of the same kind settled, so no recursion is needed. */
bool pattern_match(const char *pattern, const char *text, char separator)
{
    const char *p = pattern, *t = text;
    const char *star_p = NULL, *star_t = NULL, *deep_p = NULL, *deep_t = NULL;

    for (;;) {
        if (p[0] == '*' && p[1] == '*') {
            deep_p = p += 2;
            deep_t = t;
            star_p = NULL;
        } else if (*p == '*') {
            star_p = ++p;
            star_t = t;
        } else if (*p == *t) {
            if (*t == '\0')
                return true;
            p++;
            t++;
        } else if (star_p && *star_t && *star_t != separator) {
            p = star_p;
            t = ++star_t;
        } else if (deep_p && *deep_t) {
            p = deep_p;
            t = ++deep_t;
            star_p = NULL;
        } else {
            return false;
        }
    }
}

static const char *label_fault(const char *label, size_t len)
{
    const char *stars = memmem(label, len, "**", 2);

    if (len == 0)
        return "an empty label";
    if (stars && len != 2)
        return "** must be a label of its own";
    for (size_t i = 0; i < len; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789-_*", label[i]))
            return "a character that no host name has";
    return NULL;
}

const char *pattern_host_fault(const char *pattern)
{
    size_t tail = 0; /* labels without a wildcard at the end */

    if (strlen(pattern) > HOSTNAME_MAX)
        return "longer than a host name can be";
    for (const char *p = pattern;;) {
        size_t len = strcspn(p, ".");
        const char *fault = label_fault(p, len);

        if (fault)
            return fault;
        tail = memchr(p, '*', len) ? 0 : tail + 1;
        if (p[len] == '\0')
            break;
        p += len + 1;
    }
    if (strchr(pattern, '*') && tail < 2)
        return "wider than a registered domain (two plain labels must end it)";
    return NULL;
}
