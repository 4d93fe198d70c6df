/* Answers of our own: readable as a reason phrase by what shows no more than that, as a header by
 * programs, as a body by people. */
#include "base/mem.h"
#include "gateway/egress.h"
#include "gateway/httpd.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <string.h>

/* One line of printable ASCII: names of entries may hold anything. */
static void one_line(char *out, size_t size, const char *text)
{
    snprintf(out, size, "%s", text);
    for (char *p = out; *p; p++)
        if (*p < 0x20 || *p > 0x7e)
            *p = '?';
}

void egress_answer(struct egress *c, unsigned status, const char *why, const char *detail)
{
    struct evbuffer *out = bufferevent_get_output(c->client);
    autobuf struct buf body = { 0 };
    char line[512];
    bool head_only = strcmp(c->method, "HEAD") == 0;

    one_line(line, sizeof line, why);
    buf_printf(&body, "DefenseClaw: %s\n%s", line, detail ? detail : "");
    evbuffer_add_printf(out,
                        "HTTP/1.1 %u %s: %s\r\nContent-Type: text/plain; charset=utf-8\r\n"
                        "Content-Length: %zu\r\nX-DefenseClaw-Reason: %s\r\n"
                        "Cache-Control: no-store\r\nConnection: close\r\n\r\n%s",
                        status, http_reason(status), line, body.len, line,
                        head_only ? "" : buf_str(&body));
    egress_linger(c);
}

void egress_refuse(struct egress *c, const char *why, const struct address *address)
{
    struct policy_request q = egress_question(c);
    char yaml[512], detail[1024], reason[768];

    policy_suggest(&q, address, yaml, sizeof yaml);
    snprintf(
        detail, sizeof detail,
        "\nTo allow it, an entry like this belongs into /etc/defenseclaw/%s/policy/egress.yaml:\n\n"
        "%s\nthen: sudo systemctl reload defenseclaw-gateway@%s.service\n",
        c->g->in.spec.name, yaml, c->g->in.spec.name);
    snprintf(reason, sizeof reason, "%s:%u is refused: %s", c->host.text, c->port, why);
    egress_answer(c, 403, reason, detail);
}
