#include "gateway/api.h"

#include "base/mem.h"
#include "gateway/httpd.h"
#include "gateway/pair.h"
#include "gateway/status.h"
#include "spec/pair.h"

#include <sys/socket.h>

static const struct httpd_route api_routes[] = {
    { "/health", "GET", status_handle_health },
    { PAIR_CHALLENGE_PATH, "GET", pair_challenge },
    { PAIR_PATH, "POST", pair_prove },
};
static const struct httpd_service api = { api_routes, N_ELEMENTS(api_routes) };

static const struct httpd_route control_routes[] = {
    { "/health", "GET", status_handle_health },
    { "/status", "GET", status_handle_status },
};
static const struct httpd_service control = { control_routes, N_ELEMENTS(control_routes) };

void api_accept(struct gateway *g, int fd)
{
    httpd_accept(g, fd, &g->sandbox, &api, false);
}

void control_accept(struct gateway *g, int fd)
{
    struct ucred who = { .uid = (uid_t)-1 };
    socklen_t len = sizeof who;
    bool trusted = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0 &&
                   (who.uid == 0 || who.uid == g->in.uid || who.uid == geteuid());

    httpd_accept(g, fd, &g->control, &control, trusted);
}
