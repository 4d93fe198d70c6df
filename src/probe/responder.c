#include "base/mem.h"
#include "probe/pair.h"

#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#define LISTENERS_MAX 48
#define CLIENTS_MAX 64

struct responder {
    struct pollfd fds[LISTENERS_MAX + CLIENTS_MAX]; /* listeners first */
    enum attempt_type type[LISTENERS_MAX];
    size_t listeners, clients;
};

static int open_listener(const struct attempt *a)
{
    bool stream = a->type != ATTEMPT_UDP;
    socklen_t len = a->to.sa.sa_family == AF_INET6 ? sizeof a->to.in6 : sizeof a->to.in;
    autofd int fd = socket(a->to.sa.sa_family,
                           (stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0 || bind(fd, &a->to.sa, len) < 0 || (stream && listen(fd, 16) < 0))
        return -errno;
    return fd_take(&fd);
}

int responder_open(const struct attempt *attempts, size_t count, struct responder **ret)
{
    struct responder *r = calloc(1, sizeof *r);

    if (!r)
        return -ENOMEM;
    for (size_t i = 0; i < count && r->listeners < LISTENERS_MAX; i++) {
        int fd = attempts[i].type == ATTEMPT_ICMP ? -ENOTSUP : open_listener(&attempts[i]);

        if (fd < 0) /* twice the same, or no such family: the attempt on it will tell */
            continue;
        r->type[r->listeners] = attempts[i].type;
        r->fds[r->listeners++] = (struct pollfd){ .fd = fd, .events = POLLIN };
    }
    *ret = r;
    return 0;
}

size_t responder_listeners(const struct responder *r)
{
    return r->listeners;
}

void responder_close(struct responder *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->listeners + r->clients; i++)
        close(r->fds[i].fd);
    free(r);
}

static void echo(int fd)
{
    struct sockaddr_storage from;
    socklen_t len = sizeof from;
    char data[512];
    ssize_t n = recvfrom(fd, data, sizeof data, 0, (struct sockaddr *)&from, &len);

    if (n >= 0 && sendto(fd, data, (size_t)n, MSG_NOSIGNAL, (struct sockaddr *)&from, len) < 0)
        return; /* who asked sees the silence */
}

static void take_client(struct responder *r, size_t i)
{
    int fd = accept4(r->fds[i].fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd < 0)
        return;
    if (r->type[i] != ATTEMPT_HTTP || r->clients == CLIENTS_MAX) {
        close(fd);
        return;
    }
    r->fds[r->listeners + r->clients++] = (struct pollfd){ .fd = fd, .events = POLLIN };
}

static void answer_client(struct responder *r, size_t i)
{
    static const char response[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    char request[1024];

    if (recv(r->fds[i].fd, request, sizeof request, 0) > 0 &&
        send(r->fds[i].fd, response, sizeof response - 1, MSG_NOSIGNAL) < 0)
        errno = 0; /* who asked sees the silence */
    close(r->fds[i].fd);
    r->fds[i] = r->fds[r->listeners + --r->clients];
}

void responder_serve(struct responder *r)
{
    for (;;) {
        size_t n = r->listeners + r->clients;

        if (poll(r->fds, n, -1) < 0 && errno != EINTR)
            _exit(1);
        for (size_t i = n; i-- > r->listeners;)
            if (r->fds[i].revents)
                answer_client(r, i);
        for (size_t i = 0; i < r->listeners; i++) {
            if (!r->fds[i].revents)
                continue;
            if (r->type[i] == ATTEMPT_UDP)
                echo(r->fds[i].fd);
            else
                take_client(r, i);
        }
    }
}
