#include "sys/listeners.h"

#include "base/mem.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { STATE_LISTEN = 10, STATE_CLOSE = 7 }; /* TCP_LISTEN, TCP_CLOSE: UDP without a peer */

void listeners_done(struct listeners *l)
{
    free(l->rows);
    *l = (struct listeners){ 0 };
}

static int add(struct listeners *l, const struct listener *row)
{
    if (l->count == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 32;
        struct listener *grown = realloc(l->rows, cap * sizeof(*grown));

        if (!grown)
            return -ENOMEM;
        l->rows = grown;
        l->cap = cap;
    }
    l->rows[l->count++] = *row;
    return 0;
}

static bool v6_only(const struct nlmsghdr *nlh)
{
    const struct nlattr *attr;

    mnl_attr_for_each(attr, nlh, sizeof(struct inet_diag_msg))
    {
        if (mnl_attr_get_type(attr) == INET_DIAG_SKV6ONLY)
            return mnl_attr_get_u8(attr) != 0;
    }
    return false;
}

/* The IPv4 side of a socket's address; false when it has none. */
static bool ipv4_of(const struct nlmsghdr *nlh, const struct inet_diag_msg *m, struct listener *row)
{
    static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
    const uint8_t *src = (const uint8_t *)m->id.idiag_src;

    if (m->idiag_family == AF_INET) {
        memcpy(&row->ip, src, sizeof(row->ip));
    } else {
        const bool wild = IN6_IS_ADDR_UNSPECIFIED((const struct in6_addr *)(const void *)src);

        if (wild ? v6_only(nlh) : memcmp(src, mapped, sizeof(mapped)) != 0)
            return false;
        memcpy(&row->ip, src + 12, sizeof(row->ip));
    }
    row->any = row->ip.s_addr == INADDR_ANY;
    return true;
}

struct reading {
    struct listeners *l;
    int protocol, error;
};

static int socket_cb(const struct nlmsghdr *nlh, void *data)
{
    struct reading *rd = data;
    const struct inet_diag_msg *m = mnl_nlmsg_get_payload(nlh);
    struct listener row = { .protocol = rd->protocol,
                            .port = ntohs(m->id.idiag_sport),
                            .device = (int)m->id.idiag_if,
                            .inode = m->idiag_inode,
                            .uid = m->idiag_uid };

    if (ipv4_of(nlh, m, &row))
        rd->error = add(rd->l, &row);
    return rd->error < 0 ? MNL_CB_STOP : MNL_CB_OK;
}

static int dump(struct mnl_socket *nl, int family, struct reading *rd, uint32_t states)
{
    static char buf[16384];
    struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
    struct inet_diag_req_v2 *req;
    ssize_t len;
    int r = MNL_CB_OK;

    nlh->nlmsg_type = SOCK_DIAG_BY_FAMILY;
    nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    req = mnl_nlmsg_put_extra_header(nlh, sizeof(*req));
    req->sdiag_family = (uint8_t)family;
    req->sdiag_protocol = (uint8_t)rd->protocol;
    req->idiag_states = states;
    if (mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0)
        return -errno;
    while (r > MNL_CB_STOP) {
        len = mnl_socket_recvfrom(nl, buf, sizeof(buf));
        if (len < 0)
            return -errno;
        r = mnl_cb_run(buf, (size_t)len, 0, mnl_socket_get_portid(nl), socket_cb, rd);
    }
    return rd->error < 0 ? rd->error : r < 0 && errno != ENOENT ? -errno : 0;
}

int listeners_read(struct listeners *l)
{
    static const struct {
        int protocol;
        uint32_t states;
    } protocols[] = { { IPPROTO_TCP, 1u << STATE_LISTEN }, { IPPROTO_UDP, 1u << STATE_CLOSE } };
    static const int families[] = { AF_INET, AF_INET6 };
    struct mnl_socket *nl = mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC);
    int r = !nl || mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0 ? -errno : 0;

    for (size_t p = 0; p < N_ELEMENTS(protocols) && r == 0; p++)
        for (size_t f = 0; f < N_ELEMENTS(families) && r == 0; f++) {
            struct reading rd = { l, protocols[p].protocol, 0 };

            r = dump(nl, families[f], &rd, protocols[p].states);
        }
    if (nl)
        mnl_socket_close(nl);
    return r;
}

/* ---- naming the process -------------------------------------------------------------------------
 */

static bool holds(int fd_dir, const char *wanted)
{
    DIR *dir = fdopendir(fd_dir);
    struct dirent *entry;
    bool found = false;

    if (!dir) {
        close(fd_dir);
        return false;
    }
    while (!found && (entry = readdir(dir))) {
        char target[64];
        ssize_t len = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);

        if (len > 0) {
            target[len] = '\0';
            found = strcmp(target, wanted) == 0;
        }
    }
    closedir(dir);
    return found;
}

static void read_comm(int proc, const char *pid, char *comm, size_t size)
{
    char path[64];
    autofd int fd = -EBADF;
    ssize_t len;

    snprintf(path, sizeof(path), "%.20s/comm", pid);
    fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
    len = fd < 0 ? 0 : read(fd, comm, size - 1);
    comm[len > 0 ? len : 0] = '\0';
    comm[strcspn(comm, "\n")] = '\0';
}

void listener_holder(const struct listener *l, char *out, size_t size)
{
    DIR *proc = opendir("/proc");
    struct dirent *entry;
    char wanted[32], path[64], comm[64];

    snprintf(out, size, "a socket of uid %u", l->uid);
    snprintf(wanted, sizeof(wanted), "socket:[%u]", l->inode);
    while (proc && (entry = readdir(proc))) {
        int fd;

        if (!isdigit((unsigned char)entry->d_name[0]))
            continue;
        snprintf(path, sizeof(path), "%.20s/fd", entry->d_name);
        fd = openat(dirfd(proc), path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0 || !holds(fd, wanted))
            continue;
        read_comm(dirfd(proc), entry->d_name, comm, sizeof(comm));
        snprintf(out, size, "process %.20s (%s)", entry->d_name, comm);
        break;
    }
    if (proc)
        closedir(proc);
}
