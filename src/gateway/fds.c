#include "gateway/fds.h"

#include "base/mem.h"
#include "spec/spec.h"

#include <arpa/inet.h>
#include <assert.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

const char *const fd_role_names[] = {
    [FD_CONTROL] = "control",      [FD_API] = "API",
    [FD_EGRESS] = "egress proxy",  [FD_DNS_UDP] = "DNS over UDP",
    [FD_DNS_TCP] = "DNS over TCP", [FD_RELAY] = "relay",
};
static_assert(N_ELEMENTS(fd_role_names) == FD_COUNT, "name every role");

static const struct {
    int type;
    uint16_t port;
    enum fd_role role;
} by_port[] = {
    { SOCK_STREAM, PORT_API, FD_API },
    { SOCK_STREAM, PORT_EGRESS, FD_EGRESS },
    { SOCK_STREAM, PORT_DNS, FD_DNS_TCP },
    { SOCK_DGRAM, PORT_DNS, FD_DNS_UDP },
};

static int role_of(int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_storage room;
    } a = { 0 };
    socklen_t len = sizeof a;
    int type = 0;

    if (getsockname(fd, &a.any, &len) < 0)
        return -errno;
    len = sizeof type;
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) < 0)
        return -errno;
    if (a.any.sa_family == AF_UNIX && type == SOCK_STREAM)
        return FD_CONTROL;
    if (a.any.sa_family != AF_INET)
        return -EAFNOSUPPORT;
    for (size_t i = 0; i < N_ELEMENTS(by_port); i++)
        if (by_port[i].type == type && by_port[i].port == ntohs(a.v4.sin_port))
            return (int)by_port[i].role;
    if (type == SOCK_STREAM && a.v4.sin_addr.s_addr == htonl(INADDR_LOOPBACK))
        return FD_RELAY;
    return -EADDRNOTAVAIL;
}

static int take_one(struct fds *f, int fd, struct err *e)
{
    int role = role_of(fd), flags;

    if (role < 0)
        return err_set(e, role, EXIT_FAILED,
                       "descriptor %d: not a socket that the gateway knows by its address", fd);
    if (f->fd[role] >= 0)
        return err_set(e, -EEXIST, EXIT_FAILED, "descriptor %d: a second socket for %s", fd,
                       fd_role_names[role]);
    flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
        fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
        return err_set(e, -errno, EXIT_FAILED, "descriptor %d: can't set its flags: %m", fd);
    f->fd[role] = fd;
    return 0;
}

int fds_take(struct fds *ret, struct err *e)
{
    struct fds f;
    int n = sd_listen_fds(1), r = 0;

    for (size_t i = 0; i < FD_COUNT; i++)
        f.fd[i] = -EBADF;
    for (int i = 0; r == 0 && i < n; i++)
        r = take_one(&f, SD_LISTEN_FDS_START + i, e);
    for (int i = 0; r == 0 && i < FD_COUNT; i++)
        if (f.fd[i] < 0 && i != FD_RELAY) {
            r = err_set(e, -ENOENT, EXIT_FAILED, "no socket for %s was passed", fd_role_names[i]);
            err_fix(e, r,
                    "start the service by its units: systemctl start defenseclaw-NAME.target");
        }
    if (r < 0) {
        fds_done(&f);
        return r;
    }
    *ret = f;
    return 0;
}

void fds_done(struct fds *f)
{
    for (size_t i = 0; i < FD_COUNT; i++)
        fd_closep(&f->fd[i]);
}
