/* Row 2: which servers are asked for names, and what keeps other network tools off the veth. The
 * namespace itself is made by its unit. */
#include "provision/network.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/paths.h"
#include "provision/tree.h"
#include "resource/kinds.h"
#include "resource/network.h"

#include <arpa/inet.h>
#include <errno.h>

#define STEP "network"

static int resolv_conf(const struct spec *s, struct buf *text)
{
    char ip[INET_ADDRSTRLEN];

    buf_puts(text,
             "# Made by DefenseClaw. Queries end at the gateway, which asks these servers.\n");
    if (s->dns_host || s->dns_count == 0)
        return buf_printf(text, "nameserver %s\n", inet_ntop(AF_INET, &s->host_ip, ip, sizeof(ip)));
    for (size_t i = 0; i < s->dns_count; i++)
        buf_printf(text, "nameserver %s\n", inet_ntop(AF_INET, &s->dns[i], ip, sizeof(ip)));
    return text->failed;
}

static void add_file(const struct inputs *in, struct plan *p, const struct resource_kind *kind,
                     const char *path, const struct buf *text)
{
    plan_add(p, STEP, kind, path, want_file(in->blobs, text->data, text->len, 0644, 0, 0));
}

static int add_resolv_conf(const struct inputs *in, struct plan *p)
{
    const char *name = in->in.spec.name;
    autofree char *ours = path_join(DC_ETC, "%s/resolv.conf", name);
    autofree char *dir = path_join("/etc/netns", "%s0", name);
    autofree char *theirs = dir ? path_join(dir, "resolv.conf") : NULL;
    autobuf struct buf text = { 0 };

    if (!ours || !theirs || resolv_conf(&in->in.spec, &text) < 0)
        return -ENOMEM;
    add_file(in, p, &kind_file, ours, &text);
    plan_add(p, STEP, &kind_file, "/etc/netns", want_directory(0755, 0, 0));
    plan_add(p, STEP, &kind_file, dir, want_directory(0755, 0, 0));
    add_file(in, p, &kind_file, theirs, &text);
    return 0;
}

/* A catch-all of the machine's network tool would take the veth's address away. It has to have read
 * this before the veth is there, and the file has to outlive it. The name comes between the parts.
 */
struct unmanaged {
    const char *path[2], *text[2];
};

static const struct unmanaged networkd = {
    { "/etc/systemd/network/05-defenseclaw-", ".network" },
    { "# Made by DefenseClaw.\n[Match]\nName=", "0\nKind=veth\n\n[Link]\nUnmanaged=yes\n" },
};
static const struct unmanaged networkmanager = {
    { "/etc/NetworkManager/conf.d/90-defenseclaw-", ".conf" },
    { "# Made by DefenseClaw.\n[keyfile]\nunmanaged-devices+=interface-name:", "0\n" },
};

static void add_unmanaged(const struct inputs *in, struct plan *p, const struct unmanaged *u)
{
    const char *name = in->in.spec.name;
    autobuf struct buf path = { 0 }, text = { 0 };

    buf_printf(&path, "%s%s%s", u->path[0], name, u->path[1]);
    buf_printf(&text, "%s%s%s", u->text[0], name, u->text[1]);
    if (path.failed || text.failed)
        p->failed = -ENOMEM;
    else
        add_file(in, p, &kind_config, buf_str(&path), &text);
}

int network_wants(const struct inputs *in, struct plan *p, struct err *e)
{
    if (add_resolv_conf(in, p) < 0)
        p->failed = -ENOMEM;
    if (in->host.has_networkd)
        add_unmanaged(in, p, &networkd);
    if (in->host.has_networkmanager)
        add_unmanaged(in, p, &networkmanager);
    return plan_check(p, e);
}

int namespace_wants(const struct inputs *in, struct plan *p, struct err *e)
{
    struct network n;

    network_from_instance(&in->in, &n);
    plan_add(p, STEP, &kind_network, n.name, network_want(&n));
    return plan_check(p, e);
}
