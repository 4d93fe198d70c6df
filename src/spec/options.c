#include "spec/options.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/nearest.h"
#include "spec/value.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define IN_SPEC(field) offsetof(struct spec, field), sizeof(((struct spec *)NULL)->field)
#define IN_RUN(field) offsetof(struct options, field), sizeof(((struct options *)NULL)->field)
/* Host or list: three fields that lie together. */
#define IN_DNS                                                                                     \
    offsetof(struct spec, dns_host),                                                               \
        offsetof(struct spec, dns_filter) - offsetof(struct spec, dns_host)

/* The page's flags in the page's order and words, then ours. */
const struct option option_table[] = {
    { "disable", OPTION_DISABLE, NULL, NULL, "off",
      "Tear down sandbox units, restore openclaw.json, do not remove the sandbox user", NULL,
      IN_RUN(disable), OPTION_PAGE | OPTION_NO_BUNDLE },
    { "policy", OPTION_POLICY, "TEMPLATE", "default strict permissive", "permissive",
      "Seed policy template: default, strict, permissive", &type_policy, IN_SPEC(policy),
      OPTION_PAGE | OPTION_SPEC },
    { "sandbox-ip", OPTION_SANDBOX_IP, "ADDRESS", NULL, "10.200.0.2",
      "IP the sandbox side of the bridge uses", &type_address, IN_SPEC(sandbox_ip),
      OPTION_PAGE | OPTION_SPEC },
    { "host-ip", OPTION_HOST_IP, "ADDRESS", NULL, "10.200.0.1",
      "IP the host side of the bridge uses", &type_address, IN_SPEC(host_ip),
      OPTION_PAGE | OPTION_SPEC },
    { "sandbox-home", OPTION_HOME, "PATH", NULL, "/home/sandbox",
      "Sandbox user's home directory (/home/NAME under another --name)", &type_home, IN_SPEC(home),
      OPTION_PAGE | OPTION_SPEC },
    { "openclaw-port", OPTION_OPENCLAW_PORT, "PORT", NULL, "18789",
      "OpenClaw gateway port inside the sandbox", &type_port, IN_SPEC(openclaw_port),
      OPTION_PAGE | OPTION_SPEC },
    { "dns", OPTION_DNS, "LIST|host", "host", "8.8.8.8,1.1.1.1",
      "Comma-separated DNS servers, or host", &type_dns, IN_DNS, OPTION_PAGE | OPTION_SPEC },
    { "no-auto-pair", OPTION_AUTO_PAIR, NULL, NULL, "off", "Skip device pre-pairing", NULL,
      IN_SPEC(no_auto_pair), OPTION_PAGE | OPTION_SPEC },
    { "no-host-networking", OPTION_HOST_NETWORKING, NULL, NULL, "off",
      "Skip host-side firewall rules and the relay of the OpenClaw port", NULL,
      IN_SPEC(no_host_networking), OPTION_PAGE | OPTION_SPEC },
    { "no-guardrail", OPTION_GUARDRAIL, NULL, NULL, "off", "Skip guardrail network setup", NULL,
      IN_SPEC(no_guardrail), OPTION_PAGE | OPTION_SPEC },
    { "non-interactive", OPTION_NON_INTERACTIVE, NULL, NULL, "off", "Skip confirmation prompts",
      NULL, IN_RUN(non_interactive), OPTION_PAGE },

    { "name", OPTION_NAME, "NAME", NULL, "sandbox",
      "The instance: user, namespace, units and state carry its name", &type_name, IN_SPEC(name),
      OPTION_SPEC },
    { "openclaw", OPTION_OPENCLAW, "PATH", NULL, NULL,
      "The openclaw program (default: looked for in /usr/local/bin and /usr/bin)", &type_program,
      IN_SPEC(openclaw), OPTION_SPEC | OPTION_NO_BUNDLE },
    { "no-agent", OPTION_AGENT, NULL, NULL, "off",
      "Provision everything but OpenClaw: its configuration, its extras and its unit", NULL,
      IN_SPEC(no_agent), OPTION_SPEC },
    { "dns-filter", OPTION_DNS_FILTER, "policy|none", "policy none", NULL,
      "DNS names answered: those the policy allows, or all (default: the template's)",
      &type_dns_filter, IN_SPEC(dns_filter), OPTION_SPEC },
    { "relay-port", OPTION_RELAY_PORT, "PORT", NULL, "18789",
      "Port on the host's loopback that leads to OpenClaw (default: the OpenClaw port)", &type_port,
      IN_SPEC(relay_port), OPTION_SPEC },
    { "gateway-user", OPTION_GATEWAY_USER, "USER", NULL, NULL,
      "User the gateway runs as (default: who called sudo, else defenseclaw)", &type_gateway_user,
      IN_SPEC(gateway_user), OPTION_SPEC },
    { "adopt-user", OPTION_ADOPT_USER, NULL, NULL, "off",
      "Take over a user of this name that exists already", NULL, IN_RUN(adopt_user),
      OPTION_NO_BUNDLE },
    { "defaults", OPTION_DEFAULTS, NULL, NULL, "off",
      "Go back to the defaults instead of keeping the recorded flags", NULL, IN_RUN(defaults),
      OPTION_NO_BUNDLE },
    { "verify", OPTION_VERIFY, NULL, NULL, "off",
      "Run 'sandbox verify' at the end; exit 3 when it is red", NULL, IN_RUN(verify),
      OPTION_NO_BUNDLE },
    { "dry-run", OPTION_DRY_RUN, NULL, NULL, "off", "Print the plan and change nothing", NULL,
      IN_RUN(dry_run), OPTION_NO_BUNDLE },
    { "json", OPTION_JSON, NULL, NULL, "off", "Print one JSON document", NULL, IN_RUN(json),
      OPTION_NO_BUNDLE },

    { "resolv-upstream", OPTION_DNS, "LIST|host", "host", NULL, "The same as --dns", &type_dns,
      IN_DNS, OPTION_SPEC | OPTION_OTHER_NAME },
    { "auto-pair", OPTION_AUTO_PAIR, NULL, NULL, NULL, "Undo a recorded --no-auto-pair", NULL,
      IN_SPEC(no_auto_pair), OPTION_SPEC | OPTION_OTHER_NAME | OPTION_OFF },
    { "host-networking", OPTION_HOST_NETWORKING, NULL, NULL, NULL,
      "Undo a recorded --no-host-networking", NULL, IN_SPEC(no_host_networking),
      OPTION_SPEC | OPTION_OTHER_NAME | OPTION_OFF },
    { "guardrail", OPTION_GUARDRAIL, NULL, NULL, NULL, "Undo a recorded --no-guardrail", NULL,
      IN_SPEC(no_guardrail), OPTION_SPEC | OPTION_OTHER_NAME | OPTION_OFF },
    { "agent", OPTION_AGENT, NULL, NULL, NULL, "Undo a recorded --no-agent", NULL,
      IN_SPEC(no_agent), OPTION_SPEC | OPTION_OTHER_NAME | OPTION_OFF },
};
const size_t option_table_len = N_ELEMENTS(option_table);

