#include "probe/attempt.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

int endpoint_set(union endpoint *e, const char *text, uint16_t port)
{
    memset(e, 0, sizeof *e);
    if (strchr(text, ':')) {
        e->in6.sin6_family = AF_INET6;
        e->in6.sin6_port = htons(port);
        return inet_pton(AF_INET6, text, &e->in6.sin6_addr) == 1 ? 0 : -EINVAL;
    }
    e->in.sin_family = AF_INET;
    e->in.sin_port = htons(port);
    return inet_pton(AF_INET, text, &e->in.sin_addr) == 1 ? 0 : -EINVAL;
}

void endpoint_set4(union endpoint *e, struct in_addr a, uint16_t port)
{
    memset(e, 0, sizeof *e);
    e->in = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = a };
}

int endpoint_set_path(union endpoint *e, const char *path)
{
    memset(e, 0, sizeof *e);
    e->un.sun_family = AF_UNIX;
    if (strlen(path) >= sizeof e->un.sun_path)
        return -ENAMETOOLONG;
    strcpy(e->un.sun_path, path);
    return 0;
}

void endpoint_text(const union endpoint *e, char *out, size_t size)
{
    bool six = e->sa.sa_family == AF_INET6;
    char address[INET6_ADDRSTRLEN];
    uint16_t port = ntohs(six ? e->in6.sin6_port : e->in.sin_port);

    if (e->sa.sa_family == AF_UNIX) {
        snprintf(out, size, "%s", e->un.sun_path);
        return;
    }
    inet_ntop(e->sa.sa_family, six ? (const void *)&e->in6.sin6_addr : &e->in.sin_addr, address,
              sizeof address);
    snprintf(out, size, six ? "[%s]" : "%s", address);
    if (port)
        snprintf(out + strlen(out), size - strlen(out), " port %u", port);
}
