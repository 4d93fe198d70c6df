/* Verbs whose files aren't there yet. (Touch this file when one appears, so that it is built anew.)
 */
#include "cli/verbs.h"

#define PENDING(fn)                                                                                \
    int fn(int argc, char **argv)                                                                  \
    {                                                                                              \
        (void)argc;                                                                                \
        fprintf(stderr, "ERROR: %s: not built into this program\n", argv[0]);                      \
        return EXIT_USAGE;                                                                         \
    }

#if !__has_include("cli/setup.c")
PENDING(verb_setup)
#endif
#if !__has_include("cli/run.c")
PENDING(verb_run)
#endif
#if !__has_include("cli/network.c")
PENDING(verb_network)
#endif
#if !__has_include("cli/firstboot.c")
PENDING(verb_firstboot)
#endif
#if !__has_include("cli/seed.c")
PENDING(verb_seed)
#endif
#if !__has_include("cli/keys.c")
PENDING(verb_keys)
#endif
#if !__has_include("cli/pair.c")
PENDING(verb_pair)
#endif
#if !__has_include("cli/verify.c")
PENDING(verb_verify)
#endif
#if !__has_include("cli/status.c")
PENDING(verb_status)
#endif
#if !__has_include("cli/list.c")
PENDING(verb_list)
#endif