static_assert(OPTION_COUNT <= 32, "options.given has a bit for each option");

const struct option *option_find(const char *name)
{
    for (size_t i = 0; i < option_table_len; i++)
        if (strcmp(option_table[i].name, name) == 0)
            return &option_table[i];
    return NULL;
}

void options_init(struct options *o)
{
    *o = (struct options){ 0 };
    spec_defaults(&o->spec);
}

static int unknown(const char *name, struct err *e)
{
    struct nearest n = { .given = name };

    for (size_t i = 0; i < option_table_len; i++)
        nearest_offer(&n, option_table[i].name);
    err_set(e, -EINVAL, EXIT_USAGE, "--%s: unknown flag%s%s", name, n.best ? ", nearest is --" : "",
            n.best ? n.best : "");
    return err_fix(e, -EINVAL, "defenseclaw sandbox setup --help");
}

/* A flag, its alias and its opposite are one setting: twice is a mistake worth naming. */
static int mark_given(struct options *o, const struct option *opt, struct err *e)
{
    if (option_given(o, opt->id))
        return err_set(e, -EINVAL, EXIT_USAGE, "--%s: set twice (it, its alias or its opposite)",
                       opt->name);
    o->given |= UINT32_C(1) << opt->id;
    return 0;
}

static void *field_of(struct options *o, const struct option *opt)
{
    return (char *)(opt->flags & OPTION_SPEC ? (void *)&o->spec : (void *)o) + opt->offset;
}

static int set(struct options *o, const struct option *opt, const char *text, struct err *e)
{
    int r;

    if (opt->metavar && !text)
        return err_set(e, -EINVAL, EXIT_USAGE, "--%s: needs a value (%s)", opt->name, opt->metavar);
    if (!opt->metavar && text)
        return value_refuse(opt, text, e, "this flag takes no value");
    r = mark_given(o, opt, e);
    if (r < 0)
        return r;
    if (opt->type)
        return opt->type->parse(opt, text, field_of(o, opt), e);
    *(bool *)field_of(o, opt) = !(opt->flags & OPTION_OFF);
    return 0;
}

int options_set(struct options *o, const char *name, const char *text, struct err *e)
{
    const struct option *opt = option_find(name);

    return opt ? set(o, opt, text, e) : unknown(name, e);
}

