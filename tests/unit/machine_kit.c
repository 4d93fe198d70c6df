

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "machine_kit.h"
#include "base/mem.h"
#include "sys/netns.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define WORDS_MAX 64
#define CONNECT_MS 400

static void put(const char *path, const char *text)
{
    autofd int fd = open(path, O_WRONLY | O_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

int machine_fresh(void **state)
{
    (void)state;
    assert_int_equal(unshare(CLONE_NEWNET | CLONE_NEWNS), 0);
    assert_int_equal(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
    assert_int_equal(mount("none", "/run", "tmpfs", 0, NULL), 0);
    assert_int_equal(machine_run("/sbin/ip link set lo up"), 0);
    return 0;
}

struct network machine_network(void)
{
    struct instance in = { .uid = 4001, .uuid = UUID };
    struct network n;

    strcpy(in.spec.name, "sandbox");
    inet_pton(AF_INET, "10.200.0.1", &in.spec.host_ip);
    inet_pton(AF_INET, "10.200.0.2", &in.spec.sandbox_ip);
    in.spec.openclaw_port = in.spec.relay_port = 18789;
    inet_pton(AF_INET, "8.8.8.8", &in.spec.dns[0]);
    inet_pton(AF_INET, "1.1.1.1", &in.spec.dns[1]);
    in.spec.dns_count = 2;
    network_from_instance(&in, &n);
    n.guardrail = true; /* the port that will be opened with the guardrail */
    return n;
}

/* In the child: enters the namespace that a leading "netns NAME" asks for, then becomes the
 * program. */
static void become(char *words, int out)
{
    char *argv[WORDS_MAX + 1], *save = NULL;
    size_t count = 0, first = 0;

    for (char *w = strtok_r(words, " ", &save); w && count < WORDS_MAX;
         w = strtok_r(NULL, " ", &save))
        argv[count++] = w;
    argv[count] = NULL;
    if (count > 2 && strcmp(argv[0], "netns") == 0) {
        int fd;

        if (netns_open(argv[1], &fd) < 0 || setns(fd, CLONE_NEWNET) < 0)
            _exit(126);
        first = 2;
    }
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    execv(argv[first], argv + first);
    _exit(127);
}

const char *machine_output(const char *words)
{
    static char output[65536];
    char copy[1024];
    int pipes[2], status;
    size_t len = 0;
    ssize_t n;
    pid_t pid;

    snprintf(copy, sizeof(copy), "%s", words);
    assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        become(copy, pipes[1]);
    close(pipes[1]);
    while ((n = read(pipes[0], output + len, sizeof(output) - 1 - len)) > 0)
        len += (size_t)n;
    close(pipes[0]);
    output[len] = '\0';
    assert_int_equal(waitpid(pid, &status, 0), pid);
    errno = WIFEXITED(status) ? WEXITSTATUS(status) : 255;
    return output;
}

int machine_run(const char *words)
{
    machine_output(words);
    return errno;
}

static int try_connect(const char *ip, unsigned short port)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
    autofd int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct pollfd p = { .fd = fd, .events = POLLOUT };
    int error = 0;
    socklen_t len = sizeof(error);

    inet_pton(AF_INET, ip, &to.sin_addr);
    if (connect(fd, (void *)&to, sizeof(to)) == 0)
        return 0;
    if (errno != EINPROGRESS)
        return errno;
    if (poll(&p, 1, CONNECT_MS) != 1)
        return ETIMEDOUT;
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
    return error;
}

static int try_ping(const char *ip, unsigned short port)
{
    struct sockaddr_in to = { .sin_family = AF_INET };
    struct icmphdr echo = { .type = ICMP_ECHO };
    autofd int fd = -EBADF;
    struct pollfd p = { .events = POLLIN };

    (void)port;
    put("/proc/sys/net/ipv4/ping_group_range", "0 2147483647");
    p.fd = fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_ICMP);
    inet_pton(AF_INET, ip, &to.sin_addr);
    if (sendto(fd, &echo, sizeof(echo), 0, (void *)&to, sizeof(to)) < 0)
        return errno;
    return poll(&p, 1, CONNECT_MS) == 1 ? 0 : ETIMEDOUT;
}

/* Runs a try as uid in a namespace, in a child. */
static int try_in(int ns_fd, unsigned uid, int (*try)(const char *, unsigned short), const char *ip,
                  unsigned short port)
{
    int status;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        if (ns_fd >= 0 && setns(ns_fd, CLONE_NEWNET) < 0)
            _exit(255);
        if (uid && setuid(uid) < 0)
            _exit(254);
        _exit(try(ip, port));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

int machine_connect(int ns_fd, unsigned uid, const char *ip, unsigned short port)
{
    return try_in(ns_fd, uid, try_connect, ip, port);
}

int machine_ping(int ns_fd, const char *ip)
{
    return try_in(ns_fd, 0, try_ping, ip, 0);
}

int machine_listen(int type, const char *ip, unsigned short port)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port) };
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0), one = 1;

    inet_pton(AF_INET, ip, &at.sin_addr);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    assert_int_equal(bind(fd, (void *)&at, sizeof(at)), 0);
    if (type == SOCK_STREAM)
        assert_int_equal(listen(fd, 128), 0);
    return fd;
}
