#include "gateway/dns_msg.h"

#include "base/mem.h"

#include <string.h>

enum { HEADER = 12, OPT = 41, IXFR = 251, AXFR = 252 };
enum { FLAG_QR = 0x8000, FLAG_TC = 0x0200, FLAG_RD = 0x0100, FLAG_RA = 0x0080 };
enum { FLAG_AD = 0x0020, FLAG_CD = 0x0010, OPCODE = 0x7800, EDNS_DO = 0x8000 };

static uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static void put16(uint8_t *p, unsigned v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

/* Adds one byte of a label as text: what isn't a plain character is escaped, so that a name is one
 * word in a log. */
static size_t add_char(char *out, size_t at, uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        c = (uint8_t)(c - 'A' + 'a');
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_') {
        if (at + 1 < DNS_NAME_TEXT)
            out[at++] = (char)c;
    } else if (at + 5 <= DNS_NAME_TEXT) {
        at += (size_t)snprintf(out + at, DNS_NAME_TEXT - at, "\\%03u", c);
    }
    return at;
}

/* Reads an uncompressed name at m[*at]; moves *at behind it. */
static int read_name(const uint8_t *m, size_t len, size_t *at, char text[DNS_NAME_TEXT])
{
    size_t begin = *at, out = 0;

    for (;;) {
        uint8_t label;

        if (*at >= len)
            return -EBADMSG;
        label = m[(*at)++];
        if (label == 0)
            break;
        if (label > 63 || *at + label > len || *at + label - begin > 254)
            return -EBADMSG; /* compressed, cut off, or longer than a name can be */
        if (out && out + 1 < DNS_NAME_TEXT)
            text[out++] = '.';
        for (uint8_t i = 0; i < label; i++)
            out = add_char(text, out, m[(*at)++]);
    }
    if (out == 0)
        text[out++] = '.';
    text[out] = '\0';
    return 0;
}

static int read_question(const uint8_t *m, size_t len, size_t *at, struct dns_query *q)
{
    size_t begin = *at;

    if (read_name(m, len, at, q->name) < 0 || *at + 4 > len)
        return -EBADMSG;
    q->type = get16(m + *at);
    q->class = get16(m + *at + 2);
    *at += 4;
    q->question_len = *at - begin;
    memcpy(q->question, m + begin, q->question_len);
    return 0;
}

static int read_opt(const uint8_t *m, size_t len, size_t *at, struct dns_query *q)
{
    const uint8_t *rr = m + *at;

    if (*at + 11 > len || rr[0] != 0 || get16(rr + 1) != OPT || *at + 11 + get16(rr + 9) > len)
        return -EBADMSG;
    q->edns = true;
    q->udp_size = get16(rr + 3) < DNS_UDP_PLAIN ? DNS_UDP_PLAIN : get16(rr + 3);
    q->dnssec = get16(rr + 7) & EDNS_DO;
    *at += 11u + get16(rr + 9);
    return 0;
}

int dns_read_query(const uint8_t *m, size_t len, struct dns_query *ret)
{
    struct dns_query *q = ret;
    size_t at = HEADER;
    uint16_t flags;

    *q = (struct dns_query){ .udp_size = DNS_UDP_PLAIN, .name = "?" };
    if (len < HEADER || get16(m + 2) & FLAG_QR)
        return -EBADMSG;
    q->id = get16(m);
    flags = get16(m + 2);
    q->recursion = flags & FLAG_RD;
    q->authentic = flags & FLAG_AD;
    q->checking_disabled = flags & FLAG_CD;
    if (flags & OPCODE)
        return DNS_NOTIMP;
    if (flags & FLAG_TC || get16(m + 4) != 1 || get16(m + 6) || get16(m + 8) || get16(m + 10) > 1)
        return DNS_FORMERR;
    if (read_question(m, len, &at, q) < 0)
        return DNS_FORMERR;
    if (get16(m + 10) && read_opt(m, len, &at, q) < 0)
        return DNS_FORMERR;
    if (at != len)
        return DNS_FORMERR;
    return q->type == AXFR || q->type == IXFR ? DNS_REFUSED : 0;
}