/* Only these mean something beside --disable. */
static const enum option_id with_disable[] = { OPTION_DISABLE, OPTION_NAME, OPTION_NON_INTERACTIVE,
                                               OPTION_DRY_RUN, OPTION_JSON };

static int check_together(const struct options *o, struct err *e)
{
    uint32_t allowed = 0;

    if (option_given(o, OPTION_OPENCLAW) && option_given(o, OPTION_AGENT) && o->spec.no_agent)
        return err_set(e, -EINVAL, EXIT_USAGE,
                       "--openclaw: --no-agent is given too; leave one of them out");
    if (!o->disable)
        return 0;
    for (size_t i = 0; i < N_ELEMENTS(with_disable); i++)
        allowed |= UINT32_C(1) << with_disable[i];
    for (size_t i = 0; i < option_table_len; i++)
        if (option_given(o, option_table[i].id) && !(allowed & UINT32_C(1) << option_table[i].id))
            return err_set(e, -EINVAL, EXIT_USAGE,
                           "--%s: means nothing with --disable; leave it out",
                           option_table[i].name);
    return 0;
}

int options_parse(int argc, char **argv, struct options *o, struct err *e)
{
    for (int i = 1; i < argc; i++) {
        const struct option *opt;
        char name[64];
        const char *text;
        int r;

        if (strncmp(argv[i], "--", 2) != 0 || argv[i][2] == '\0')
            return err_fix(e,
                           err_set(e, -EINVAL, EXIT_USAGE,
                                   "%s: not a flag; flags begin with two dashes", argv[i]),
                           "defenseclaw sandbox setup --help");
        text = strchr(argv[i], '=');
        snprintf(name, sizeof name, "%.*s",
                 (int)(text ? (size_t)(text - argv[i]) - 2 : strlen(argv[i]) - 2), argv[i] + 2);
        opt = option_find(name);
        if (!opt)
            return unknown(name, e);
        if (text)
            text++;
        else if (opt->metavar && i + 1 < argc && strncmp(argv[i + 1], "--", 2) != 0)
            text = argv[++i];
        r = set(o, opt, text, e);
        if (r < 0)
            return r;
    }
    return check_together(o, e);
}

/* A JSON value as the text that a person would have typed. */
static int json_text(const struct option *opt, const cJSON *j, struct buf *text, struct err *e)
{
    const cJSON *one;

    if (cJSON_IsString(j))
        return buf_puts(text, j->valuestring);
    if (cJSON_IsNumber(j) && opt->type == &type_port && j->valuedouble == floor(j->valuedouble))
        return buf_printf(text, "%.0f", j->valuedouble);
    if (cJSON_IsArray(j) && opt->type == &type_dns) {
        cJSON_ArrayForEach(one, j)
        {
            if (!cJSON_IsString(one) || strchr(one->valuestring, ','))
                return err_set(e, -EINVAL, EXIT_USAGE,
                               "--%s: the list must hold strings, one address each", opt->name);
            buf_printf(text, "%s%s", one == j->child ? "" : ",", one->valuestring);
        }
        return text->failed;
    }
    return err_set(e, -EINVAL, EXIT_USAGE, "--%s: must be a %s", opt->name,
                   opt->type == &type_port  ? "whole number or a string"
                   : opt->type == &type_dns ? "string or a list of strings"
                                            : "string");
}

int option_read_json(const struct option *o, const cJSON *value, void *field, struct err *e)
{
    autobuf struct buf text = { 0 };
    int r = json_text(o, value, &text, e);

    return r < 0 ? r : o->type->parse(o, buf_str(&text), field, e);
}

static int apply_one(const cJSON *j, struct options *o, struct err *e)
{
    const struct option *opt = option_find(j->string);
    int r;

    if (!opt)
        return unknown(j->string, e);
    if (opt->flags & OPTION_NO_BUNDLE)
        return err_set(e, -EINVAL, EXIT_USAGE, "--%s: not allowed in a bundle", opt->name);
    if (!opt->metavar)
        return cJSON_IsTrue(j) ? set(o, opt, NULL, e)
                               : err_set(e, -EINVAL, EXIT_USAGE,
                                         "--%s: must be true; leave it out for off", opt->name);
    r = mark_given(o, opt, e);
    return r < 0 ? r : option_read_json(opt, j, field_of(o, opt), e);
}

int options_apply_json(const cJSON *flags, struct options *o, struct err *e)
{
    const cJSON *j;
    int r;

    if (!cJSON_IsObject(flags))
        return err_set(e, -EINVAL, EXIT_USAGE, "flags.json: must be one object");
    cJSON_ArrayForEach(j, flags)
    {
        r = apply_one(j, o, e);
        if (r < 0)
            return err_prefix(e, r, "flags.json");
    }
    r = check_together(o, e);
    return r < 0 ? err_prefix(e, r, "flags.json") : 0;
}
