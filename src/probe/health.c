#include "probe/health.h"

#include "base/mem.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define LIMIT_SECONDS 10

/* What the child tells: which of these went wrong (or nothing), and the errno. */
enum stage { STAGE_NAMESPACE, STAGE_USER, STAGE_CONNECT, STAGE_ASK, STAGE_ANSWER, STAGE_OK };

static const char *const stage_names[] = {
    [STAGE_NAMESPACE] = "entering the namespace",
    [STAGE_USER] = "becoming the sandbox user",
    [STAGE_CONNECT] = "connecting",
    [STAGE_ASK] = "asking",
    [STAGE_ANSWER] = "reading the answer",
    [STAGE_OK] = "answer",
};

struct report {
    int stage;
    int error;      /* errno */
    char first[64]; /* the answer's first line */
};

static int become(const struct instance *in)
{
    if (setgroups(0, NULL) < 0 || setresgid(in->gid, in->gid, in->gid) < 0 ||
        setresuid(in->uid, in->uid, in->uid) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return -errno;
    return 0;
}

static int enter(const char *name)
{
    autofd int fd = -EBADF;
    char path[64];

    snprintf(path, sizeof path, "/run/netns/%s0", name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd < 0 || setns(fd, CLONE_NEWNET) < 0 ? -errno : 0;
}

static int connect_host(const struct instance *in, int *ret)
{
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_port = htons(PORT_API),
                              .sin_addr = in->spec.host_ip };
    struct timeval limit = { .tv_sec = LIMIT_SECONDS };
    autofd int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) < 0 ||
        connect(fd, (const struct sockaddr *)&to, sizeof to) < 0)
        return -errno;
    *ret = fd_take(&fd);
    return 0;
}

static int ask(int fd, const struct instance *in)
{
    char text[160], host[INET_ADDRSTRLEN];
    int n;

    inet_ntop(AF_INET, &in->spec.host_ip, host, sizeof host);
    n = snprintf(text, sizeof text,
                 "GET /health HTTP/1.1\r\nHost: %s:%d\r\nConnection: close\r\n\r\n", host,
                 PORT_API);
    return send(fd, text, (size_t)n, MSG_NOSIGNAL) == n ? 0 : -errno;
}

static int first_line(int fd, char *out, size_t size)
{
    size_t have = 0;

    while (have < size - 1 && !memchr(out, '\n', have)) {
        ssize_t n = recv(fd, out + have, size - 1 - have, 0);

        if (n < 0)
            return errno == EAGAIN ? -ETIMEDOUT : -errno;
        if (n == 0)
            break;
        have += (size_t)n;
    }
    out[have] = '\0';
    out[strcspn(out, "\r\n")] = '\0';
    return have ? 0 : -ECONNRESET;
}

static void probe(const struct instance *in, struct report *ret)
{
    autofd int fd = -EBADF;
    int r = enter(in->spec.name);

    ret->stage = STAGE_NAMESPACE;
    if (r == 0) {
        ret->stage = STAGE_USER;
        r = become(in);
    }
    if (r == 0) {
        ret->stage = STAGE_CONNECT;
        r = connect_host(in, &fd);
    }
    if (r == 0) {
        ret->stage = STAGE_ASK;
        r = ask(fd, in);
    }
    if (r == 0) {
        ret->stage = STAGE_ANSWER;
        r = first_line(fd, ret->first, sizeof ret->first);
    }
    if (r == 0)
        ret->stage = STAGE_OK;
    ret->error = -r;
}

/* Whole reports only: a pipe passes so few bytes at once. */
static int await_report(int fd, struct report *ret)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };
    int r = poll(&p, 1, LIMIT_SECONDS * 1000);

    if (r <= 0)
        return r == 0 ? -ETIMEDOUT : -errno;
    return read(fd, ret, sizeof *ret) == (ssize_t)sizeof *ret ? 0 : -EPIPE;
}

static int judge(const struct report *got, struct err *e)
{
    if (got->stage == STAGE_OK && strncmp(got->first, "HTTP/1.1 200 ", 13) == 0)
        return 0;
    if (got->stage == STAGE_OK)
        return err_set(e, -EBADMSG, EXIT_FAILED, "it said \"%s\"", got->first);
    return err_set(e, got->error ? -got->error : -EIO, EXIT_FAILED, "%s: %s",
                   stage_names[got->stage], strerror(got->error));
}

int probe_health(const struct instance *in, struct err *e)
{
    struct report got = { .stage = STAGE_NAMESPACE };
    autofd int read_end = -EBADF, write_end = -EBADF;
    int fds[2], r;
    pid_t child;

    if (pipe2(fds, O_CLOEXEC) < 0)
        return -errno;
    read_end = fds[0];
    write_end = fds[1];
    child = fork();
    if (child < 0)
        return -errno;
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        probe(in, &got);
        _exit(write(write_end, &got, sizeof got) == (ssize_t)sizeof got ? 0 : 1);
    }
    fd_closep(&write_end);
    r = await_report(read_end, &got);
    if (r < 0) {
        err_set(e, r, EXIT_FAILED, "%s", strerror(-r));
        kill(child, SIGKILL);
    } else {
        r = judge(&got, e);
    }
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
        continue;
    if (r < 0) {
        err_prefix(e, r, "the gateway's /health doesn't answer the sandbox");
        err_fix(e, r, "journalctl -u defenseclaw-gateway@%s.service", in->spec.name);
    }
    return r;
}
