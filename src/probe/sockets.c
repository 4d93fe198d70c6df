/* No socket file of the host may be reachable from inside the sandbox's file tree. Looked at as the
 * sandbox user, with the agent's own root directory; its control is a socket file of ours under
 * /run, which the same walk must find where the walls aren't. */
#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/paths.h"
#include "host/host.h"
#include "probe/place.h"
#include "probe/rows.h"
#include "probe/socket_walk.h"
#include "provision/confinement.h"
#include "provision/units_text.h"
#include "sys/transient.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#define WALK_MS 5000
#define CONTROL_DIR "/run/defenseclaw-probe.XXXXXX"

struct sockets {
    struct socket_walk *inside, *control; /* shared with the children */
    pid_t inside_pid, control_pid;
    int root; /* of the agent's process; negative when it doesn't run */
    uid_t uid;
    gid_t gid;
    char control_dir[64];
    int control_fd;
    struct buf listed; /* what the host has bound */
    char home[256];
};

static struct socket_look look_of(const struct sockets *s)
{
    return (struct socket_look){
        .own = s->uid, .skip = s->home, .listed = buf_str(&s->listed), .max_ms = WALK_MS
    };
}

/* -- children -- */

static void walk_inside(void *arg)
{
    struct sockets *s = arg;
    const struct socket_look look = look_of(s);

    if (fchdir(s->root) < 0 || chroot(".") < 0 || chdir("/") < 0 || become(s->uid, s->gid) < 0)
        _exit(1);
    socket_walk("/", &look, s->inside);
}

static void walk_control(void *arg)
{
    struct sockets *s = arg;
    const struct socket_look look = { .own = s->uid, .max_ms = WALK_MS };

    if (become(s->uid, s->gid) < 0)
        _exit(1);
    socket_walk(s->control_dir, &look, s->control);
}

/* -- the control's socket -- */

static int make_control(struct sockets *s)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };

    strcpy(s->control_dir, CONTROL_DIR);
    if (!mkdtemp(s->control_dir)) {
        s->control_dir[0] = '\0';
        return -errno;
    }
    snprintf(at.sun_path, sizeof at.sun_path, "%s/socket", s->control_dir);
    s->control_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (s->control_fd < 0 || bind(s->control_fd, (struct sockaddr *)&at, sizeof at) < 0 ||
        listen(s->control_fd, 1) < 0 || chmod(at.sun_path, 0666) < 0 ||
        chmod(s->control_dir, 0755) < 0)
        return -errno;
    return 0;
}

static void remove_control(struct sockets *s)
{
    char path[96];

    fd_closep(&s->control_fd);
    if (!s->control_dir[0])
        return;
    snprintf(path, sizeof path, "%s/socket", s->control_dir);
    unlink(path);
    rmdir(s->control_dir);
}

/* -- inside, with the agent running -- */

