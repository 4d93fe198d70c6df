#include "probe/place.h"

#include "base/mem.h"

#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

void *shared_new(size_t size)
{
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    return p == MAP_FAILED ? NULL : p;
}

void shared_free(void *p, size_t size)
{
    if (p)
        munmap(p, size);
}

int become(uid_t uid, gid_t gid)
{
    if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
        return -errno;
    /* The sandbox user's other processes must not look into this one. */
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return -errno;
    return 0;
}

/* In the child: tied to its parent's life, and in its place. */
static void settle(pid_t parent, int ns_fd)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || getppid() != parent)
        _exit(1);
    if (ns_fd >= 0 && setns(ns_fd, CLONE_NEWNET) < 0)
        _exit(1);
}

int child_start(int ns_fd, void (*fn)(void *arg), void *arg, pid_t *ret_pid)
{
    pid_t parent = getpid(), pid = fork();

    if (pid < 0)
        return -errno;
    if (pid == 0) {
        settle(parent, ns_fd);
        fn(arg);
        _exit(0);
    }
    *ret_pid = pid;
    return 0;
}

struct errand {
    const struct place *place;
    struct attempt *attempts;
    struct outcome *shared;
    size_t count;
};

static void run_errand(void *arg)
{
    struct errand *e = arg;

    attempts_open(e->attempts, e->shared, e->count);
    if (become(e->place->uid, e->place->gid) < 0)
        _exit(1);
    /* A change of ids clears it. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
        _exit(1);
    attempts_run(e->attempts, e->shared, e->count);
}

int place_start(const struct place *p, struct attempt *attempts, struct outcome *shared,
                size_t count, pid_t *ret_pid)
{
    struct errand e = { p, attempts, shared, count };

    return child_start(p->ns_fd, run_errand, &e, ret_pid);
}

bool child_wait(pid_t pid, int timeout_ms)
{
    autofd int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    struct pollfd p = { .fd = fd, .events = POLLIN };
    int status = 0;

    if (fd < 0 || poll(&p, 1, timeout_ms) != 1)
        kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return false;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
