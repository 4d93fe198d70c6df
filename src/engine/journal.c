#include "engine/journal.h"

#include "base/buf.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/mem.h"
#include "sys/beneath.h"

#include <fcntl.h>
#include <string.h>

#define JOURNAL_NAME "journal"
#define JOURNAL_SCHEMA 1
#define CHECK_LEN 16
#define JOURNAL_MAX (16u << 20)

int journal_start(struct journal *j, int state_dir, const char *run_id, const char *verb,
                  const char *uuid)
{
    autojson cJSON *head = cJSON_CreateObject();
    int r;

    *j = (struct journal){ .dir = state_dir };
    if (!head || !cJSON_AddNumberToObject(head, "journal", JOURNAL_SCHEMA) ||
        !cJSON_AddStringToObject(head, "run", run_id) ||
        !cJSON_AddStringToObject(head, "verb", verb) ||
        !cJSON_AddStringToObject(head, "uuid", uuid))
        return -ENOMEM;
    j->fd = openat(state_dir, JOURNAL_NAME,
                   O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (j->fd < 0)
        return -errno;
    r = journal_append(j, head);
    if (r < 0)
        journal_finish(j);
    return r;
}

int journal_append(struct journal *j, const cJSON *line)
{
    autofree char *text = cJSON_PrintUnformatted(line);
    char check[DIGEST_HEX_LEN + 1];
    autobuf struct buf out = { 0 };
    ssize_t n;

    if (!text)
        return -ENOMEM;
    if (!json_text_ok(text))
        return -EILSEQ; /* nobody could read it back */
    digest_hex(text, strlen(text), check);
    if (buf_printf(&out, "%zu %.*s %s\n", strlen(text), CHECK_LEN, check, text) < 0)
        return out.failed;
    n = write(j->fd, out.data, out.len); /* one write: a line is torn only at the end of the file */
    if (n < 0)
        return -errno;
    return (size_t)n == out.len ? 0 : -ENOSPC;
}

int journal_sync(struct journal *j)
{
    if (fdatasync(j->fd) < 0 || fsync(j->dir) < 0)
        return -errno;
    return 0;
}

void journal_close(struct journal *j)
{
    if (j->fd >= 0)
        close(j->fd);
    j->fd = -EBADF;
}

int journal_finish(struct journal *j)
{
    journal_close(j);
    if (unlinkat(j->dir, JOURNAL_NAME, 0) < 0 && errno != ENOENT)
        return -errno;
    return fsync(j->dir) < 0 ? -errno : 0;
}

/* Takes one line off *p. 0, -EBADMSG when it isn't whole. */
static int take_line(char **p, char *end, cJSON **ret)
{
    char *nl = memchr(*p, '\n', (size_t)(end - *p)), *space, check[DIGEST_HEX_LEN + 1];
    size_t len;

    if (!nl)
        return -EBADMSG;
    len = strtoul(*p, &space, 10);
    if (*space != ' ' || nl - space < CHECK_LEN + 2 || space[CHECK_LEN + 1] != ' ' ||
        len != (size_t)(nl - (space + CHECK_LEN + 2)))
        return -EBADMSG;
    digest_hex(nl - len, len, check);
    if (strncmp(space + 1, check, CHECK_LEN) != 0 ||
        json_parse("journal", nl - len, len, ret, NULL) < 0)
        return -EBADMSG;
    *p = nl + 1;
    return 0;
}

static int add_intent(struct journal_log *log, cJSON *line)
{
    struct journal_entry *more;

    more = reallocarray(log->entries, log->count + 1, sizeof *more);
    if (!more)
        return -ENOMEM;
    log->entries = more;
    log->entries[log->count++] = (struct journal_entry){ .intent = line };
    return 0;
}

/* Owns line. */
static int take_entry(struct journal_log *log, cJSON *line)
{
    int64_t done = json_int(line, "done", -1);
    int r = 0;

    if (done < 0)
        r = add_intent(log, line);
    if (done < 0 && r == 0)
        return 0;
    if (done >= (int64_t)log->count)
        r = -EBADMSG;
    else if (done >= 0 && !log->entries[done].after)
        log->entries[done].after = cJSON_DetachItemFromObjectCaseSensitive(line, "after");
    cJSON_Delete(line);
    return r;
}

static int take_head(struct journal_log *log, const cJSON *line)
{
    const char *run_id = json_str(line, "run"), *verb = json_str(line, "verb");
    const char *uuid = json_str(line, "uuid");

    if (json_int(line, "journal", 0) != JOURNAL_SCHEMA || !run_id || !verb || !uuid)
        return -EBADMSG;
    snprintf(log->uuid, sizeof log->uuid, "%s", uuid);
    snprintf(log->run_id, sizeof log->run_id, "%s", run_id);
    snprintf(log->verb, sizeof log->verb, "%s", verb);
    return 0;
}

int journal_read(int state_dir, struct journal_log *ret, struct err *e)
{
    struct journal_log log = { 0 };
    autobuf struct buf text = { 0 };
    struct stat st;
    char *p, *end;
    bool head = true;
    int r;

    r = beneath_read(state_dir, JOURNAL_NAME, JOURNAL_MAX, &text, &st);
    if (r < 0)
        return r == -ENOENT ? r : err_set(e, r, EXIT_FAILED, "journal: %s", strerror(-r));
    p = (char *)text.data;
    end = p ? p + text.len : NULL;
    while (p < end) {
        cJSON *line = NULL;

        if (take_line(&p, end, &line) < 0) {
            if (!memchr(p, '\n', (size_t)(end - p)))
                break; /* torn: it was never acted on */
            r = -EBADMSG;
        } else if (head) {
            r = take_head(&log, line);
            cJSON_Delete(line);
        } else {
            r = take_entry(&log, line);
        }
        head = false;
        if (r < 0) {
            journal_log_done(&log);
            return err_set(e, r, EXIT_FAILED, "journal: damaged, or written by a newer version");
        }
    }
    *ret = log;
    return 0;
}

void journal_log_done(struct journal_log *log)
{
    for (size_t i = 0; i < log->count; i++) {
        cJSON_Delete(log->entries[i].intent);
        cJSON_Delete(log->entries[i].after);
    }
    free(log->entries);
    *log = (struct journal_log){ 0 };
}
