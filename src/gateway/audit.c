#include "gateway/audit.h"

#include "base/mem.h"
#include "gateway/gateway.h"
#include "gateway/log.h"

#include <event2/event.h>
#include <poll.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define FIRST_REPORT_MS 5000
#define STOP_MS 150

struct queued {
    STAILQ_ENTRY(queued) next;
    struct audit_row row;
};

struct audit {
    int fd;
    pid_t writer;
    int64_t seq, lost;
    int64_t kept;              /* seq of the last row that wasn't lost */
    int64_t unconfirmed_since; /* now_ms() of the oldest row not on disk, 0 without one */
    struct audit_report report;
    STAILQ_HEAD(, queued) queue; /* what the socket didn't take yet */
    size_t queue_len;
    struct event *readable, *writable;
    void (*on_gone)(void *);
    void *arg;
};

static void writer_process(int fd, const char *dir, const char *instance)
{
    if (dup2(fd, STDERR_FILENO + 1) < 0 || close_range(STDERR_FILENO + 2, ~0U, 0) < 0)
        _exit(1);
    prctl(PR_SET_NAME, "dc-gw-audit");
    _exit(audit_write(STDERR_FILENO + 1, dir, instance));
}

static bool read_report(struct audit *a)
{
    struct audit_report report;
    bool was_failing = a->report.failing;
    ssize_t n = recv(a->fd, &report, sizeof report, MSG_DONTWAIT);

    if (n != (ssize_t)sizeof report)
        return false;
    a->report = report;
    a->report.reason[sizeof report.reason - 1] = '\0';
    a->unconfirmed_since = report.committed >= a->kept ? 0 : now_ms();
    if (report.failing && !was_failing)
        log_line("audit: can't be written: %s", a->report.reason);
    if (!report.failing && was_failing)
        log_line("audit: is written again");
    return true;
}

int audit_start(const char *dir, const char *instance, struct audit **ret, struct err *e)
{
    struct audit *a = calloc(1, sizeof *a);
    struct pollfd p;
    int pair[2];

    if (!a || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
        free(a);
        return err_set(e, -ENOMEM, EXIT_FAILED, "audit: can't make a socket pair: %m");
    }
    STAILQ_INIT(&a->queue);
    a->fd = pair[0];
    a->writer = fork();
    if (a->writer == 0)
        writer_process(pair[1], dir, instance);
    close(pair[1]);
    p = (struct pollfd){ .fd = a->fd, .events = POLLIN };
    if (a->writer < 0 || poll(&p, 1, FIRST_REPORT_MS) <= 0 || !read_report(a)) {
        err_set(e, -EIO, EXIT_FAILED, "audit: the writer did not start");
        audit_stop(a);
        return -EIO;
    }
    *ret = a;
    return 0;
}

static int send_row(struct audit *a, const struct audit_row *row)
{
    return send(a->fd, row, sizeof *row, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct audit *a = arg;

    (void)fd;
    (void)what;
    if (!read_report(a)) {
        event_del(a->readable);
        a->report.failing = true;
        snprintf(a->report.reason, sizeof a->report.reason, "the writer has ended");
        a->on_gone(a->arg);
    }
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    struct audit *a = arg;
    struct queued *q;

    (void)fd;
    (void)what;
    while ((q = STAILQ_FIRST(&a->queue))) {
        if (send_row(a, &q->row) < 0)
            return;
        STAILQ_REMOVE_HEAD(&a->queue, next);
        a->queue_len--;
        free(q);
    }
    event_del(a->writable);
}

int audit_attach(struct audit *a, struct event_base *base, void (*on_gone)(void *), void *arg)
{
    a->on_gone = on_gone;
    a->arg = arg;
    a->readable = event_new(base, a->fd, EV_READ | EV_PERSIST, on_readable, a);
    a->writable = event_new(base, a->fd, EV_WRITE | EV_PERSIST, on_writable, a);
    return a->readable && a->writable && event_add(a->readable, NULL) == 0 ? 0 : -ENOMEM;
}

/* False when the row is lost. */
static bool enqueue(struct audit *a, const struct audit_row *row)
{
    struct queued *q = NULL;

    if (a->queue_len < AUDIT_QUEUE_MAX)
        q = malloc(sizeof *q);
    if (!q) {
        a->lost++;
        return false;
    }
    q->row = *row;
    STAILQ_INSERT_TAIL(&a->queue, q, next);
    if (a->queue_len++ == 0 && a->writable)
        event_add(a->writable, NULL);
    return true;
}

static void hand_over(struct audit *a, const struct audit_row *row)
{
    bool sent = !a->queue_len && send_row(a, row) == 0;

    if ((!sent && !enqueue(a, row)) || row->ending)
        return; /* nobody will confirm it */
    a->kept = row->seq;
    if (!a->unconfirmed_since)
        a->unconfirmed_since = now_ms();
}

int64_t audit_add(struct audit *a, struct audit_row *row)
{
    row->seq = ++a->seq;
    row->time_ms = wall_ms();
    hand_over(a, row);
    return row->seq;
}

void audit_end(struct audit *a, int64_t seq, int64_t up, int64_t down, int64_t duration_ms,
               const char *reason)
{
    struct audit_row row = { .seq = seq,
                             .ending = true,
                             .has_end = true,
                             .bytes_up = up,
                             .bytes_down = down,
                             .duration_ms = duration_ms };

    snprintf(row.reason, sizeof row.reason, "%s", reason ? reason : "");
    hand_over(a, &row);
}

const char *audit_fault(const struct audit *a)
{
    if (a->report.failing)
        return a->report.reason;
    if (a->queue_len >= AUDIT_QUEUE_MAX)
        return "more rows are waiting than are kept";
    if (a->unconfirmed_since && now_ms() - a->unconfirmed_since > AUDIT_BEHIND_MS)
        return "the writer is more than a second behind";
    return NULL;
}

int64_t audit_rows(const struct audit *a)
{
    return a->seq;
}

int64_t audit_lost(const struct audit *a)
{
    return a->lost;
}

static void flush_queue(struct audit *a, int64_t until)
{
    struct queued *q;

    while ((q = STAILQ_FIRST(&a->queue))) {
        struct pollfd p = { .fd = a->fd, .events = POLLOUT };

        if (now_ms() < until && poll(&p, 1, (int)(until - now_ms())) > 0)
            send_row(a, &q->row);
        STAILQ_REMOVE_HEAD(&a->queue, next);
        free(q);
    }
}

void audit_stop(struct audit *a)
{
    int64_t until = now_ms() + STOP_MS;

    if (!a)
        return;
    flush_queue(a, until);
    if (a->readable)
        event_free(a->readable);
    if (a->writable)
        event_free(a->writable);
    fd_closep(&a->fd);
    while (a->writer > 0 && waitpid(a->writer, NULL, WNOHANG) == 0 && now_ms() < until)
        poll(NULL, 0, 2);
    free(a);
}
