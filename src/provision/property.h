/* Unit-file assignments as data: from one row come the line in the file, the typed property of a
 * transient unit, and what has to be read back from systemd once the unit is loaded. */
#ifndef DEFENSECLAW_PROVISION_PROPERTY_H
#define DEFENSECLAW_PROVISION_PROPERTY_H

#include "base/buf.h"
#include "base/err.h"

#include <cjson/cJSON.h>
#include <stddef.h>

enum property_type {
    PROPERTY_BOOL,
    PROPERTY_STRING,
    PROPERTY_NUMBER,      /* uint64, or "infinity" */
    PROPERTY_SIGNED,      /* int32 */
    PROPERTY_OCTAL,       /* a mode */
    PROPERTY_SECONDS,     /* on the bus in microseconds */
    PROPERTY_NOTHING,     /* a mask with no bit: no capability, no namespace */
    PROPERTY_SECURE_BITS, /* words */
    PROPERTY_ERRNO,       /* a name */
    PROPERTY_LIST,        /* words */
    PROPERTY_BINDS,       /* [-]SOURCE[:TARGET] words */
    PROPERTY_TMPFS,       /* PATH[:OPTIONS] words */
    PROPERTY_FAMILIES,    /* AF_… words, allowed */
    PROPERTY_SYSCALLS,    /* names and @groups, with ~ refused */
    PROPERTY_ADDRESSES,   /* any, or ADDRESS[/LENGTH] words */
    PROPERTY_TYPE_COUNT,
};

struct property_row {
    const char *key;  /* in the unit file */
    const char *text; /* behind the =, with {variables}; a row whose text names variables and comes
                         out empty is left out */
    enum property_type type;
    const char *bus;  /* its name on the bus where that isn't the key */
    int since, until; /* systemd versions: from (0: any) and below (0: none) */
};

struct property_var {
    const char *name; /* without braces */
    const char *value;
};

/* The rows that hold for a systemd version, with their variables filled in. */
struct property_set {
    const struct property_row *rows;
    size_t count;
    const struct property_var *vars;
    size_t var_count;
    int version;
};

/* Appends text with its {variables} filled in. 0, -EINVAL when one is unknown, -ENOMEM. */
int property_expand(const struct property_var *vars, size_t count, const char *text,
                    struct buf *out);

/* Appends "KEY=TEXT\n" for each. 0, -EINVAL when a variable is unknown, -ENOMEM. */
int property_lines(const struct property_set *s, struct buf *out);

/* For StartTransientUnit: [{"name","signature","value"},…]. NULL when out of memory or when a row
 * can't be read. */
cJSON *property_transient(const struct property_set *s);

/* What a loaded unit has to say: [{"name","how","value"},…]; how is "exact", "set" (lists in any
 * order) or "without" (an allow-list of calls that holds none of value's). NULL likewise. */
cJSON *property_expected(const struct property_set *s);

#endif
