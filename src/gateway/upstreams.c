#include "gateway/upstreams.h"

#include "base/buf.h"
#include "base/mem.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <string.h>
#include <sys/stat.h>

#define RESOLV_CONF "/etc/resolv.conf"
#define RESOLVED_CONF "/run/systemd/resolve/resolv.conf" /* what is behind resolved's stub */
#define LOOK_AGAIN_MS 2000
#define FILE_MAX 65536

struct upstreams {
    const struct spec *spec;
    struct upstream list[UPSTREAMS_MAX];
    size_t count;
    int64_t looked_ms; /* 0: look now */
    struct stat was[2];
};

static bool parse_server(const char *text, struct upstream *ret)
{
    static const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                                           .ai_socktype = SOCK_DGRAM };
    struct addrinfo *found = NULL;

    if (getaddrinfo(text, "53", &hints, &found) != 0)
        return false;
    memset(ret, 0, sizeof *ret);
    memcpy(&ret->address, found->ai_addr, found->ai_addrlen);
    ret->len = found->ai_addrlen;
    freeaddrinfo(found);
    return true;
}

size_t upstreams_parse(const char *text, struct upstream ret[UPSTREAMS_MAX])
{
    size_t n = 0;

    for (const char *line = text; *line && n < UPSTREAMS_MAX;) {
        size_t len = strcspn(line, "\n");
        char word[80];

        if (sscanf(line, "nameserver%*[ \t]%79[^ \t\r\n#;]", word) == 1 &&
            parse_server(word, &ret[n]))
            n++;
        line += len + (line[len] == '\n');
    }
    return n;
}

static size_t read_servers(const char *path, struct upstream ret[UPSTREAMS_MAX])
{
    autofd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    autobuf struct buf text = { 0 };

    if (fd < 0 || buf_read_fd(&text, fd, FILE_MAX) < 0)
        return 0;
    return upstreams_parse(buf_str(&text), ret);
}

static bool is_stub(const struct upstream *u)
{
    const struct sockaddr_in *a = (const struct sockaddr_in *)(const void *)&u->address;

    return u->address.ss_family == AF_INET && (a->sin_addr.s_addr == inet_addr("127.0.0.53") ||
                                               a->sin_addr.s_addr == inet_addr("127.0.0.54"));
}

static void read_host(struct upstreams *u)
{
    bool stub = true;

    u->count = read_servers(RESOLV_CONF, u->list);
    for (size_t i = 0; i < u->count; i++)
        stub &= is_stub(&u->list[i]);
    if (u->count && stub)
        u->count = read_servers(RESOLVED_CONF, u->list);
}

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static bool files_changed(struct upstreams *u)
{
    static const char *const paths[] = { RESOLV_CONF, RESOLVED_CONF };
    bool changed = false;

    for (size_t i = 0; i < N_ELEMENTS(paths); i++) {
        struct stat now = { 0 };

        if (stat(paths[i], &now) < 0)
            memset(&now, 0, sizeof now);
        changed |= !same_file(&now, &u->was[i]);
        u->was[i] = now;
    }
    return changed;
}

const struct upstream *upstreams_list(struct upstreams *u, size_t *count)
{
    if (u->spec->dns_host && (u->looked_ms == 0 || now_ms() - u->looked_ms >= LOOK_AGAIN_MS)) {
        bool force = u->looked_ms == 0;

        u->looked_ms = now_ms();
        if (files_changed(u) || force)
            read_host(u);
    }
    *count = u->count;
    return u->list;
}

void upstreams_refresh(struct upstreams *u)
{
    const struct spec *s = u->spec;

    u->looked_ms = 0;
    u->count = 0;
    for (size_t i = 0; !s->dns_host && i < s->dns_count; i++) {
        char text[INET_ADDRSTRLEN];

        inet_ntop(AF_INET, &s->dns[i], text, sizeof text);
        u->count += parse_server(text, &u->list[u->count]);
    }
}

const char *upstream_text(const struct upstream *u, char *out)
{
    if (getnameinfo((const struct sockaddr *)(const void *)&u->address, u->len, out, 80, NULL, 0,
                    NI_NUMERICHOST) != 0)
        out[0] = '\0';
    return out;
}

int upstreams_new(const struct spec *s, struct upstreams **ret)
{
    struct upstreams *u = calloc(1, sizeof *u);

    if (!u)
        return -ENOMEM;
    u->spec = s;
    upstreams_refresh(u);
    *ret = u;
    return 0;
}

void upstreams_free(struct upstreams *u)
{
    free(u);
}
