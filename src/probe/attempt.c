#include "probe/attempt.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define ATTEMPTS_MAX 64

static socklen_t endpoint_len(const union endpoint *e)
{
    return e->sa.sa_family == AF_INET6  ? sizeof e->in6
           : e->sa.sa_family == AF_UNIX ? sizeof e->un
                                        : sizeof e->in;
}

/* -- outcomes -- */

static void answered(struct outcome *o)
{
    o->kind = OUTCOME_ANSWERED;
}

static void refused(struct outcome *o, int error)
{
    o->kind = OUTCOME_REFUSED;
    o->error = error;
}

void outcome_text(const struct outcome *o, char *out, size_t size)
{
    if (o->kind == OUTCOME_ANSWERED && o->status)
        snprintf(out, size, "answered (HTTP %d)", o->status);
    else
        snprintf(out, size, "%s%s",
                 o->kind == OUTCOME_NONE       ? "not tried"
                 : o->kind == OUTCOME_ANSWERED ? "answered"
                 : o->kind == OUTCOME_REFUSED  ? "refused: "
                                               : "no answer and no refusal",
                 o->kind == OUTCOME_REFUSED ? strerror(o->error) : "");
}

/* -- one attempt -- */

static int open_socket(const struct attempt *a)
{
    int type = a->type == ATTEMPT_UDP    ? SOCK_DGRAM
               : a->type == ATTEMPT_ICMP ? SOCK_RAW
                                         : SOCK_STREAM;
    int fd = socket(a->to.sa.sa_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK,
                    a->type == ATTEMPT_ICMP ? IPPROTO_ICMP : 0);
    int on = 1;

    /* So that an ICMP error about a datagram is this socket's. */
    if (fd >= 0 && type != SOCK_STREAM && a->to.sa.sa_family == AF_INET)
        setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on);
    return fd < 0 ? -errno : fd;
}

void attempts_open(struct attempt *a, struct outcome *o, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        a[i].fd = -EBADF;
        if (a[i].type != ATTEMPT_ICMP)
            continue;
        a[i].fd = open_socket(&a[i]);
        if (a[i].fd < 0)
            refused(&o[i], -a[i].fd);
    }
}

static uint16_t icmp_checksum(const uint8_t *p, size_t len)
{
    uint32_t sum = 0;

    for (size_t i = 0; i + 1 < len; i += 2)
        sum += (uint32_t)p[i] << 8 | p[i + 1];
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return htons((uint16_t)~sum);
}

static uint16_t echo_id(void)
{
    return htons((uint16_t)getpid());
}

static ssize_t send_echo(int fd)
{
    struct icmphdr h = { .type = ICMP_ECHO, .un.echo.id = echo_id() };

    h.checksum = icmp_checksum((const uint8_t *)&h, sizeof h);
    return send(fd, &h, sizeof h, MSG_NOSIGNAL);
}

/* What the socket has against it; also an ICMP error that came while connect() still held the
 * socket, which poll() doesn't tell until the next retransmission. */
static int pending_error(int fd)
{
    socklen_t len = sizeof(int);
    int error = 0;

    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0 ? errno : error;
}

static void start(struct attempt *a, struct outcome *o)
{
    ssize_t n = 0;
    int error;

    if (a->type != ATTEMPT_ICMP)
        a->fd = open_socket(a);
    if (a->fd < 0) {
        refused(o, -a->fd);
        return;
    }
    if (connect(a->fd, &a->to.sa, endpoint_len(&a->to)) < 0 && errno != EINPROGRESS) {
        refused(o, errno);
        return;
    }
    if (a->type == ATTEMPT_UDP)
        n = send(a->fd, "defenseclaw probe", 17, MSG_NOSIGNAL);
    else if (a->type == ATTEMPT_ICMP)
        n = send_echo(a->fd);
    error = n < 0 ? errno : pending_error(a->fd);
    if (error)
        refused(o, error);
}

static bool is_our_reply(const uint8_t *packet, size_t len)
{
    size_t head = (packet[0] & 0xfu) * 4u;
    struct icmphdr h;

    if (len < head + sizeof h)
        return false;
    memcpy(&h, packet + head, sizeof h);
    return h.type == ICMP_ECHOREPLY && h.un.echo.id == echo_id();
}

static void receive(struct attempt *a, struct outcome *o)
{
    uint8_t packet[512];
    ssize_t n = recv(a->fd, packet, sizeof packet, 0);

    if (n < 0 && errno != EAGAIN && errno != EINTR)
        refused(o, errno);
    else if (n >= 0 && (a->type == ATTEMPT_UDP || is_our_reply(packet, (size_t)n)))
        answered(o);
}

