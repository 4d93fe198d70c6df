/* What is meant: defaults, record and flags laid over each other, and what a change lets in. */
#include "spec/options.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Lays the fields that were given over s. */
static void lay_over(const struct options *o, struct spec *s)
{
    for (size_t i = 0; i < option_table_len; i++) {
        const struct option *opt = &option_table[i];

        if ((opt->flags & OPTION_SPEC) && option_given(o, opt->id))
            memcpy((char *)s + opt->offset, (const char *)&o->spec + opt->offset, opt->size);
    }
}

/* Values that follow from others unless they were given or recorded. */
static void derive(const struct options *o, const struct spec *recorded, struct spec *s)
{
    bool followed = !recorded || recorded->relay_port == recorded->openclaw_port;

    if (!option_given(o, OPTION_HOME) && !recorded)
        snprintf(s->home, sizeof s->home, "/home/%s", s->name);
    if (!option_given(o, OPTION_RELAY_PORT) && followed)
        s->relay_port = s->openclaw_port;
    if (option_given(o, OPTION_OPENCLAW) && !option_given(o, OPTION_AGENT))
        s->no_agent = false;
    if (s->no_agent && !option_given(o, OPTION_OPENCLAW))
        s->openclaw[0] = '\0';
}

int options_resolve(const struct options *o, const struct spec *recorded, struct spec *ret,
                    struct err *e)
{
    struct spec s;
    int r;

    if (o->defaults)
        recorded = NULL;
    if (recorded)
        s = *recorded;
    else
        spec_defaults(&s);
    lay_over(o, &s);
    derive(o, recorded, &s);
    if (s.dns_filter == DNS_FILTER_POLICY)
        return err_set(e, -EINVAL, EXIT_USAGE,
                       "--dns-filter: policy: comes with the gateway issue; this version answers "
                       "every name and audits it");
    r = spec_check(&s, e);
    if (r < 0)
        return r;
    *ret = s;
    return 0;
}

/* -- what a change widens -- */

struct teller {
    void (*say)(void *userdata, const char *sentence);
    void *userdata;
    size_t said;
};

static void tell(struct teller *t, bool widens, const char *what)
{
    char sentence[256];

    if (!widens)
        return;
    t->said++;
    snprintf(sentence, sizeof sentence, "wider than before: %s", what);
    if (t->say)
        t->say(t->userdata, sentence);
}

static void tell_policy(struct teller *t, const struct spec *was, const struct spec *now)
{
    char text[160];

    snprintf(text, sizeof text, "the policy template goes from %s to %s and lets more hosts out",
             policy_names[was->policy], policy_names[now->policy]);
    tell(t, now->policy > was->policy, text);
}

static bool asks(const struct spec *s, struct in_addr server)
{
    for (size_t i = 0; i < s->dns_count; i++)
        if (s->dns[i].s_addr == server.s_addr)
            return true;
    return false;
}

static void tell_dns(struct teller *t, const struct spec *was, const struct spec *now)
{
    char address[INET_ADDRSTRLEN], text[96];

    for (size_t i = 0; i < now->dns_count; i++) {
        inet_ntop(AF_INET, &now->dns[i], address, sizeof address);
        snprintf(text, sizeof text, "names go to the DNS server %s too", address);
        tell(t, !asks(was, now->dns[i]), text);
    }
    tell(t, now->dns_host && !was->dns_host,
         "names go to the host's own DNS servers, which may know internal ones");
    tell(t, now->dns_filter == DNS_FILTER_NONE && was->dns_filter != DNS_FILTER_NONE,
         "DNS names are answered without a filter");
}

size_t spec_widens(const struct spec *was, const struct spec *now,
                   void (*say)(void *userdata, const char *sentence), void *userdata)
{
    struct teller t = { .say = say, .userdata = userdata };

    tell_policy(&t, was, now);
    tell_dns(&t, was, now);
    tell(&t, now->no_guardrail && !was->no_guardrail,
         "the guardrail is switched off: what the agent sends to models is not inspected");
    tell(&t, now->no_host_networking && !was->no_host_networking,
         "the host-side fences are switched off: only the namespace's own table is left");
    tell(&t, was->no_agent && !now->no_agent, "the agent is started");
    return t.said;
}
