/* The journal of one run: what is about to change and what stood there, on disk before the first
 * change. A line is "LENGTH CHECK JSON\n" (decimal length and the first 16 hex digits of
 * BLAKE2b-256 of the JSON): a torn last line is known by its check and ignored.
 *
 *   {"journal":1,"run":UUID,"verb":"setup","uuid":UUID}            first line
 *   {"seq":0,"kind","id","step","keep","before":{…},"want":{…}}    intent
 *   {"done":0,"after":{…}}                                         read back after the put
 *
 * Whatever becomes of the process, a reader decides by looking at the machine; the journal says
 * only where to look and what was there. It stands in the instance's state directory from the first
 * intent until the record is replaced (or all is rolled back). */
#ifndef DEFENSECLAW_ENGINE_JOURNAL_H
#define DEFENSECLAW_ENGINE_JOURNAL_H

#include "base/err.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

struct journal {
    int fd; /* open for appending, -EBADF when none */
    int dir;
};

/* Starts a journal in the state directory (must not exist). 0, -EEXIST or other negative errno. */
int journal_start(struct journal *j, int state_dir, const char *run_id, const char *verb,
                  const char *uuid);
/* Appends one line; not synced. */
int journal_append(struct journal *j, const cJSON *line);
/* Makes all appended lines, and the file's name, durable. */
int journal_sync(struct journal *j);
/* Removes the journal's name, durably, and closes it. */
int journal_finish(struct journal *j);
void journal_close(struct journal *j);

/* One intent with what is known of its end. */
struct journal_entry {
    cJSON *intent; /* owned */
    cJSON *after;  /* owned; NULL while not done */
};

struct journal_log {
    char run_id[64];
    char uuid[64]; /* of the instance */
    char verb[16];
    struct journal_entry *entries;
    size_t count;
};

/* Reads what a killed run left. -ENOENT when there is none, -EBADMSG (with e) when a line before
 * the last is damaged or the schema is newer. */
int journal_read(int state_dir, struct journal_log *ret, struct err *e);
void journal_log_done(struct journal_log *log);

#endif
