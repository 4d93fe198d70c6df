#include "resource/namespace.h"

#include "base/mem.h"
#include "sys/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define SYSCTLS "/proc/sys/net/ipv6/conf/"

static const char *const sysctls[] = {
    SYSCTLS "all/disable_ipv6",
    SYSCTLS "default/disable_ipv6",
};

void namespace_close(struct namespace *ns)
{
    rtnl_closep(&ns->nl);
    nft_closep(&ns->nft);
    fd_closep(&ns->fd);
}

static int open_sockets(void *arg)
{
    struct namespace *ns = arg;
    int r = rtnl_open(&ns->nl);

    return r < 0 ? r : nft_open(&ns->nft);
}

static int with_sockets(struct namespace *ns, struct err *e)
{
    int r = netns_call(ns->fd, open_sockets, ns);

    if (r == 0)
        return 0;
    namespace_close(ns);
    return err_set(e, r, EXIT_FAILED, "the namespace can't be entered: %s", strerror(-r));
}

int namespace_open(struct namespace *ns, const char *name, struct err *e)
{
    int r;

    *ns = (struct namespace){ .fd = -EBADF };
    r = netns_open(name, &ns->fd);
    if (r == -ENOENT || r == -EBADF)
        return 0;
    if (r < 0)
        return err_set(e, r, EXIT_FAILED, NETNS_DIR "/%s: %s", name, strerror(-r));
    return with_sockets(ns, e);
}

int namespace_new(struct namespace *ns, struct err *e)
{
    int r;

    *ns = (struct namespace){ .fd = -EBADF };
    r = netns_new(&ns->fd);
    if (r < 0)
        return err_set(e, r, r == -EPERM ? EXIT_MACHINE : EXIT_FAILED,
                       "a network namespace can't be made: %s", strerror(-r));
    return with_sockets(ns, e);
}

/* A kernel without IPv6 has none of the files. */
static int ipv6_set(void *arg)
{
    (void)arg;
    for (size_t i = 0; i < N_ELEMENTS(sysctls); i++) {
        autofd int fd = open(sysctls[i], O_WRONLY | O_CLOEXEC);

        if (fd < 0 && errno == ENOENT)
            return 0;
        if (fd < 0 || write(fd, "1", 1) != 1)
            return -errno;
    }
    return 0;
}

static int ipv6_get(void *arg)
{
    int *off = arg;

    for (size_t i = 0; i < N_ELEMENTS(sysctls); i++) {
        autofd int fd = open(sysctls[i], O_RDONLY | O_CLOEXEC);
        char value = '0';

        if (fd < 0 && errno == ENOENT)
            return 0;
        if (fd < 0 || read(fd, &value, 1) != 1)
            return -EIO;
        *off = *off && value == '1';
    }
    return 0;
}

int namespace_ipv6_off(struct namespace *ns, struct err *e)
{
    int r = namespace_ipv6_is_off(ns) ? 0 : netns_call(ns->fd, ipv6_set, NULL);

    return r < 0 ? err_set(e, r, EXIT_FAILED, "IPv6 can't be switched off: %s", strerror(-r)) : 0;
}

int namespace_ipv6_is_off(struct namespace *ns)
{
    int off = 1;

    return netns_call(ns->fd, ipv6_get, &off) < 0 ? 0 : off;
}