static size_t write_opt(const struct dns_query *q, uint8_t *out)
{
    if (!q->edns)
        return 0;
    memset(out, 0, 11);
    put16(out + 1, OPT);
    put16(out + 3, DNS_UDP_OURS);
    put16(out + 7, q->dnssec ? EDNS_DO : 0);
    return 11;
}

static size_t write_head(const struct dns_query *q, uint16_t id, unsigned flags, uint8_t *out)
{
    memset(out, 0, HEADER);
    put16(out, id);
    put16(out + 2, flags | (q->recursion ? FLAG_RD : 0) | (q->checking_disabled ? FLAG_CD : 0));
    put16(out + 4, q->question_len ? 1 : 0);
    put16(out + 10, q->edns ? 1 : 0);
    memcpy(out + HEADER, q->question, q->question_len);
    return HEADER + q->question_len;
}

size_t dns_write_query(const struct dns_query *q, uint16_t id, uint8_t *out)
{
    size_t len = write_head(q, id, q->authentic ? FLAG_AD : 0, out);

    return len + write_opt(q, out + len);
}

size_t dns_write_answer(const struct dns_query *q, enum dns_rcode rcode, bool truncated,
                        uint8_t *out)
{
    size_t len = write_head(q, q->id, FLAG_QR | FLAG_RA | rcode | (truncated ? FLAG_TC : 0), out);

    return len + write_opt(q, out + len);
}

static bool same_question(const uint8_t *a, const uint8_t *b, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        uint8_t x = a[i], y = b[i];

        /* Lengths of labels are below 64, so folding letters touches letters only. */
        if (x >= 'A' && x <= 'Z')
            x = (uint8_t)(x + 32);
        if (y >= 'A' && y <= 'Z')
            y = (uint8_t)(y + 32);
        if (x != y)
            return false;
    }
    return true;
}

int dns_check_answer(const struct dns_query *q, uint16_t id, const uint8_t *m, size_t len)
{
    uint16_t flags;

    if (len < HEADER || get16(m) != id)
        return -EBADMSG;
    flags = get16(m + 2);
    if (!(flags & FLAG_QR) || flags & OPCODE)
        return -EBADMSG;
    /* Servers that can't read a query may leave its question out of their error. */
    if (get16(m + 4) == 0 && len == HEADER && (flags & 15))
        return flags & 15;
    if (get16(m + 4) != 1 || len < HEADER + q->question_len)
        return -EBADMSG;
    /* type and class are compared exactly: they are the last four bytes */
    if (!same_question(m + HEADER, q->question, q->question_len - 4) ||
        memcmp(m + HEADER + q->question_len - 4, q->question + q->question_len - 4, 4) != 0)
        return -EBADMSG;
    return flags & 15;
}

void dns_set_id(uint8_t *m, uint16_t id)
{
    put16(m, id);
}

const char *dns_type_text(uint16_t type, char *out)
{
    static const struct {
        uint16_t type;
        const char *text;
    } known[] = {
        { 1, "A" },      { 2, "NS" },    { 5, "CNAME" },  { 6, "SOA" },    { 12, "PTR" },
        { 15, "MX" },    { 16, "TXT" },  { 28, "AAAA" },  { 33, "SRV" },   { 64, "SVCB" },
        { 65, "HTTPS" }, { 255, "ANY" }, { 252, "AXFR" }, { 251, "IXFR" }, { 10, "NULL" }
    };

    for (size_t i = 0; i < N_ELEMENTS(known); i++)
        if (known[i].type == type) {
            snprintf(out, 12, "%s", known[i].text);
            return out;
        }
    snprintf(out, 12, "TYPE%u", type);
    return out;
}

const char *dns_rcode_text(int rcode, char *out)
{
    static const char *const known[] = { "NOERROR",  "FORMERR", "SERVFAIL",
                                         "NXDOMAIN", "NOTIMP",  "REFUSED" };

    if (rcode >= 0 && rcode < (int)N_ELEMENTS(known))
        snprintf(out, 12, "%s", known[rcode]);
    else
        snprintf(out, 12, "RCODE%d", rcode & 15);
    return out;
}
