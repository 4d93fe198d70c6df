#include "cli/streams.h"

#include "base/mem.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>

static void relay_end(struct relay *r)
{
    r->in->fd = -1;
    r->out->fd = -1;
    if (r->own_to && r->to >= 0) {
        close(r->to);
        r->to = -1;
    }
}

static void on_readable(struct transient_watch *w, short revents)
{
    struct relay *r = w->userdata;
    ssize_t n = read(r->from, r->data, sizeof r->data);

    (void)revents;
    if (n <= 0) {
        if (n == 0 || (errno != EAGAIN && errno != EINTR))
            relay_end(r);
        return;
    }
    r->have = (size_t)n;
    r->done = 0;
    r->in->fd = -1;
    r->out->fd = r->to;
}

static void on_writable(struct transient_watch *w, short revents)
{
    struct relay *r = w->userdata;
    ssize_t n = write(r->to, r->data + r->done, r->have - r->done);

    (void)revents;
    if (n < 0) {
        if (errno != EAGAIN && errno != EINTR)
            relay_end(r);
        return;
    }
    r->done += (size_t)n;
    if (r->done < r->have)
        return;
    r->have = 0;
    r->out->fd = -1;
    r->in->fd = r->from;
}

static void add_relay(struct streams *s, int from, int to, bool own_to)
{
    struct relay *r = &s->relays[s->relay_count++];

    *r = (struct relay){ .from = from, .to = to, .own_to = own_to };
    r->in = &s->watches[s->watch_count++];
    r->out = &s->watches[s->watch_count++];
    *r->in = (struct transient_watch){ from, POLLIN, on_readable, r };
    *r->out = (struct transient_watch){ -1, POLLOUT, on_writable, r };
}

static int open_terminal(struct streams *s, int in, int out)
{
    struct winsize size;

    s->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (s->master < 0)
        return -errno;
    s->ours[s->our_count++] = s->master;
    if (grantpt(s->master) < 0 || unlockpt(s->master) < 0 ||
        ptsname_r(s->master, s->tty, sizeof s->tty) != 0)
        return -errno;
    if (ioctl(in, TIOCGWINSZ, &size) == 0)
        ioctl(s->master, TIOCSWINSZ, &size);
    add_relay(s, in, s->master, false);
    add_relay(s, s->master, out, false);
    return 0;
}

/* A pipe in the place of one stream that is a terminal. */
static int open_pipe(struct streams *s, int stream, int fd)
{
    int ends[2], r = pipe2(ends, O_CLOEXEC) < 0 ? -errno : 0;

    if (r < 0)
        return r;
    s->fds[stream] = ends[stream == 0 ? 0 : 1];
    s->ours[s->our_count++] = s->fds[stream];
    if (stream == 0) {
        add_relay(s, fd, ends[1], true);
        return 0;
    }
    s->ours[s->our_count++] = ends[0];
    add_relay(s, ends[0], fd, false);
    return 0;
}

int streams_open(struct streams *s, int in, int out, int err)
{
    const int given[3] = { in, out, err };
    int r = 0;

    *s = (struct streams){ .fds = { in, out, err }, .master = -1 };
    if (isatty(in) && isatty(out)) {
        r = open_terminal(s, in, out);
        if (r == 0 && tcgetattr(in, &s->saved) == 0) {
            struct termios raw = s->saved;

            cfmakeraw(&raw);
            s->raw = tcsetattr(in, TCSADRAIN, &raw) == 0;
        }
    } else {
        for (int i = 0; r == 0 && i < 3; i++)
            if (isatty(given[i]))
                r = open_pipe(s, i, given[i]);
    }
    if (r < 0)
        streams_close(s);
    return r;
}

void streams_resize(const struct streams *s)
{
    struct winsize size;

    if (s->master >= 0 && ioctl(s->relays[0].from, TIOCGWINSZ, &size) == 0)
        ioctl(s->master, TIOCSWINSZ, &size);
}

/* What the job wrote last is still on its way; it has ended, so nothing more comes. */
static void drain(struct relay *r)
{
    struct pollfd p = { .fd = r->from, .events = POLLIN };

    while (r->in->fd >= 0 || r->out->fd >= 0) {
        if (r->out->fd >= 0)
            on_writable(r->out, POLLOUT);
        else if (poll(&p, 1, 0) > 0)
            on_readable(r->in, POLLIN);
        else
            break;
    }
}

void streams_close(struct streams *s)
{
    for (size_t i = 0; i < s->relay_count; i++) {
        if (!s->relays[i].own_to && s->relays[i].to != s->master)
            drain(&s->relays[i]);
        relay_end(&s->relays[i]);
    }
    for (size_t i = 0; i < s->our_count; i++)
        close(s->ours[i]);
    s->our_count = s->relay_count = 0;
    if (s->raw)
        tcsetattr(0, TCSADRAIN, &s->saved);
    s->raw = false;
}
