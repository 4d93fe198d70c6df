#include "seed/archive/confine.h"

#include "base/mem.h"

#include <grp.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define NOBODY 65534
#define CPU_SECONDS 20

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0 /* the sanitizers map terabytes and trace themselves: no limits, no filter */
#endif

static int failed(struct err *e, const char *what)
{
    return err_set(e, -errno, EXIT_FAILED, "the archive reader can't confine itself: %s", what);
}

static int drop_root(struct err *e)
{
    if (geteuid() != 0)
        return 0;
    if (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
        setresuid(NOBODY, NOBODY, NOBODY) < 0 || setuid(0) == 0)
        return failed(e, "dropping root");
    return 0;
}

static int set_limits(size_t memory, struct err *e)
{
    const struct {
        int resource;
        rlim_t most;
    } limits[] = {
        { RLIMIT_DATA, memory }, { RLIMIT_CPU, CPU_SECONDS }, { RLIMIT_FSIZE, 0 },
        { RLIMIT_NOFILE, 0 },    { RLIMIT_CORE, 0 },          { RLIMIT_NPROC, 0 },
    };

    for (size_t i = 0; i < N_ELEMENTS(limits); i++) {
        struct rlimit l = { limits[i].most, limits[i].most };

        if (setrlimit((__rlimit_resource_t)limits[i].resource, &l) < 0)
            return failed(e, "limits");
    }
    return 0;
}

static int filter_calls(struct err *e)
{
    static const int allowed[] = {
        SCMP_SYS(read),       SCMP_SYS(pread64),       SCMP_SYS(lseek),
        SCMP_SYS(write),      SCMP_SYS(close),         SCMP_SYS(fstat),
        SCMP_SYS(newfstatat), SCMP_SYS(mmap),          SCMP_SYS(munmap),
        SCMP_SYS(mremap),     SCMP_SYS(mprotect),      SCMP_SYS(madvise),
        SCMP_SYS(brk),        SCMP_SYS(futex),         SCMP_SYS(getrandom),
        SCMP_SYS(getpid),     SCMP_SYS(clock_gettime), SCMP_SYS(sched_getaffinity),
        SCMP_SYS(sysinfo),    SCMP_SYS(rt_sigreturn),  SCMP_SYS(exit),
        SCMP_SYS(exit_group),
    };
    /* libc asks for locale and charset files, and takes no for an answer. */
    static const int denied[] = { SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(access),
                                  SCMP_SYS(readlink), SCMP_SYS(fcntl) };
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
    int r = ctx ? 0 : -ENOMEM;

    for (size_t i = 0; r == 0 && i < N_ELEMENTS(allowed); i++)
        r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, allowed[i], 0);
    for (size_t i = 0; r == 0 && i < N_ELEMENTS(denied); i++)
        r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EACCES), denied[i], 0);
    if (r == 0)
        r = seccomp_load(ctx);
    seccomp_release(ctx);
    errno = -r;
    return r < 0 ? failed(e, "seccomp") : 0;
}

int confine(size_t memory, struct err *e)
{
    int r = drop_root(e);

    if (r == 0 &&
        (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0))
        r = failed(e, "no new privileges");
    if (r == 0 && !SANITIZED)
        r = set_limits(memory, e);
    if (r == 0 && !SANITIZED)
        r = filter_calls(e);
    return r;
}
