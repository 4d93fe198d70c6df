/* A stand-in for OpenClaw, for tests of everything but OpenClaw itself: starts in a millisecond
 * where the real one takes ten seconds. Knows `gateway run` (listens where openclaw.json says,
 * answers /health and /readyz, ends at SIGTERM), `config validate` and `--version`. */
#include <arpa/inet.h>
#include <ctype.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define VERSION "OpenClaw 2026.9.6 (stand-in)"

enum { LISTENERS = 2, CLIENTS = 16, FDS = 1 + LISTENERS + CLIENTS };

static char config[1 << 20];

static const char *config_path(void)
{
    static char path[4096];
    const char *given = getenv("OPENCLAW_CONFIG_PATH"), *home = getenv("HOME");

    if (given != NULL && *given != '\0')
        return given;
    snprintf(path, sizeof(path), "%s/.openclaw/openclaw.json", home != NULL ? home : "");
    return path;
}

static int read_config(void)
{
    FILE *f = fopen(config_path(), "re");
    if (f == NULL)
        return -1;
    size_t n = fread(config, 1, sizeof(config) - 1, f);
    fclose(f);
    config[n] = '\0';
    return 0;
}

/* What follows `key:` or `"key":` in the text after from; NULL when there is no such key. Enough
 * for the texts that setup writes; the real validator is the real OpenClaw's. */
static const char *value_of(const char *from, const char *key)
{
    size_t len = strlen(key);

    for (const char *p = from; p != NULL && (p = strstr(p, key)) != NULL; p += len) {
        const char *q = p + len + (p[len] == '"' || p[len] == '\'');
        while (isspace((unsigned char)*q))
            q++;
        if (*q != ':')
            continue;
        for (q++; isspace((unsigned char)*q); q++)
            ;
        return q;
    }
    return NULL;
}

static int listen_on(const char *address, unsigned port)
{
    struct sockaddr_in sa = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), one = 1;

    if (fd < 0 || inet_pton(AF_INET, address, &sa.sin_addr) != 1 ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
        bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 || listen(fd, 64) < 0) {
        fprintf(stderr, "openclaw: cannot listen on %s:%u: %m\n", address, port);
        exit(1);
    }
    return fd;
}

static void answer(int fd)
{
    char request[4096], reply[512];
    ssize_t n = read(fd, request, sizeof(request) - 1);
    const char *body = NULL;

    if (n > 0) {
        request[n] = '\0';
        if (strncmp(request, "GET /readyz ", 12) == 0)
            body = "{\"ready\":true}";
        else if (strncmp(request, "GET /health ", 12) == 0)
            body = "{\"ok\":true,\"status\":\"live\"}";
        int len =
            snprintf(reply, sizeof(reply),
                     "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
                     "Connection: close\r\n\r\n%s",
                     body != NULL ? "200 OK" : "404 Not Found", body != NULL ? strlen(body) : 0,
                     body != NULL ? body : "");
        if (write(fd, reply, (size_t)len) < 0)
            perror("openclaw: write");
    }
    close(fd);
}

/* A free place for a client; with none left the client stays in the backlog. */
static void take_client(struct pollfd *fds, int listener)
{
    for (int i = 1 + LISTENERS; i < FDS; i++)
        if (fds[i].fd < 0) {
            fds[i].fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
            return;
        }
}

static void serve(struct pollfd *fds)
{
    for (;;) {
        if (poll(fds, FDS, -1) < 0 || (fds[0].revents & POLLIN) != 0)
            return;
        for (int i = 1 + LISTENERS; i < FDS; i++)
            if (fds[i].fd >= 0 && fds[i].revents != 0) {
                answer(fds[i].fd);
                fds[i].fd = -1;
            }
        for (int i = 1; i <= LISTENERS; i++)
            if ((fds[i].revents & POLLIN) != 0)
                take_client(fds, fds[i].fd);
    }
}

static int gateway_run(void)
{
    char address[64] = "127.0.0.1";
    struct pollfd fds[FDS];
    sigset_t stop;

    if (read_config() < 0) {
        fprintf(stderr, "Missing config. Run openclaw setup or set gateway.mode=local\n");
        return 1;
    }
    const char *bind_host = value_of(config, "customBindHost");
    const char *port = value_of(strstr(config, "gateway"), "port");
    if (bind_host != NULL)
        sscanf(bind_host + 1, "%63[0-9.]", address);
    unsigned number = port != NULL ? (unsigned)strtoul(port, NULL, 10) : 18789;

    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGINT);
    sigprocmask(SIG_BLOCK, &stop, NULL);
    for (int i = 0; i < FDS; i++)
        fds[i] = (struct pollfd){ .fd = -1, .events = POLLIN };
    fds[0].fd = signalfd(-1, &stop, SFD_CLOEXEC);
    fds[1].fd = listen_on("127.0.0.1", number);
    if (strcmp(address, "127.0.0.1") != 0)
        fds[2].fd = listen_on(address, number);
    printf("http server listening on %s:%u\n", address, number);
    fflush(stdout);
    serve(fds);
    return 0;
}

static int config_validate(void)
{
    if (read_config() < 0 || strstr(config, "gateway") == NULL) {
        fprintf(stderr, "Config invalid: %s\n", config_path());
        return 1;
    }
    printf("Config valid: %s\n", config_path());
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--version") == 0)
        return puts(VERSION) < 0;
    if (argc >= 3 && strcmp(argv[1], "gateway") == 0 && strcmp(argv[2], "run") == 0)
        return gateway_run();
    if (argc == 3 && strcmp(argv[1], "config") == 0 && strcmp(argv[2], "validate") == 0)
        return config_validate();
    fprintf(stderr, "openclaw: the stand-in knows gateway run, config validate and --version\n");
    return 2;
}
