/* The writer: takes rows until AUDIT_GROUP_MS after the first or until a group is full, commits
 * them, reports. When that fails it keeps the rows, reports why, and tries again with the database
 * opened anew; it stops taking rows when its room is full, so that the queue grows on the other
 * side, where it is counted. */
#include "base/mem.h"
#include "gateway/audit_db.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define GROUP_MAX 512
#define RETRY_MS 300

struct writer {
    int fd;
    const char *path, *instance;
    struct audit_db *db;
    int64_t base;           /* below 0 until the database was open once */
    struct audit_row *rows; /* GROUP_MAX */
    size_t count;
    bool ended; /* no more rows will come */
    struct audit_report report;
};

static int64_t clock_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void tell(struct writer *w)
{
    if (send(w->fd, &w->report, sizeof w->report, MSG_NOSIGNAL) < 0)
        w->ended = true; /* the gateway is gone: write what is there and end */
}

static void set_fault(struct writer *w, const char *why)
{
    w->report.failing = why != NULL;
    snprintf(w->report.reason, sizeof w->report.reason, "%s", why ? why : "");
}

static void take_row(struct writer *w)
{
    ssize_t n = recv(w->fd, &w->rows[w->count], sizeof *w->rows, 0);

    if (n == (ssize_t)sizeof *w->rows)
        w->count++;
    else if (n >= 0 || errno != EINTR)
        w->ended = true; /* end of file, or something that is no row */
}

/* Takes rows until the first one's group time is over; while failing, until the next try is due. */
static void gather(struct writer *w)
{
    int64_t until = w->report.failing ? clock_ms() + RETRY_MS : INT64_MAX;

    while (!w->ended) {
        struct pollfd p = { .fd = w->count < GROUP_MAX ? w->fd : -1, .events = POLLIN };
        int64_t left = until == INT64_MAX ? -1 : until - clock_ms();
        bool first = w->count == 0;

        if (until != INT64_MAX && left <= 0)
            return;
        if (w->count == GROUP_MAX && !w->report.failing)
            return;
        if (poll(&p, 1, (int)left) > 0)
            take_row(w);
        if (first && w->count && !w->report.failing)
            until = clock_ms() + AUDIT_GROUP_MS;
    }
}

static int commit(struct writer *w)
{
    char why[sizeof w->report.reason] = "";
    int r = 0;

    if (!w->db)
        r = audit_db_open(w->path, w->instance, &w->base, &w->db, why, sizeof why);
    if (r == 0 && w->count)
        r = audit_db_commit(w->db, w->rows, w->count, why, sizeof why);
    if (r < 0) {
        audit_db_close(w->db);
        w->db = NULL;
        set_fault(w, why[0] ? why : "can't be written");
        return r;
    }
    for (size_t i = 0; i < w->count; i++)
        if (!w->rows[i].ending)
            w->report.committed = w->rows[i].seq;
    w->count = 0;
    set_fault(w, NULL);
    return 0;
}

static void loop(struct writer *w)
{
    while (!w->ended || w->count) {
        bool last;

        gather(w);
        last = w->ended;
        if (commit(w) < 0 && last)
            return; /* nobody is left to keep them for */
        tell(w);
    }
}

int audit_write(int fd, const char *dir, const char *instance)
{
    char path[512];
    struct writer w = { .fd = fd, .path = path, .instance = instance, .base = -1 };

    signal(SIGTERM, SIG_IGN); /* the end of the socket ends it, after the last row */
    signal(SIGINT, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    snprintf(path, sizeof path, "%s/audit.db", dir);
    w.rows = calloc(GROUP_MAX, sizeof *w.rows);
    if (!w.rows)
        return 1;
    commit(&w); /* of nothing: opens the database, so that the first report is true */
    tell(&w);
    loop(&w);
    audit_db_close(w.db);
    free(w.rows);
    return 0;
}