static int agent_root(struct verify *v)
{
    struct unit_names names;
    struct unit_state st = { 0 };
    char path[64];

    units_names(v->in.spec.name, &names);
    if (v->in.spec.no_agent || bus_unit_state(v->bus, names.unit[UNIT_AGENT], &st, NULL) < 0 ||
        st.main_pid == 0)
        return -ENOENT;
    snprintf(path, sizeof path, "/proc/%u/root", st.main_pid);
    return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

struct sockets *rows_sockets_start(struct verify *v)
{
    struct sockets *s = calloc(1, sizeof *s);

    if (!s)
        return NULL;
    s->uid = v->in.uid;
    s->gid = v->in.gid;
    s->control_fd = -EBADF;
    s->inside = shared_new(sizeof *s->inside);
    s->control = shared_new(sizeof *s->control);
    s->root = agent_root(v);
    snprintf(s->home, sizeof s->home, "%s", v->in.spec.home);
    if (socket_list(&s->listed) < 0) { /* half a look is none */
        fd_closep(&s->root);
        return s;
    }
    /* Whatever fails here leaves a walk that isn't whole: the report says so. */
    if (s->inside && s->root >= 0)
        (void)child_start(-1, walk_inside, s, &s->inside_pid);
    if (s->control && make_control(s) == 0)
        (void)child_start(-1, walk_control, s, &s->control_pid);
    return s;
}

/* -- inside, without an agent: a job behind the same walls -- */

/* What `sandbox probe-sockets` prints. */
static void read_job(int fd, struct socket_walk *ret)
{
    autobuf struct buf text = { 0 };
    autojson cJSON *j = NULL;
    const char *first;

    if (buf_read_fd(&text, fd, 4096) < 0 ||
        json_parse("probe-sockets", text.data ? text.data : (const uint8_t *)"", text.len, &j,
                   NULL) < 0)
        return;
    ret->files = (size_t)json_int(j, "files", 0);
    ret->sockets = (size_t)json_int(j, "sockets", 0);
    ret->reached = (size_t)json_int(j, "reached", 1);
    ret->whole = json_bool(j, "whole", false);
    first = json_str(j, "first");
    snprintf(ret->first, sizeof ret->first, "%s", first ? first : "");
}

/* A file in memory that holds what the host has bound. */
static int list_fd(const struct sockets *s)
{
    autofd int fd = memfd_create("sockets", MFD_CLOEXEC);

    if (fd < 0 || write(fd, buf_str(&s->listed), s->listed.len) != (ssize_t)s->listed.len ||
        lseek(fd, 0, SEEK_SET) < 0)
        return -errno;
    return fd_take(&fd);
}

static int run_job(struct sockets *s, struct verify *v, const cJSON *properties, int out,
                   struct err *e)
{
    char unit[64],
        *argv[] = { DC_BINDIR "/defenseclaw", "sandbox", "probe-sockets", s->home, NULL };
    autofd int null = open("/dev/null", O_RDWR | O_CLOEXEC), in = list_fd(s);
    struct transient t = { .unit = unit,
                           .description = "DefenseClaw: looking for sockets from inside",
                           .properties = properties,
                           .argv = argv,
                           .fds = { in, out, null },
                           .timeout = WALK_MS / 1000 + 5 };
    int status = 0, r;

    snprintf(unit, sizeof unit, "defenseclaw-probe-%s-%d.service", v->in.spec.name, getpid());
    if (null < 0 || in < 0)
        return -EIO;
    r = transient_run(v->bus, &t, &status, e);
    if (r == 0 && (!WIFEXITED(status) || WEXITSTATUS(status) != 0))
        return err_set(e, -EIO, EXIT_FAILED, "the job ended with status %d", status);
    return r;
}

static void walk_in_job(struct sockets *s, struct verify *v, struct socket_walk *ret, struct err *e)
{
    struct host *host = calloc(1, sizeof *host);
    autojson cJSON *properties = NULL;
    struct confinement c;
    int ends[2];

    if (!host || host_gather(&v->run, &v->in.spec, host, e) < 0 || pipe2(ends, O_CLOEXEC) < 0) {
        free(host);
        return;
    }
    confinement_of(&v->in, host, &c);
    free(host);
    properties = confinement_transient(&c);
    if (properties && run_job(s, v, properties, ends[1], e) == 0) {
        close(ends[1]);
        ends[1] = -EBADF;
        read_job(ends[0], ret);
    }
    fd_closep(&ends[0]);
    fd_closep(&ends[1]);
}

/* -- the row -- */

static void describe(const struct socket_walk *w, const struct err *e, struct check *c)
{
    if (w->reached)
        snprintf(c->got, sizeof c->got, "%zu reached, %.200s among them", w->reached, w->first);
    else if (!w->whole)
        snprintf(c->got, sizeof c->got, "the look did not come to its end (%zu names): %.200s",
                 w->files,
                 e->text[0] ? e->text
                 : w->error ? strerror(w->error)
                            : "it could not be started");
    else
        snprintf(c->got, sizeof c->got, "none among %zu names", w->files);
}

static void add_row(const struct socket_walk *inside, const struct socket_walk *control,
                    const struct err *e, struct verify_report *r)
{
    struct check c = { .name = "host sockets",
                       .tried = "connecting to every socket file of others that the sandbox's "
                                "processes can see, found by walking and in the kernel's list",
                       .expected = "none reached" };
    bool proven = control && control->reached == 1;

    describe(inside, e, &c);
    snprintf(c.control, sizeof c.control, "%s",
             proven ? "reached: a socket file under /run, by the same look outside the walls"
                    : "a socket file under /run was not reached outside the walls either");
    c.result = inside->reached || !inside->whole ? CHECK_FAIL
               : proven                          ? CHECK_PASS
                                                 : CHECK_UNPROVEN;
    report_add(r, &c);
}

void rows_sockets_finish(struct sockets *s, struct verify *v, struct verify_report *r)
{
    struct socket_walk none = { 0 };
    struct err e = { 0 };

    if (!s) {
        r->failed = -ENOMEM;
        return;
    }
    if (s->root < 0)
        walk_in_job(s, v, &none, &e);
    if (s->inside_pid > 0)
        (void)child_wait(s->inside_pid, WALK_MS + 1000); /* the walk tells whether it is whole */
    if (s->control_pid > 0)
        (void)child_wait(s->control_pid, WALK_MS + 1000);
    add_row(s->root < 0 || !s->inside ? &none : s->inside, s->control, &e, r);
    remove_control(s);
    fd_closep(&s->root);
    buf_done(&s->listed);
    shared_free(s->inside, sizeof *s->inside);
    shared_free(s->control, sizeof *s->control);
    free(s);
}
