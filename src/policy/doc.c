#include "policy/doc.h"

#include "base/mem.h"

#include <stdarg.h>
#include <string.h>
#include <yaml.h>

#define DEPTH_MAX 12
#define NODES_MAX 400000 /* 10,000 entries with all their keys, several times over */
#define TEXT_MAX 2048    /* bytes of one scalar */

struct reader {
    const char *what;
    yaml_parser_t parser;
    struct doc *root;
    struct doc *stack[DEPTH_MAX];
    size_t depth, nodes;
    struct doc *pending; /* the map member whose key was read and whose value comes next */
    struct err *e;
};

int doc_error(const char *what, const struct doc *d, struct err *e, const char *fmt, ...)
{
    char reason[512];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(reason, sizeof reason, fmt, ap);
    va_end(ap);
    return err_set(e, -EINVAL, EXIT_USAGE, "%s: line %u, column %u: %s", what, d->line, d->column,
                   reason);
}

void doc_free(struct doc *d)
{
    while (d) { /* depth is bounded by the reader, siblings are not: recurse into children only */
        struct doc *next = d->next;

        doc_free(d->child);
        free(d->key);
        free(d->text);
        free(d);
        d = next;
    }
}

static int error_at(struct reader *r, yaml_mark_t at, const char *reason)
{
    struct doc place = { .line = (unsigned)at.line + 1, .column = (unsigned)at.column + 1 };

    return doc_error(r->what, &place, r->e, "%s", reason);
}

static int parser_error(struct reader *r)
{
    yaml_parser_t *p = &r->parser;
    yaml_mark_t at = p->problem_mark;

    if (p->error == YAML_MEMORY_ERROR)
        return -ENOMEM;
    if (p->error == YAML_READER_ERROR)
        return err_set(r->e, -EINVAL, EXIT_USAGE, "%s: byte %zu: %s", r->what, p->problem_offset,
                       p->problem ? p->problem : "not readable as text");
    return error_at(r, at, p->problem ? p->problem : "not valid YAML");
}

static struct doc *add_node(struct reader *r, enum doc_kind kind, yaml_mark_t at)
{
    struct doc *parent = r->depth ? r->stack[r->depth - 1] : NULL;
    struct doc *d = r->pending;

    r->pending = NULL;
    if (d) { /* a map's member: the node was made when its key was read */
        d->kind = kind;
        return d;
    }
    d = calloc(1, sizeof *d);
    if (!d)
        return NULL;
    d->kind = kind;
    d->line = (unsigned)at.line + 1;
    d->column = (unsigned)at.column + 1;
    if (!parent) {
        r->root = d;
        return d;
    }
    if (parent->last)
        parent->last->next = d;
    else
        parent->child = d;
    parent->last = d;
    parent->count++;
    return d;
}

static bool wants_key(const struct reader *r)
{
    return r->depth && r->stack[r->depth - 1]->kind == DOC_MAP && !r->pending;
}

static int on_scalar(struct reader *r, const yaml_event_t *ev)
{
    const char *text = (const char *)ev->data.scalar.value;
    size_t len = ev->data.scalar.length;
    struct doc *d;
    char *copy;

    if (len > TEXT_MAX)
        return error_at(r, ev->start_mark, "a value of more than 2048 bytes");
    if (strlen(text) != len)
        return error_at(r, ev->start_mark, "a NUL byte in a value");
    copy = strdup(text);
    if (!copy)
        return -ENOMEM;
    if (wants_key(r)) {
        d = add_node(r, DOC_TEXT, ev->start_mark);
        if (d)
            d->key = copy;
        r->pending = d;
    } else {
        d = add_node(r, DOC_TEXT, ev->start_mark);
        if (d) {
            d->text = copy;
            d->quoted = ev->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
        }
    }
    if (!d) {
        free(copy);
        return -ENOMEM;
    }
    return 0;
}

static int on_open(struct reader *r, const yaml_event_t *ev, enum doc_kind kind)
{
    struct doc *d;

    if (wants_key(r))
        return error_at(r, ev->start_mark, "a key must be plain text");
    if (r->depth == DEPTH_MAX)
        return error_at(r, ev->start_mark, "nested too deeply");
    d = add_node(r, kind, ev->start_mark);
    if (!d)
        return -ENOMEM;
    r->stack[r->depth++] = d;
    return 0;
}

