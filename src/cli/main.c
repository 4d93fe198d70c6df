#include "cli/verbs.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

/* Whoever starts us without standard streams must not have our messages in the first files that we
 * open: a journal, say. */
static void fill_streams(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDWR); /* not O_CLOEXEC: children have streams too */
    while (fd >= 0 && fd < STDERR_FILENO);
    if (fd > STDERR_FILENO)
        close(fd);
}

int main(int argc, char **argv)
{
    fill_streams();
    /* A reader that goes away is an error of write(), not the end of a half-done run. */
    signal(SIGPIPE, SIG_IGN);
    return verbs_main(argc, argv);
}
