#include "provision/confinement.h"

#include "base/mem.h"
#include "base/paths.h"
#include "provision/confinement_table.h"

#include <arpa/inet.h>
#include <assert.h>
#include <string.h>

static void add_word(char *list, size_t size, const char *word)
{
    size_t len = strlen(list);

    snprintf(list + len, size - len, "%s%s", len ? " " : "", word);
}

/* A tree is bound at its own path unless /usr brings it. */
static void add_tree(struct confinement *c, const char *path)
{
    if (path[0] && strncmp(path, "/usr/", 5) != 0)
        add_word(c->trees, sizeof c->trees, path);
}

void confinement_of(const struct instance *in, const struct host *h, struct confinement *ret)
{
    const struct spec *s = &in->spec;
    char text[INET_ADDRSTRLEN];

    *ret = (struct confinement){ .version = h->systemd_version };
    snprintf(ret->name, sizeof ret->name, "%s", s->name);
    snprintf(ret->home, sizeof ret->home, "%s", s->home);
    snprintf(ret->gateway_user, sizeof ret->gateway_user, "%s", h->gateway_user);
    inet_ntop(AF_INET, &s->host_ip, ret->host_ip, sizeof ret->host_ip);
    add_word(ret->peers, sizeof ret->peers, ret->host_ip);
    for (size_t i = 0; !s->dns_host && i < s->dns_count; i++)
        add_word(ret->peers, sizeof ret->peers, inet_ntop(AF_INET, &s->dns[i], text, sizeof text));
    add_tree(ret, DC_LIBEXECDIR);
    add_tree(ret, DC_BINDIR "/defenseclaw");
    add_tree(ret, DC_BINDIR "/defenseclaw-gateway");
    add_tree(ret, h->openclaw_root);
    if (strcmp(h->interpreter_root, h->openclaw_root) != 0)
        add_tree(ret, h->interpreter_root);
    if (s->policy == POLICY_STRICT)
        snprintf(ret->config, sizeof ret->config,
                 "OPENCLAW_CONFIG_PATH=" DC_ETC "/%s/openclaw/openclaw.json "
                 "OPENCLAW_STATE_DIR=%s/.openclaw",
                 s->name, s->home);
}

static struct property_set set_of(const struct confinement *c, enum confined who,
                                  struct property_var *vars)
{
    const struct property_var all[] = {
        { "name", c->name },
        { "home", c->home },
        { "host_ip", c->host_ip },
        { "peers", c->peers },
        { "trees", c->trees },
        { "config", c->config },
        { "gateway_user", c->gateway_user },
    };
    struct property_set s = { .vars = vars, .var_count = N_ELEMENTS(all), .version = c->version };

    static_assert(N_ELEMENTS(all) <= CONFINEMENT_VARS, "make room for every variable");
    memcpy(vars, all, sizeof all);
    s.rows = who == CONFINED_AGENT ? agent_rows : gateway_rows;
    s.count = who == CONFINED_AGENT ? agent_row_count : gateway_row_count;
    return s;
}

int confinement_lines(const struct confinement *c, enum confined who, struct buf *out)
{
    struct property_var vars[CONFINEMENT_VARS];
    struct property_set s = set_of(c, who, vars);

    return property_lines(&s, out);
}

cJSON *confinement_transient(const struct confinement *c)
{
    struct property_var vars[CONFINEMENT_VARS];
    struct property_set s = set_of(c, CONFINED_AGENT, vars);

    return property_transient(&s);
}

cJSON *confinement_expected(const struct confinement *c, enum confined who)
{
    struct property_var vars[CONFINEMENT_VARS];
    struct property_set s = set_of(c, who, vars);

    return property_expected(&s);
}
