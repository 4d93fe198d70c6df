/* The one option table: the flags of `sandbox setup`, a bundle's flags.json, --help, the
 * completion, the man page's list and the record's spec all come from it. */
#ifndef DEFENSECLAW_SPEC_OPTIONS_H
#define DEFENSECLAW_SPEC_OPTIONS_H

#include "spec/spec.h"

/* What can be given; a flag, its alias and its opposite share one. */
enum option_id {
    OPTION_DISABLE,
    OPTION_POLICY,
    OPTION_SANDBOX_IP,
    OPTION_HOST_IP,
    OPTION_HOME,
    OPTION_OPENCLAW_PORT,
    OPTION_DNS,
    OPTION_AUTO_PAIR,
    OPTION_HOST_NETWORKING,
    OPTION_GUARDRAIL,
    OPTION_NON_INTERACTIVE,
    OPTION_NAME,
    OPTION_OPENCLAW,
    OPTION_AGENT,
    OPTION_DNS_FILTER,
    OPTION_RELAY_PORT,
    OPTION_GATEWAY_USER,
    OPTION_ADOPT_USER,
    OPTION_DEFAULTS,
    OPTION_VERIFY,
    OPTION_DRY_RUN,
    OPTION_JSON,
    OPTION_COUNT,
};

struct options {
    struct spec spec; /* only what was given is meant: see options_resolve() */
    uint32_t given;   /* bit 1 << enum option_id */
    bool disable, non_interactive, adopt_user, defaults, verify, dry_run, json;
};

static inline bool option_given(const struct options *o, enum option_id id)
{
    return o->given & UINT32_C(1) << id;
}

enum option_flags {
    OPTION_PAGE = 1,       /* stands on the page */
    OPTION_SPEC = 2,       /* part of the spec, so of the record; else of this run only */
    OPTION_NO_BUNDLE = 4,  /* refused in flags.json */
    OPTION_OTHER_NAME = 8, /* alias or opposite: left out of the record and of the page's list */
    OPTION_OFF = 16,       /* without a value: sets its field to false */
};

struct option;

/* How a value is read, and written to the record. */
struct option_type {
    /* Reads text into field. 0 or -EINVAL with e set, naming flag and value. */
    int (*parse)(const struct option *o, const char *text, void *field, struct err *e);
    /* The record's form; NULL when the field holds nothing worth recording. */
    cJSON *(*save)(const void *field);
};

struct option {
    const char *name; /* without dashes */
    enum option_id id;
    const char *metavar;            /* NULL: takes no value */
    const char *choices;            /* words that the completion offers, NULL when free */
    const char *default_text;       /* as shown; read as the default when OPTION_SPEC */
    const char *effect;             /* one line, the page's words where it has the flag */
    const struct option_type *type; /* NULL: a bool */
    size_t offset;                  /* in struct spec when OPTION_SPEC, else in struct options */
    size_t size;
    unsigned flags;
};

extern const struct option option_table[];
extern const size_t option_table_len;

/* The table's row of a long name without dashes, NULL when there is none. */
const struct option *option_find(const char *name);

/* Nothing given. */
void options_init(struct options *o);

/* Reads argv[1…] ("--flag value" or "--flag=value") into o. Anything wrong is -EINVAL with status
 * EXIT_USAGE and one line that names the flag, the value and what would be right. */
int options_parse(int argc, char **argv, struct options *o, struct err *e);

/* Sets one option by its long name without dashes; text is NULL for a flag without value. */
int options_set(struct options *o, const char *name, const char *text, struct err *e);

/* Reads a JSON value as the text that a person would have typed into field (o->type isn't NULL).
 * 0, -EINVAL with e set, or -ENOMEM. */
int option_read_json(const struct option *o, const cJSON *value, void *field, struct err *e);

/* A bundle's flags.json: values true, a number or a string, "dns" also a list. Errors begin with
 * "flags.json". */
int options_apply_json(const cJSON *flags, struct options *o, struct err *e);

/* The spec that is meant: the page's defaults, then the recorded values (NULL: none, and none with
 * --defaults), then what was given; checked by spec_check(). --dns-filter policy is refused here.
 */
int options_resolve(const struct options *o, const struct spec *recorded, struct spec *ret,
                    struct err *e);

/* Says, a sentence each, what now lets the agent do that was did not. Returns how many. */
size_t spec_widens(const struct spec *was, const struct spec *now,
                   void (*say)(void *userdata, const char *sentence), void *userdata);

#endif
