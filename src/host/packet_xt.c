/* The iptables extensions that firewalls in the field put before an accept. */
#include "base/mem.h"
#include "host/packet.h"

#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/xt_addrtype.h>
#include <linux/netfilter/xt_conntrack.h>
#include <linux/netfilter/xt_multiport.h>
#include <linux/netfilter/xt_state.h>
#include <linux/netfilter/xt_tcpudp.h>
#include <linux/rtnetlink.h>
#include <string.h>

enum { YES = 1, NO = 0, UNKNOWN = -1 };

static int between(uint16_t port, const uint16_t range[2], bool invert)
{
    return (port >= range[0] && port <= range[1]) != invert;
}

static int match_tcp(const struct packet *p, const struct nft_op *op)
{
    struct xt_tcp info;
    const uint8_t flags = p->track == TRACK_ESTABLISHED ? 0x10 : 0x02;

    memcpy(&info, op->data.p, sizeof(info));
    if (p->protocol != IPPROTO_TCP || info.option)
        return p->protocol != IPPROTO_TCP ? NO : UNKNOWN;
    return between(p->sport, info.spts, info.invflags & XT_TCP_INV_SRCPT) &&
           between(p->dport, info.dpts, info.invflags & XT_TCP_INV_DSTPT) &&
           ((flags & info.flg_mask) == info.flg_cmp) != !!(info.invflags & XT_TCP_INV_FLAGS);
}

static int match_udp(const struct packet *p, const struct nft_op *op)
{
    struct xt_udp info;

    memcpy(&info, op->data.p, sizeof(info));
    return p->protocol == IPPROTO_UDP &&
           between(p->sport, info.spts, info.invflags & XT_UDP_INV_SRCPT) &&
           between(p->dport, info.dpts, info.invflags & XT_UDP_INV_DSTPT);
}

static bool in_list(const struct xt_multiport_v1 *info, uint16_t port)
{
    for (unsigned i = 0; i < info->count && i < XT_MULTI_PORTS; i++) {
        uint16_t from = info->ports[i], to = from;

        if (info->pflags[i] && i + 1 < info->count)
            to = info->ports[++i];
        if (port >= from && port <= to)
            return true;
    }
    return false;
}

static int match_multiport(const struct packet *p, const struct nft_op *op)
{
    struct xt_multiport_v1 info;
    bool hit;

    memcpy(&info, op->data.p, sizeof(info));
    hit = (info.flags != XT_MULTIPORT_DESTINATION && in_list(&info, p->sport)) ||
          (info.flags != XT_MULTIPORT_SOURCE && in_list(&info, p->dport));
    return hit != !!info.invert;
}

static int match_addrtype(const struct packet *p, const struct nft_op *op)
{
    struct xt_addrtype_info_v1 info;
    const unsigned to = p->local ? RTN_LOCAL : RTN_UNICAST;
    const unsigned from = p->local ? RTN_UNICAST : RTN_LOCAL;

    memcpy(&info, op->data.p, sizeof(info));
    if (info.flags & (XT_ADDRTYPE_LIMIT_IFACE_IN | XT_ADDRTYPE_LIMIT_IFACE_OUT))
        return UNKNOWN;
    if (info.source && !(info.source >> from & 1) != !!(info.flags & XT_ADDRTYPE_INVERT_SOURCE))
        return NO;
    if (info.dest && !(info.dest >> to & 1) != !!(info.flags & XT_ADDRTYPE_INVERT_DEST))
        return NO;
    return YES;
}

/* The first members of every revision from 1 on; the state's mask grew from 8 to 16 bits. */
static int match_conntrack(const struct packet *p, const struct nft_op *op)
{
    struct xt_conntrack_mtinfo3 info;
    uint32_t bit = packet_ct_state(p);

    if (op->key != 3 && op->key != 2)
        return UNKNOWN;
    memcpy(&info, op->data.p, op->key == 3 ? sizeof(info) : sizeof(struct xt_conntrack_mtinfo2));
    if ((info.match_flags & ~XT_CONNTRACK_STATE_ALIAS) != XT_CONNTRACK_STATE)
        return UNKNOWN;
    if (p->track == TRACK_NONE)
        bit = XT_CONNTRACK_STATE_UNTRACKED;
    return !!(info.state_mask & bit) != !!(info.invert_flags & XT_CONNTRACK_STATE);
}

static int match_state(const struct packet *p, const struct nft_op *op)
{
    struct xt_state_info info;
    uint32_t bit = p->track == TRACK_NONE ? XT_STATE_UNTRACKED : packet_ct_state(p);

    memcpy(&info, op->data.p, sizeof(info));
    return !!(info.statemask & bit);
}

static int match_comment(const struct packet *p, const struct nft_op *op)
{
    (void)p;
    (void)op;
    return YES;
}

static const struct {
    const char *name;
    size_t size; /* what the extension has to bring */
    int (*match)(const struct packet *p, const struct nft_op *op);
} extensions[] = {
    { "tcp", sizeof(struct xt_tcp), match_tcp },
    { "udp", sizeof(struct xt_udp), match_udp },
    { "multiport", sizeof(struct xt_multiport_v1), match_multiport },
    { "addrtype", sizeof(struct xt_addrtype_info_v1), match_addrtype },
    { "conntrack", sizeof(struct xt_conntrack_mtinfo2), match_conntrack },
    { "state", sizeof(struct xt_state_info), match_state },
    { "comment", 0, match_comment },
};

int packet_xt_match(const struct packet *p, const struct nft_op *op)
{
    for (size_t i = 0; i < N_ELEMENTS(extensions); i++)
        if (op->name && strcmp(op->name, extensions[i].name) == 0)
            return op->data.len >= extensions[i].size ? extensions[i].match(p, op) : UNKNOWN;
    return UNKNOWN;
}
