/* DNS messages: queries of strangers read strictly and written anew, answers held against them. */
#ifndef DEFENSECLAW_GATEWAY_DNS_MSG_H
#define DEFENSECLAW_GATEWAY_DNS_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DNS_MESSAGE_MAX 65535
#define DNS_QUERY_MAX 320 /* header, question and an OPT record without options */
#define DNS_UDP_PLAIN 512 /* what a client without EDNS takes */
#define DNS_UDP_OURS 1232 /* what we take over UDP: no fragments */
#define DNS_NAME_TEXT 256 /* a name as text, cut when its escapes make it longer */

enum dns_rcode {
    DNS_NOERROR = 0,
    DNS_FORMERR = 1,
    DNS_SERVFAIL = 2,
    DNS_NXDOMAIN = 3,
    DNS_NOTIMP = 4,
    DNS_REFUSED = 5,
};

struct dns_query {
    uint16_t id, type, class;
    uint8_t question[255 + 4]; /* as it stands in the message */
    size_t question_len;       /* 0 when none could be read */
    char name[DNS_NAME_TEXT];  /* lower case, without the last dot; "." for the root */
    bool recursion, checking_disabled, authentic;
    bool edns, dnssec;
    uint16_t udp_size; /* what the asker takes over UDP */
};

/* Reads a query: one question, no other record but one OPT, nothing behind. 0; -EBADMSG when it is
 * to be dropped (no header, or an answer); or the rcode to answer with (FORMERR, NOTIMP, REFUSED
 * for zone transfers), with what could be read in ret. */
int dns_read_query(const uint8_t *m, size_t len, struct dns_query *ret);

/* The query as we ask it, with an id of our own and without the asker's EDNS options. Returns its
 * length; out has DNS_QUERY_MAX bytes. */
size_t dns_write_query(const struct dns_query *q, uint16_t id, uint8_t *out);

/* Whether m answers q as we asked it under id. The answer's rcode, or -EBADMSG. */
int dns_check_answer(const struct dns_query *q, uint16_t id, const uint8_t *m, size_t len);

/* An answer of our own without records; truncated asks the client to come by TCP. Returns its
 * length; out has DNS_QUERY_MAX bytes. */
size_t dns_write_answer(const struct dns_query *q, enum dns_rcode rcode, bool truncated,
                        uint8_t *out);

/* Puts the asker's id into a checked answer. */
void dns_set_id(uint8_t *m, uint16_t id);

/* "A", "AAAA", …, or "TYPE65280"; out has 12 bytes. Returns out. */
const char *dns_type_text(uint16_t type, char *out);
/* "NOERROR", …, or "RCODE11"; out has 12 bytes. Returns out. */
const char *dns_rcode_text(int rcode, char *out);

#endif
