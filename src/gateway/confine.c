#include "gateway/confine.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static int check_capabilities(struct err *e)
{
    struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

    if (syscall(SYS_capget, &head, data) < 0)
        return err_set(e, -errno, EXIT_FAILED, "can't read the process's capabilities: %m");
    for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
        if (data[i].effective | data[i].permitted | data[i].inheritable) {
            err_set(e, -EPERM, EXIT_FAILED, "the gateway was started with capabilities");
            return err_fix(e, -EPERM, "remove the drop-in that grants them, see systemctl cat");
        }
    return 0;
}

int confine(const struct instance *in, struct err *e)
{
    struct rlimit files;
    int r;

    if (getuid() == 0 || geteuid() == 0 || getgid() == 0) {
        err_set(e, -EPERM, EXIT_FAILED, "the gateway does not run as root");
        return err_fix(e, -EPERM, "start it by its unit: systemctl start defenseclaw-%s.target",
                       in->spec.name);
    }
    if (getuid() == in->uid)
        return err_set(e, -EPERM, EXIT_USAGE, "the gateway does not run as the sandbox user");
    r = check_capabilities(e);
    if (r < 0)
        return r;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        return err_set(e, -errno, EXIT_FAILED, "can't give up privileges: %m");
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
        files.rlim_cur = files.rlim_max < 8192 ? files.rlim_max : 8192;
        setrlimit(RLIMIT_NOFILE,
                  &files); /* with less, fewer connections are taken: see listener.c */
    }
    return 0;
}