/* Splits "HTTP/1.1 403 Reason\r\nrest" into status and the rest. */
static void read_status(struct outcome *o)
{
    char *line_end = strstr(o->body, "\r\n");

    answered(o);
    if (strncmp(o->body, "HTTP/1.", 7) != 0 || !line_end || strlen(o->body) < 12)
        return;
    o->status = atoi(o->body + 9);
    memmove(o->body, line_end + 2, strlen(line_end + 2) + 1);
}

static bool head_is_whole(const struct attempt *a, const char *body)
{
    /* A tunnel's answer has no end of its own: its head is all there is. */
    return strncmp(a->request, "CONNECT ", 8) == 0 && strstr(body, "\r\n\r\n");
}

static void read_http(struct attempt *a, struct outcome *o)
{
    size_t have = strlen(o->body), room = sizeof o->body - 1 - have;
    ssize_t n = recv(a->fd, o->body + have, room, 0);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n < 0 && have == 0) {
        refused(o, errno);
        return;
    }
    if (n > 0)
        o->body[have + (size_t)n] = '\0';
    if (n <= 0 && have == 0)
        refused(o, ECONNRESET); /* accepted and closed without a word */
    else if (n <= 0 || (size_t)n == room || head_is_whole(a, o->body))
        read_status(o);
}

static void send_request(struct attempt *a, struct outcome *o)
{
    size_t len = strlen(a->request);
    ssize_t n = send(a->fd, a->request + a->sent, len - a->sent, MSG_NOSIGNAL);

    if (n < 0 && errno != EAGAIN && errno != EINTR)
        refused(o, errno);
    else if (n > 0)
        a->sent += (size_t)n;
}

static short wanted_events(const struct attempt *a)
{
    if (a->type == ATTEMPT_UDP || a->type == ATTEMPT_ICMP)
        return POLLIN;
    if (a->type == ATTEMPT_HTTP && a->sent == strlen(a->request))
        return POLLIN;
    return POLLOUT;
}

static void progress(struct attempt *a, struct outcome *o, short events)
{
    int error = events & POLLERR || (events & POLLOUT && a->sent == 0) ? pending_error(a->fd) : 0;

    if (error)
        refused(o, error);
    else if (a->type == ATTEMPT_TCP)
        answered(o);
    else if (a->type == ATTEMPT_UDP || a->type == ATTEMPT_ICMP)
        receive(a, o);
    else if (a->sent < strlen(a->request))
        send_request(a, o);
    else
        read_http(a, o);
}

/* -- all of them -- */

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* What is known of an attempt at the end of its patience. */
static void give_up(const struct attempt *a, struct outcome *o)
{
    int error = pending_error(a->fd);

    if (a->type == ATTEMPT_HTTP && o->body[0])
        read_status(o); /* an answer that was kept open */
    else if (error)
        refused(o, error);
    else
        o->kind = OUTCOME_SILENT;
}

/* Those without an outcome yet, and the milliseconds until the first of them is given up. */
static size_t collect(const struct attempt *a, struct outcome *o, size_t count, int64_t elapsed,
                      struct pollfd *fds, size_t *which, int *ret_left)
{
    size_t n = 0;

    *ret_left = INT_MAX;
    for (size_t i = 0; i < count && n < ATTEMPTS_MAX; i++) {
        int64_t left = a[i].patience_ms - elapsed;

        if (o[i].kind != OUTCOME_NONE)
            continue;
        if (left <= 0) {
            give_up(&a[i], &o[i]);
            continue;
        }
        if (left < *ret_left)
            *ret_left = (int)left;
        fds[n] = (struct pollfd){ .fd = a[i].fd, .events = wanted_events(&a[i]) };
        which[n++] = i;
    }
    return n;
}

void attempts_run(struct attempt *a, struct outcome *o, size_t count)
{
    int64_t began = now_ms();
    struct pollfd fds[ATTEMPTS_MAX];
    size_t which[ATTEMPTS_MAX], n;
    int left;

    for (size_t i = 0; i < count; i++)
        if (o[i].kind == OUTCOME_NONE)
            start(&a[i], &o[i]);
    while ((n = collect(a, o, count, now_ms() - began, fds, which, &left)) > 0) {
        if (poll(fds, n, left) < 0 && errno != EINTR)
            break;
        for (size_t i = 0; i < n; i++)
            if (fds[i].revents)
                progress(&a[which[i]], &o[which[i]], fds[i].revents);
    }
    for (size_t i = 0; i < count; i++) {
        if (a[i].fd >= 0)
            close(a[i].fd);
        a[i].fd = -EBADF;
    }
}
