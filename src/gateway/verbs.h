/* What the program can be told to do. */
#ifndef DEFENSECLAW_GATEWAY_VERBS_H
#define DEFENSECLAW_GATEWAY_VERBS_H

#include <stdbool.h>

struct verb_args {
    const char *name; /* --name, "sandbox" unless given */
    bool json;        /* --json */
};

/* Each returns the process's exit status. */
int verb_serve(const struct verb_args *args);
int verb_status(const struct verb_args *args);

/* The whole program behind main. */
int gateway_main(int argc, char **argv);

#endif
