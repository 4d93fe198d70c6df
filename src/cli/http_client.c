#include "cli/http_client.h"

#include "base/mem.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

#define ANSWER_MAX 16384
#define TIMEOUT_S 5

static int open_connection(struct in_addr ip, uint16_t port, int *ret)
{
    const struct sockaddr_in to = { .sin_family = AF_INET,
                                    .sin_addr = ip,
                                    .sin_port = htons(port) };
    const struct timeval limit = { .tv_sec = TIMEOUT_S };
    autofd int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) < 0 ||
        connect(fd, (const struct sockaddr *)&to, sizeof to) < 0)
        return errno == EINPROGRESS ? -ETIMEDOUT : -errno;
    *ret = fd_take(&fd);
    return 0;
}

static int send_all(int fd, const struct buf *b)
{
    for (size_t at = 0; at < b->len;) {
        ssize_t n = send(fd, b->data + at, b->len - at, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN ? -ETIMEDOUT : -errno;
        at += (size_t)n;
    }
    return 0;
}

int http_answer(const char *text, size_t len, int *ret_status, struct buf *out)
{
    static const char version[] = "HTTP/1.";
    const char *end = memmem(text, len, "\r\n\r\n", 4);
    const char *p = text + sizeof version - 1;

    if (!end || len < sizeof "HTTP/1.1 200" || memcmp(text, version, sizeof version - 1) != 0 ||
        p[1] != ' ')
        return -EBADMSG;
    for (int i = 2; i < 5; i++)
        if (p[i] < '0' || p[i] > '9')
            return -EBADMSG;
    *ret_status = (p[2] - '0') * 100 + (p[3] - '0') * 10 + p[4] - '0';
    return buf_add(out, end + 4, len - (size_t)(end + 4 - text));
}

static int exchange(struct in_addr ip, uint16_t port, const struct buf *request, struct buf *answer)
{
    autofd int fd = -EBADF;
    int r = open_connection(ip, port, &fd);

    if (r == 0)
        r = send_all(fd, request);
    if (r == 0)
        r = buf_read_fd(answer, fd, ANSWER_MAX);
    return r == -EAGAIN ? -ETIMEDOUT : r;
}

int http_request(struct in_addr ip, uint16_t port, const char *method, const char *path,
                 const char *body, int *ret_status, struct buf *out, struct err *e)
{
    autobuf struct buf request = { 0 }, answer = { 0 };
    char host[INET_ADDRSTRLEN];
    int r;

    inet_ntop(AF_INET, &ip, host, sizeof host);
    buf_printf(&request, "%s %s HTTP/1.1\r\nHost: %s:%u\r\nConnection: close\r\n", method, path,
               host, port);
    if (body)
        buf_printf(&request, "Content-Type: application/json\r\nContent-Length: %zu\r\n",
                   strlen(body));
    buf_printf(&request, "\r\n%s", body ? body : "");
    r = request.failed ? request.failed : exchange(ip, port, &request, &answer);
    if (r == 0)
        r = http_answer(buf_str(&answer), answer.len, ret_status, out);
    return r < 0 ? err_set(e, r, EXIT_FAILED, "http://%s:%u%s: %s", host, port, path, strerror(-r))
                 : 0;
}