static int by_key(const void *a, const void *b)
{
    const struct doc *const *da = a, *const *db = b;
    int c = strcmp((*da)->key, (*db)->key);

    if (c)
        return c;
    return (*da)->line != (*db)->line ? ((*da)->line < (*db)->line ? -1 : 1)
                                      : ((*da)->column < (*db)->column ? -1 : 1);
}

/* Sorted, equal keys stand side by side: a file of many entries is not compared pair by pair. */
static int check_duplicates(struct reader *r, const struct doc *map)
{
    autofree struct doc **sorted = NULL;
    size_t n = 0;

    if (map->count < 2)
        return 0;
    sorted = calloc(map->count, sizeof *sorted);
    if (!sorted)
        return -ENOMEM;
    for (struct doc *d = map->child; d; d = d->next)
        sorted[n++] = d;
    qsort(sorted, n, sizeof *sorted, by_key);
    for (size_t i = 1; i < n; i++)
        if (strcmp(sorted[i - 1]->key, sorted[i]->key) == 0)
            return doc_error(r->what, sorted[i], r->e, "key %s stands twice (first in line %u)",
                             sorted[i]->key, sorted[i - 1]->line);
    return 0;
}

static int on_close(struct reader *r)
{
    struct doc *d = r->stack[--r->depth];

    return d->kind == DOC_MAP ? check_duplicates(r, d) : 0;
}

static int check_plain(struct reader *r, const yaml_event_t *ev)
{
    const yaml_char_t *anchor = NULL, *tag = NULL;

    switch (ev->type) {
    case YAML_ALIAS_EVENT:
        return error_at(r, ev->start_mark, "aliases are not taken here");
    case YAML_SCALAR_EVENT:
        anchor = ev->data.scalar.anchor;
        tag = ev->data.scalar.tag;
        break;
    case YAML_SEQUENCE_START_EVENT:
        anchor = ev->data.sequence_start.anchor;
        tag = ev->data.sequence_start.tag;
        break;
    case YAML_MAPPING_START_EVENT:
        anchor = ev->data.mapping_start.anchor;
        tag = ev->data.mapping_start.tag;
        break;
    default:
        return 0;
    }
    if (anchor)
        return error_at(r, ev->start_mark, "anchors are not taken here");
    if (tag)
        return error_at(r, ev->start_mark, "tags are not taken here");
    return ++r->nodes > NODES_MAX ? error_at(r, ev->start_mark, "too many values") : 0;
}

static int on_event(struct reader *r, const yaml_event_t *ev)
{
    int rc = check_plain(r, ev);

    if (rc < 0)
        return rc;
    switch (ev->type) {
    case YAML_DOCUMENT_START_EVENT:
        return r->root ? error_at(r, ev->start_mark, "a second document") : 0;
    case YAML_SCALAR_EVENT:
        return on_scalar(r, ev);
    case YAML_SEQUENCE_START_EVENT:
        return on_open(r, ev, DOC_LIST);
    case YAML_MAPPING_START_EVENT:
        return on_open(r, ev, DOC_MAP);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return on_close(r);
    default:
        return 0;
    }
}

static int read_events(struct reader *r)
{
    for (;;) {
        yaml_event_t ev;
        bool end;
        int rc;

        if (!yaml_parser_parse(&r->parser, &ev))
            return parser_error(r);
        end = ev.type == YAML_STREAM_END_EVENT;
        rc = on_event(r, &ev);
        yaml_event_delete(&ev);
        if (rc < 0 || end)
            return rc;
    }
}

int doc_read(const char *what, const void *text, size_t len, struct doc **ret, struct err *e)
{
    struct reader r = { .what = what, .e = e };
    int rc;

    if (!yaml_parser_initialize(&r.parser))
        return -ENOMEM;
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, text, len);
    rc = read_events(&r);
    yaml_parser_delete(&r.parser);
    if (rc == 0 && !r.root)
        rc = err_set(e, -EINVAL, EXIT_USAGE, "%s: line 1, column 1: the file is empty", what);
    if (rc == -ENOMEM)
        err_set(e, rc, EXIT_FAILED, "%s: out of memory", what);
    if (rc < 0) {
        doc_free(r.root);
        return rc;
    }
    *ret = r.root;
    return 0;
}
