#include "seed/content.h"

#include "base/json.h"
#include "base/json5.h"
#include "base/mem.h"
#include "policy/policy.h"
#include "seed/lines.h"

#include <string.h>
#include <unistr.h>

static unsigned line_of(const char *text, const char *at)
{
    unsigned line = 1;

    for (; text < at; text++)
        line += *text == '\n';
    return line;
}

int content_check_text(const struct seed_member *m, struct err *e)
{
    const uint8_t *data = (const uint8_t *)m->data;
    const char *word = member_archive_word(data, m->len);
    const void *bad;

    if (word)
        return err_set(e, -EINVAL, EXIT_USAGE, "%s: holds a %s archive; archives don't nest",
                       m->name, word);
    bad = memchr(data, 0, m->len);
    if (bad)
        return err_set(e, -EINVAL, EXIT_USAGE, "%s: line %u: a NUL byte", m->name,
                       line_of(m->data, bad));
    bad = u8_check(data, m->len);
    if (bad)
        return err_set(e, -EINVAL, EXIT_USAGE, "%s: line %u: not UTF-8", m->name,
                       line_of(m->data, bad));
    return 0;
}

static int read_flags(struct seed_bundle *b, const struct seed_member *m, struct err *e)
{
    int r = json_parse(m->name, m->data, m->len, &b->flags, e);

    return r < 0 ? r : options_apply_json(b->flags, &b->options, e);
}

/* The variables that setup fills in are names to the policy's check; of equal length, so that its
 * columns stay right. */
static int check_egress(const struct seed_member *m, struct err *e)
{
    static const char variable[] = "${npm_registry}", stand_in[] = "npm-reg.example";
    autofree char *text = malloc(m->len + 1);
    struct egress_policy *p = NULL;
    int r;

    if (!text)
        return -ENOMEM;
    memcpy(text, m->data, m->len + 1);
    for (char *at = strstr(text, variable); at; at = strstr(at, variable))
        memcpy(at, stand_in, sizeof stand_in - 1);
    r = policy_load(m->name, text, m->len, &p, e);
    policy_free(p);
    return r;
}

static int check_policy_json(const struct seed_member *m, struct err *e)
{
    autojson cJSON *j = NULL;

    return json_parse(m->name, m->data, m->len, &j, e);
}

static int read_policy(struct seed_bundle *b, const struct seed_member *m, struct err *e)
{
    const char *path = m->name + strlen(MEMBER_POLICY_DIR);
    struct input_file *more;
    int r = strcmp(path, "egress.yaml") == 0      ? check_egress(m, e)
            : strcmp(path, "rego/data.json") == 0 ? check_policy_json(m, e)
                                                  : 0;

    if (r < 0)
        return r;
    more = realloc(b->policy, (b->policy_count + 1) * sizeof *more);
    if (!more)
        return -ENOMEM;
    b->policy = more;
    more += b->policy_count++;
    *more = (struct input_file){ .path = strdup(path), .data = malloc(m->len + 1), .len = m->len };
    if (!more->path || !more->data)
        return -ENOMEM;
    memcpy(more->data, m->data, m->len + 1);
    return 0;
}

static int read_openclaw(struct seed_bundle *b, const struct seed_member *m, struct err *e)
{
    autojson5 struct json5 doc = { 0 };
    int r = json5_parse(m->name, m->data, m->len, &doc, e);

    if (r < 0)
        return r;
    if (doc.nodes[0].type != JSON5_OBJECT)
        return err_set(e, -EINVAL, EXIT_USAGE, "%s: must be one object", m->name);
    b->openclaw = m->data;
    return 0;
}

static int read_env(struct seed_bundle *b, const struct seed_member *m, struct err *e)
{
    b->env = m->data;
    return lines_parse(m->name, m->data, m->len, &b->env_names, e);
}

static int read_secrets(struct seed_bundle *b, const struct seed_member *m, struct err *e)
{
    return lines_parse(m->name, m->data, m->len, &b->secrets, e);
}

static int read_signature(struct seed_bundle *b, const struct seed_member *m, struct err *e)
{
    (void)m, (void)e;
    b->is_signed = true;
    return 0;
}

static int read_nothing(struct seed_bundle *b, const struct seed_member *m, struct err *e)
{
    (void)b;
    return m->type == MEMBER_MANIFEST
               ? 0
               : err_set(e, -EINVAL, EXIT_USAGE, "%s: unknown member", m->name);
}

int content_read(struct seed_bundle *b, const struct seed_member *m, struct err *e)
{
    static int (*const read[])(struct seed_bundle *, const struct seed_member *, struct err *) = {
        [MEMBER_UNKNOWN] = read_nothing,
        [MEMBER_MANIFEST] = read_nothing,
        [MEMBER_SIGNATURE] = read_signature,
        [MEMBER_FLAGS] = read_flags,
        [MEMBER_POLICY] = read_policy,
        [MEMBER_OPENCLAW] = read_openclaw,
        [MEMBER_ENV] = read_env,
        [MEMBER_SECRETS] = read_secrets,
    };

    return read[m->type](b, m, e);
}
