/* Each direction: FLOWING --end of file--> ENDING (what waits is still sent) --sent, shut down-->
 * ENDED. Both ended: done. An error on either side ends both at once. */
#include "gateway/pump.h"

#include "base/mem.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#define READ_AT_ONCE (64u << 10)

/* How long one side may stay silent after the other has said its last. */
static const struct timeval half_open = { .tv_sec = 600 };

enum flow { FLOWING, ENDING, ENDED };

struct end {
    struct pump *pump;
    struct bufferevent *bev;
    enum flow flow; /* of what is read here */
    int64_t bytes;  /* read here */
};

struct pump {
    struct end ends[2];
    void (*done)(const struct pump_total *total, void *arg);
    void *arg;
};

static struct end *other(struct end *e)
{
    return &e->pump->ends[e == &e->pump->ends[0]];
}

static void finish(struct pump *p, bool broken)
{
    struct pump_total total = { p->ends[0].bytes, p->ends[1].bytes, broken };
    void (*done)(const struct pump_total *, void *) = p->done;
    void *arg = p->arg;

    bufferevent_free(p->ends[0].bev);
    bufferevent_free(p->ends[1].bev);
    free(p);
    done(&total, arg);
}

static size_t waiting(struct end *to)
{
    return evbuffer_get_length(bufferevent_get_output(to->bev));
}

/* Passes the end of file on once all before it was sent. True when that freed the pump. */
static bool pass_end(struct end *from)
{
    struct end *to = other(from);

    if (from->flow != ENDING || waiting(to))
        return false;
    shutdown(bufferevent_getfd(to->bev), SHUT_WR);
    from->flow = ENDED;
    if (to->flow != ENDED) {
        bufferevent_set_timeouts(to->bev, &half_open, NULL);
        return false;
    }
    finish(from->pump, false);
    return true;
}

static void move(struct end *from)
{
    struct evbuffer *in = bufferevent_get_input(from->bev);
    struct end *to = other(from);

    from->bytes += (int64_t)evbuffer_get_length(in);
    bufferevent_write_buffer(to->bev, in);
    if (waiting(to) > PUMP_HIGH)
        bufferevent_disable(from->bev, EV_READ);
}

static void on_read(struct bufferevent *bev, void *arg)
{
    (void)bev;
    move(arg);
}

/* Called when at most PUMP_LOW bytes wait for this side. */
static void on_write(struct bufferevent *bev, void *arg)
{
    struct end *to = arg, *from = other(to);

    (void)bev;
    if (from->flow == FLOWING)
        bufferevent_enable(from->bev, EV_READ);
    else
        pass_end(from);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
    struct end *from = arg;

    (void)bev;
    if (what & (BEV_EVENT_ERROR | BEV_EVENT_TIMEOUT)) {
        finish(from->pump, true);
    } else if (what & BEV_EVENT_EOF && from->flow == FLOWING) {
        from->flow = ENDING;
        /* from now on each sent byte may be the last one before the end */
        bufferevent_setwatermark(other(from)->bev, EV_WRITE, 0, 0);
        pass_end(from);
    }
}

void pump_tune(struct bufferevent *bev)
{
    int fd = bufferevent_getfd(bev), on = 1, idle_s = 60, interval_s = 15, probes = 4;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof idle_s);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval_s, sizeof interval_s);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
    bufferevent_set_max_single_read(bev, READ_AT_ONCE);
    bufferevent_set_max_single_write(bev, READ_AT_ONCE);
}

int pump_start(struct bufferevent *a, struct bufferevent *b, bool a_ended,
               void (*done)(const struct pump_total *total, void *arg), void *arg)
{
    struct pump *p = calloc(1, sizeof *p);
    struct bufferevent *bevs[2] = { a, b };

    if (!p) {
        bufferevent_free(a);
        bufferevent_free(b);
        return -ENOMEM;
    }
    p->done = done;
    p->arg = arg;
    for (int i = 0; i < 2; i++) {
        p->ends[i] = (struct end){ .pump = p, .bev = bevs[i] };
        pump_tune(bevs[i]);
        bufferevent_setcb(bevs[i], on_read, on_write, on_event, &p->ends[i]);
        bufferevent_setwatermark(bevs[i], EV_READ, 0, 0);
        bufferevent_setwatermark(bevs[i], EV_WRITE, PUMP_LOW, 0);
        bufferevent_set_timeouts(bevs[i], NULL, NULL);
    }
    move(&p->ends[0]);
    move(&p->ends[1]);
    if (a_ended) { /* something must wait for b, so that on_write passes the end on */
        p->ends[0].flow = ENDING;
        bufferevent_setwatermark(b, EV_WRITE, 0, 0);
    } else {
        bufferevent_enable(a, EV_READ);
    }
    bufferevent_enable(a, EV_WRITE);
    bufferevent_enable(b, EV_READ | EV_WRITE);
    if (a_ended)
        bufferevent_trigger(b, EV_WRITE, BEV_OPT_DEFER_CALLBACKS | BEV_TRIG_IGNORE_WATERMARKS);
    return 0;
}
