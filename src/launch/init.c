/* What process 1 has to do. An agent that were process 1 itself would leave every orphan of its
 * children as a zombie until no process is left to it, could not be ended by a signal for which it
 * has no handler, and could not end itself by one. */
#include "launch/init.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the terminal's driver sends goes to the whole foreground group, the child too. */
static bool passed_on(const siginfo_t *info)
{
    return info->si_code != SI_KERNEL && info->si_signo != SIGCHLD && info->si_signo != SIGTTIN &&
           info->si_signo != SIGTTOU && info->si_signo != SIGTSTP;
}

/* Reaps all that has ended; true when the child was among them, with how it ended. */
static bool reap(pid_t child, int *ret_status)
{
    bool ended = false;
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        if (pid == child) {
            *ret_status = status;
            ended = true;
        }
    return ended;
}

static _Noreturn void stay(pid_t child, const sigset_t *all)
{
    int status = 0;

    while (!reap(child, &status)) {
        siginfo_t info;

        if (sigwaitinfo(all, &info) > 0 && passed_on(&info))
            (void)kill(child, info.si_signo);
    }
    _exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}

int init_split(void)
{
    sigset_t all, was;
    pid_t child;

    sigfillset(&all);
    if (sigprocmask(SIG_BLOCK, &all, &was) < 0)
        return -errno;
    child = fork();
    if (child < 0)
        return -errno;
    if (child > 0)
        stay(child, &all);
    return sigprocmask(SIG_SETMASK, &was, NULL) < 0 ? -errno : 0;
}
