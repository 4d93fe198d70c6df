/* The verbs of the command line: one file each, one table (verbs.c) from which dispatch, --help,
 * the completion and the man page come. */
#ifndef DEFENSECLAW_CLI_VERBS_H
#define DEFENSECLAW_CLI_VERBS_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/version.h"

/* An option of a verb, for help, completion and man page. */
struct verb_option {
    const char *name;    /* long name without dashes */
    const char *metavar; /* NULL: takes no value */
    const char *effect;  /* one line */
};

#define VERB_OPTIONS_MAX 8

struct verb {
    const char *words;                /* "sandbox setup" */
    int (*fn)(int argc, char **argv); /* NULL: comes later */
    const char *summary;              /* one line */
    const char *synopsis;             /* what follows the words */
    struct verb_option options[VERB_OPTIONS_MAX];
    bool setup_options;     /* takes the option table of spec/options.h */
    bool hidden;            /* left out of help and completion */
    const char *comes_with; /* of a verb without fn: what brings it */
};

extern const struct verb verbs[];
extern const size_t verb_count;

/* Each verb: argv[0] is the last of its words ("setup", "up", …), the rest its arguments; returns
 * the exit status. `--help` before a "--" never reaches a verb. */
int verb_setup(int argc, char **argv);
int verb_verify(int argc, char **argv);
int verb_status(int argc, char **argv);
int verb_list(int argc, char **argv);
int verb_run(int argc, char **argv);
int verb_network(int argc, char **argv); /* argv[1]: up or down */
int verb_firstboot(int argc, char **argv);
int verb_seed(int argc, char **argv); /* argv[1]: create, inspect, … */
int verb_keys(int argc, char **argv); /* argv[1]: set, list, unset */
int verb_pair(int argc, char **argv);
int verb_completion(int argc, char **argv);    /* argv[1]: bash */
int verb_man_options(int argc, char **argv);   /* roff */
int verb_probe_sockets(int argc, char **argv); /* for verify: JSON */

/* Finds the verb that argv[1…] names and runs it; the whole program. Returns the exit status. */
int verbs_main(int argc, char **argv);

/* The verb of these words, NULL when there is none. */
const struct verb *verb_find(const char *words);

/* help.c */
void help_program(FILE *out);
void help_verb(FILE *out, const struct verb *v);

/* An option of a verb's own small parser: exactly one of flag and value is set. */
struct arg {
    const char *name;   /* without dashes */
    bool *flag;         /* set to true when given */
    const char **value; /* set to the text given ("--name=x" or "--name x") */
};

/* Parses argv[1…]: options and operands mix, "--" ends the options. Operands are moved to
 * argv[1…]; returns how many. Unknown options (with the nearest known one), missing and superfluous
 * values and options given twice are -EINVAL with status EXIT_USAGE. */
int args_parse(int argc, char **argv, const struct arg *args, size_t count, struct err *e);

/* The instance's name of --name: name when given (checked), else "sandbox". NULL with e set when it
 * isn't a valid name. */
const char *args_name(const char *name, struct err *e);

#endif
