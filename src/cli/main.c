#include "cli/verbs.h"

#include <signal.h>

int main(int argc, char **argv)
{
    /* A reader that goes away is an error of write(), not the end of a half-done run. */
    signal(SIGPIPE, SIG_IGN);
    return verbs_main(argc, argv);
}
