#include "setup/templates.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/paths.h"
#include "policy/policy.h"

#include <string.h>

#define VARIABLE "${npm_registry}"

struct registry {
    char host[256];
    char port[8]; /* "" when the URL has none */
};

/* Host and port of a URL. False when it has none. */
static bool registry_parse(const char *url, struct registry *ret)
{
    const char *host = strstr(url, "://"), *end, *colon;
    size_t len;

    host = host ? host + 3 : url;
    len = strcspn(host, "/?#");
    end = host + len;
    for (const char *at = memchr(host, '@', len); at; at = memchr(host, '@', (size_t)(end - host)))
        host = at + 1;
    colon = memchr(host, ':', (size_t)(end - host));
    len = (size_t)((colon ? colon : end) - host);
    if (len == 0 || len >= sizeof ret->host)
        return false;
    snprintf(ret->host, sizeof ret->host, "%.*s", (int)len, host);
    snprintf(ret->port, sizeof ret->port, "%s", strncmp(url, "http:", 5) == 0 ? "80" : "");
    if (colon)
        snprintf(ret->port, sizeof ret->port, "%.*s", (int)(end - colon - 1), colon + 1);
    return true;
}

/* One line with the variable in it. */
static void fill_line(struct buf *out, const char *line, size_t len, const struct registry *reg)
{
    const char *at = memmem(line, len, VARIABLE, strlen(VARIABLE)), *end = line + len;
    const char *rest = at + strlen(VARIABLE);
    const char *port = memmem(rest, (size_t)(end - rest), "[443]", 5);

    buf_add(out, line, (size_t)(at - line));
    buf_puts(out, reg->host);
    if (reg->port[0] && port) {
        buf_add(out, rest, (size_t)(port - rest));
        buf_printf(out, "[%s]", reg->port);
        rest = port + 5;
    }
    buf_add(out, rest, (size_t)(end - rest));
}

/* A line of the second level: a network policy's name, or a comment before one. */
static bool second_level(const char *line, size_t len)
{
    return len > 2 && strncmp(line, "  ", 2) == 0 && line[2] != ' ' && line[2] != '\n';
}

/* Adds a block (comment lines and one policy) unless it names a registry that there isn't. */
static void flush_block(struct buf *out, struct buf *block, const struct registry *reg)
{
    if (reg || !block->len || !memmem(block->data, block->len, VARIABLE, strlen(VARIABLE)))
        buf_add(out, block->data ? (void *)block->data : "", block->len);
    block->len = 0;
}

char *egress_fill(const char *text, const char *npm_registry)
{
    struct registry parsed, *reg = registry_parse(npm_registry, &parsed) ? &parsed : NULL;
    autobuf struct buf block = { 0 };
    struct buf out = { 0 };
    bool named =
        false; /* the block has its policy's name: the next one of that level is another's */

    buf_puts(&out, "");
    while (*text) {
        size_t len = strcspn(text, "\n");

        len += text[len] == '\n';
        if ((named && second_level(text, len)) || (text[0] != ' ' && text[0] != '\n')) {
            flush_block(&out, &block, reg);
            named = false;
        }
        named = named || (second_level(text, len) && text[2] != '#');
        if (reg && memmem(text, len, VARIABLE, strlen(VARIABLE)))
            fill_line(&block, text, len, reg);
        else
            buf_add(&block, text, len);
        text += len;
    }
    flush_block(&out, &block, reg);
    if (out.failed || block.failed) {
        buf_done(&out);
        return NULL;
    }
    return (char *)out.data;
}

static struct input_file *find(struct input_file *files, size_t count, const char *path)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(files[i].path, path) == 0)
            return &files[i];
    return NULL;
}

static int lay_over(struct input_file **files, size_t *count, const struct input_file *over)
{
    struct input_file *at = find(*files, *count, over->path);
    char *data = malloc(over->len + 1);

    if (!data)
        return -ENOMEM;
    if (over->len)
        memcpy(data, over->data, over->len);
    data[over->len] = '\0';
    if (!at) {
        struct input_file *more = reallocarray(*files, *count + 1, sizeof *more);
        char *path = strdup(over->path);

        if (more)
            *files = more;
        if (!more || !path) {
            free(data);
            free(path);
            return -ENOMEM;
        }
        at = &more[(*count)++];
        *at = (struct input_file){ .path = path };
    }
    free(at->data);
    at->data = data;
    at->len = over->len;
    return 0;
}

/* egress.yaml as the gateway will read it. */
static int finish_egress(struct input_file *f, const char *registry, struct err *e)
{
    struct egress_policy *rules = NULL;
    char *filled = egress_fill(f->data, registry);
    int r;

    if (!filled)
        return -ENOMEM;
    free(f->data);
    f->data = filled;
    f->len = strlen(filled);
    r = policy_load("policy/egress.yaml", f->data, f->len, &rules, e);
    policy_free(rules);
    return r;
}

int policy_inputs(enum policy policy, const struct input_file *over, size_t over_count,
                  const char *npm_registry, struct input_file **ret, size_t *ret_count,
                  struct err *e)
{
    struct input_file *files = NULL, *egress;
    size_t count = 0;
    char dir[256];
    int r;

    snprintf(dir, sizeof dir, "%s/policy/%s", DC_DATADIR, policy_names[policy]);
    r = files_load(dir, &files, &count, e);
    for (size_t i = 0; i < over_count && r == 0; i++)
        r = lay_over(&files, &count, &over[i]);
    egress = r == 0 ? find(files, count, "egress.yaml") : NULL;
    if (r == 0 && !egress)
        r = err_set(e, -ENOENT, EXIT_FAILED, "%s: has no egress.yaml", dir);
    if (r == 0)
        r = finish_egress(egress, npm_registry, e);
    if (r < 0) {
        files_free(files, count);
        return r;
    }
    *ret = files;
    *ret_count = count;
    return 0;
}
