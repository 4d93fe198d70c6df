/* The engine on real files in a throw-away directory: every failure and every kill, one after the
 * other. journal_append() is wrapped (Makefile) so that a child can kill itself at any line, before
 * and after it is written. */
#include "base/json.h"
#include "base/mem.h"
#include "engine/journal.h"
#include "engine/record.h"
#include "engine/walk.h"
#include "resource/kinds.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include <cmocka.h>

#define UUID "11111111-2222-4333-8444-555555555555"

static char base[] = "/tmp/defenseclaw-engine-XXXXXX";
static char root[64], state[64];

static int append_countdown = -1; /* lines until this process dies; -1: never */
static bool append_before;        /* die before the line is written, not after */
static int fail_at = -1;          /* the item whose proof fails */
static int proofs;

int __real_journal_append(struct journal *j, const cJSON *line);
int __wrap_journal_append(struct journal *j, const cJSON *line);

int __wrap_journal_append(struct journal *j, const cJSON *line)
{
    bool last = append_countdown == 0;
    int r;

    if (append_countdown > 0)
        append_countdown--;
    if (last && append_before)
        raise(SIGKILL);
    r = __real_journal_append(j, line);
    if (last)
        raise(SIGKILL);
    return r;
}

static int proof(struct run *run, void *userdata, struct err *e)
{
    (void)run;
    (void)userdata;
    return proofs++ == fail_at ? err_set(e, -EIO, EXIT_FAILED, "the proof failed") : 0;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *f)
{
    (void)st;
    (void)flag;
    (void)f;
    return remove(path);
}

static void write_text(const char *path, const char *text)
{
    autofile FILE *f = fopen(path, "we");

    assert_non_null(f);
    fputs(text, f);
}

static const char *in_root(const char *name)
{
    static char paths[8][128];
    static unsigned next;
    char *path = paths[next++ % 8];

    snprintf(path, sizeof paths[0], "%s/%s", root, name);
    return path;
}

static void fresh(void)
{
    nftw(base, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    snprintf(root, sizeof root, "%s/root", base);
    snprintf(state, sizeof state, "%s/state", base);
    assert_int_equal(mkdir(base, 0700), 0);
    assert_int_equal(mkdir(root, 0755), 0);
    assert_int_equal(mkdir(state, 0700), 0);
    write_text(in_root("there"), "somebody's\n");
    chmod(in_root("there"), 0640);
    write_text(in_root("deny"), "mallory");
    assert_int_equal(symlink("there", in_root("link")), 0);
}

static struct buf listing;

static int list_one(const char *path, const struct stat *st, int flag, struct FTW *f)
{
    char text[256] = "";
    ssize_t n = 0;

    (void)flag;
    (void)f;
    if (S_ISREG(st->st_mode)) {
        autofd int fd = open(path, O_RDONLY | O_CLOEXEC);
        n = read(fd, text, sizeof text - 1);
    } else if (S_ISLNK(st->st_mode)) {
        n = readlink(path, text, sizeof text - 1);
    }
    text[n > 0 ? n : 0] = '\0';
    return buf_printf(&listing, "%s %o %u:%u [%s]\n", path, st->st_mode, st->st_uid, st->st_gid,
                      text);
}

static int by_line(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* All of root's tree as sorted text; the caller frees. */
static char *list_root(void)
{
    char *lines[64], *save = NULL;
    struct buf out = { 0 };
    size_t n = 0;

    nftw(root, list_one, 16, FTW_PHYS);
    for (char *l = strtok_r((char *)listing.data, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
        lines[n++] = l;
    qsort(lines, n, sizeof *lines, by_line);
    for (size_t i = 0; i < n; i++)
        buf_printf(&out, "%s\n", lines[i]);
    buf_done(&listing);
    return (char *)out.data;
}

static void open_run(struct run *run)
{
    *run = (struct run){ .name = "t", .uuid = UUID, .blobs = blobs_new() };
    run->state_dir = open(state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(run->state_dir >= 0);
}

static void close_run(struct run *run)
{
    blobs_free(run->blobs);
    close(run->state_dir);
}

static cJSON *load_record(struct run *run)
{
    cJSON *record = NULL;

    if (record_load(run->state_dir, &record, NULL) == 0)
        return record;
    record = cJSON_CreateObject();
    cJSON_AddStringToObject(record, "schema", RECORD_SCHEMA);
    cJSON_AddArrayToObject(record, "entries");
    return record;
}

static void want_one(struct plan *p, const struct resource_kind *kind, const char *name,
                     cJSON *want)
{
    struct plan_item *item = plan_add(p, "test", kind, in_root(name), want);

    assert_non_null(item);
    item->proof = proof;
}

static void want_all(struct run *run, struct plan *p, const char *text)
{
    want_one(p, &kind_file, "d", want_directory(0750, 0, 0));
    want_one(p, &kind_file, "d/sub", want_directory(0755, 0, 0));
    want_one(p, &kind_file, "d/sub/new", want_file(run->blobs, text, strlen(text), 0644, 1, 1));
    want_one(p, &kind_file, "there", want_file(run->blobs, "ours\n", 5, 0600, 0, 0));
    want_one(p, &kind_file, "link", want_link("d/sub/new"));
    want_one(p, &kind_line, "deny", want_line("sandbox"));
    want_one(p, &kind_line, "deny2", want_line("sandbox"));
}

/* One setup, as setup_run() does it, without the machine. */
static int do_setup(const char *text, size_t *ret_changes, struct err *e)
{
    struct plan p = { 0 };
    bool found = false;
    struct run run;
    cJSON *record;
    int r;

    open_run(&run);
    r = walk_recover(&run, &found, e);
    record = load_record(&run);
    proofs = 0;
    want_all(&run, &p, text);
    if (r == 0)
        r = walk_observe(&run, &p, e);
    *ret_changes = plan_changes(&p);
    if (r == 0)
        r = walk_apply(&run, &p, "setup", record, NULL, e);
    cJSON_Delete(record);
    plan_done(&p);
    close_run(&run);
    return r;
}

static int do_disable(struct err *e)
{
    struct plan p = { 0 };
    bool found = false;
    struct run run;
    cJSON *record;
    int r;

    open_run(&run);
    r = walk_recover(&run, &found, e);
    record = load_record(&run);
    if (r == 0)
        r = plan_undo(&p, cJSON_GetObjectItem(record, "entries"), e);
    if (r == 0)
        r = walk_observe(&run, &p, e);
    if (r == 0)
        r = walk_apply(&run, &p, "disable", record, NULL, e);
    cJSON_Delete(record);
    plan_done(&p);
    close_run(&run);
    return r;
}

static int run_or_die(bool disable)
{
    struct err e = { 0 };
    size_t changes;

    return disable ? do_disable(&e) : do_setup("ours", &changes, &e);
}

/* Runs in a child that kills itself at journal line n. Returns whether it was killed. */
static bool killed_at(int n, bool before, bool disable)
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        append_countdown = n;
        append_before = before;
        _exit(run_or_die(disable) < 0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status);
}

static void setup_then_disable_gives_the_same_tree(void **s)
{
    autofree char *was = NULL, *now = NULL;
    struct err e = { 0 };
    size_t changes;

    (void)s;
    fresh();
    was = list_root();
    assert_int_equal(do_setup("ours", &changes, &e), 0);
    assert_int_equal(changes, 7);
    assert_int_equal(do_setup("ours", &changes, &e), 0);
    assert_int_equal(changes, 0);
    assert_int_equal(do_setup("other", &changes, &e), 0);
    assert_int_equal(changes, 1);
    assert_int_equal(do_disable(&e), 0);
    now = list_root();
    assert_string_equal(was, now);
}

static void every_failing_item_is_rolled_back_and_named(void **s)
{
    size_t changes;

    (void)s;
    for (int n = 0; n < 7; n++) {
        autofree char *was = NULL, *now = NULL;
        struct err e = { 0 };

        fresh();
        was = list_root();
        fail_at = n;
        assert_true(do_setup("ours", &changes, &e) < 0);
        fail_at = -1;
        assert_string_equal(e.text, "test: the proof failed");
        now = list_root();
        assert_string_equal(was, now);
    }
}

static void a_kill_of_setup_at_any_line_converges(void **s)
{
    autofree char *was = NULL, *want = NULL;
    struct err e = { 0 };
    size_t changes;
    int kills = 0;

    (void)s;
    fresh();
    was = list_root();
    assert_int_equal(do_setup("ours", &changes, &e), 0);
    want = list_root();
    for (int n = 0; n < 64; n++) {
        for (int before = 0; before < 2; before++) {
            autofree char *again = NULL, *undone = NULL;

            fresh();
            if (!killed_at(n, before, false))
                goto all;
            kills++;
            assert_int_equal(do_setup("ours", &changes, &e), 0);
            again = list_root();
            assert_string_equal(want, again);
            assert_int_equal(do_disable(&e), 0);
            undone = list_root();
            assert_string_equal(was, undone);
            fresh();
            assert_true(killed_at(n, before, false));
            assert_int_equal(do_disable(&e), 0);
            free(undone);
            undone = list_root();
            assert_string_equal(was, undone);
        }
    }
all:
    assert_int_equal(kills, 2 * (7 + 7)); /* seven intents, seven ends */
}

static void a_kill_of_disable_at_any_line_converges(void **s)
{
    autofree char *was = NULL, *want = NULL;
    struct err e = { 0 };
    size_t changes;
    int kills = 0;

    (void)s;
    fresh();
    was = list_root();
    assert_int_equal(do_setup("ours", &changes, &e), 0);
    want = list_root();
    for (int n = 0; n < 64; n++) {
        for (int before = 0; before < 2; before++) {
            autofree char *again = NULL, *undone = NULL;

            fresh();
            assert_int_equal(do_setup("ours", &changes, &e), 0);
            if (!killed_at(n, before, true))
                goto all;
            kills++;
            assert_int_equal(do_disable(&e), 0);
            undone = list_root();
            assert_string_equal(was, undone);
            fresh();
            assert_int_equal(do_setup("ours", &changes, &e), 0);
            assert_true(killed_at(n, before, true));
            assert_int_equal(do_setup("ours", &changes, &e), 0);
            again = list_root();
            assert_string_equal(want, again);
            assert_int_equal(do_disable(&e), 0);
            free(undone);
            undone = list_root();
            assert_string_equal(was, undone);
        }
    }
all:
    assert_int_equal(kills, 2 * (7 + 7));
}

static void a_file_changed_since_setup_is_kept_beside(void **s)
{
    struct err e = { 0 };
    size_t changes;

    (void)s;
    fresh();
    assert_int_equal(do_setup("ours", &changes, &e), 0);
    write_text(in_root("there"), "edited by a person\n");
    assert_int_equal(do_disable(&e), 0);
    assert_int_equal(access(in_root("there.kept-by-defenseclaw"), F_OK), 0);
    assert_int_equal(access(in_root("there"), F_OK), 0);
}

static void a_line_beside_ours_survives(void **s)
{
    char text[64] = "";
    struct err e = { 0 };
    size_t changes;

    (void)s;
    fresh();
    assert_int_equal(do_setup("ours", &changes, &e), 0);
    write_text(in_root("deny"), "mallory\nsandbox\ntrudy\n");
    assert_int_equal(do_disable(&e), 0);
    autofd int fd = open(in_root("deny"), O_RDONLY | O_CLOEXEC);
    assert_true(read(fd, text, sizeof text - 1) > 0);
    assert_string_equal(text, "mallory\ntrudy\n");
}

static void a_directory_that_others_use_stays(void **s)
{
    struct err e = { 0 };
    size_t changes;

    (void)s;
    fresh();
    assert_int_equal(do_setup("ours", &changes, &e), 0);
    write_text(in_root("d/theirs"), "x");
    assert_int_equal(do_disable(&e), 0);
    assert_int_equal(access(in_root("d/theirs"), F_OK), 0);
    assert_int_equal(access(in_root("d/sub"), F_OK), -1);
}

static void a_parent_swapped_for_a_link_is_not_followed(void **s)
{
    struct err e = { 0 };
    size_t changes;

    (void)s;
    fresh();
    assert_int_equal(mkdir(in_root("elsewhere"), 0755), 0);
    assert_int_equal(symlink("elsewhere", in_root("d")), 0);
    assert_true(do_setup("ours", &changes, &e) < 0);
    assert_int_equal(rmdir(in_root("elsewhere")), 0); /* nothing was written into it */
}

static void a_torn_last_line_is_ignored(void **s)
{
    struct journal_log log = { 0 };
    struct journal j;
    struct err e = { 0 };
    struct run run;

    (void)s;
    fresh();
    open_run(&run);
    assert_int_equal(journal_start(&j, run.state_dir, UUID, "setup", UUID), 0);
    assert_int_equal(write(j.fd, "57 0123", 7), 7);
    journal_close(&j);
    assert_int_equal(journal_read(run.state_dir, &log, &e), 0);
    assert_string_equal(log.verb, "setup");
    assert_int_equal(log.count, 0);
    journal_log_done(&log);
    close_run(&run);
}

/* Names that the sandbox user chose must not make a record that nobody can read back. */
static void an_attribute_whose_name_is_not_text_comes_back(void **s)
{
    static const char name[] = "user.\xff\xfe";
    struct err e = { 0 };
    size_t changes;
    char value[8];

    (void)s;
    fresh();
    assert_int_equal(setxattr(in_root("there"), name, "x", 1, 0), 0);
    assert_int_equal(do_setup("ours", &changes, &e), 0);
    assert_int_equal(getxattr(in_root("there"), name, value, sizeof value), -1);
    assert_int_equal(do_disable(&e), 0);
    assert_int_equal(getxattr(in_root("there"), name, value, sizeof value), 1);
    assert_int_equal(value[0], 'x');
}

static void a_link_to_what_is_not_text_is_refused(void **s)
{
    char target[16] = "";
    struct err e = { 0 };
    size_t changes;

    (void)s;
    fresh();
    assert_int_equal(unlink(in_root("link")), 0);
    assert_int_equal(symlink("\xff", in_root("link")), 0);
    assert_int_equal(do_setup("ours", &changes, &e), -EEXIST);
    assert_int_equal(readlink(in_root("link"), target, sizeof target), 1);
    assert_int_equal(target[0], '\xff');
}

static void a_huge_file_in_our_place_is_moved_aside_by_undo(void **s)
{
    struct err e = { 0 };
    struct stat st;
    size_t changes;

    (void)s;
    fresh();
    assert_int_equal(do_setup("ours", &changes, &e), 0);
    assert_int_equal(truncate(in_root("d/sub/new"), 1L << 30), 0);
    assert_int_equal(do_disable(&e), 0);
    assert_int_equal(stat(in_root("d/sub/new"), &st), -1);
    assert_int_equal(stat(in_root("d/sub/new.kept-by-defenseclaw"), &st), 0);
}

/* It may have been written by a newer version: a finished run must not be undone on a guess. */
static void nothing_is_recovered_beside_a_record_that_cannot_be_read(void **s)
{
    char path[128];
    struct err e = { 0 };
    size_t changes;
    pid_t child;

    (void)s;
    fresh();
    append_countdown = 3;
    child = fork();
    if (child == 0)
        _exit(run_or_die(false) < 0);
    append_countdown = -1;
    assert_int_equal(waitpid(child, NULL, 0), child);
    snprintf(path, sizeof path, "%s/record.json", state);
    write_text(path, "{\"schema\":\"defenseclaw.record/2\"}");
    assert_int_equal(do_setup("ours", &changes, &e), -EBADMSG);
    snprintf(path, sizeof path, "%s/journal", state);
    assert_int_equal(access(path, F_OK), 0);
}

static void put_line(struct run *run, const char *line, const cJSON *instead)
{
    autojson cJSON *want = want_line(line), *now = NULL, *after = NULL;
    struct err e = { 0 };

    assert_int_equal(kind_line.observe(run, in_root("deny2"), want, &now, &e), 0);
    assert_int_equal(kind_line.put(run, in_root("deny2"), now, instead ? instead : want, &e), 0);
    assert_int_equal(kind_line.observe(run, in_root("deny2"), want, &after, &e), 0);
    assert_true(kind_line.same(after, instead ? instead : want));
}

/* Of two instances, in whichever order they go. */
static void a_file_made_for_lines_of_ours_goes_with_the_last_of_them(void **s)
{
    autojson cJSON *before = want_absent();
    struct run run;

    (void)s;
    for (int turn = 0; turn < 2; turn++) {
        autofree char *was = NULL, *undone = NULL;

        fresh();
        open_run(&run);
        was = list_root();
        put_line(&run, "first", NULL);
        put_line(&run, "second", NULL);
        put_line(&run, turn ? "first" : "second", before);
        assert_int_equal(access(in_root("deny2"), F_OK), 0);
        put_line(&run, turn ? "second" : "first", before);
        undone = list_root();
        assert_string_equal(was, undone);
        close_run(&run);
    }
}

/* Its name is no secret, and the directory may be the sandbox user's. */
static void a_trap_under_the_temporary_name_stops_nothing(void **s)
{
    struct err e = { 0 };
    size_t changes;

    (void)s;
    fresh();
    assert_int_equal(mkdir(in_root(".there.11111111.tmp"), 0755), 0);
    write_text(in_root(".there.11111111.tmp/x"), "trap");
    assert_int_equal(do_setup("ours", &changes, &e), 0);
    assert_int_equal(access(in_root(".there.11111111.tmp"), F_OK), -1);
    assert_int_equal(do_disable(&e), 0);
}

static size_t stored_blobs(void)
{
    char path[128];
    DIR *dir;
    size_t count = 0;

    snprintf(path, sizeof path, "%s/blob", state);
    dir = opendir(path);
    for (struct dirent *d; dir && (d = readdir(dir));)
        count += d->d_name[0] != '.';
    if (dir)
        closedir(dir);
    return count;
}

/* They may be somebody's secrets. */
static void a_run_that_was_taken_back_leaves_no_bytes(void **s)
{
    struct err e = { 0 };
    size_t changes;

    (void)s;
    fresh();
    fail_at = 5;
    assert_true(do_setup("ours", &changes, &e) < 0);
    fail_at = -1;
    assert_int_equal(stored_blobs(), 0);
    assert_true(killed_at(9, 0, false));
    assert_true(stored_blobs() > 0);
    assert_int_equal(do_disable(&e), 0);
    assert_int_equal(stored_blobs(), 0);
}

static int make_base(void **s)
{
    (void)s;
    return mkdtemp(base) ? 0 : -1;
}

static int remove_base(void **s)
{
    (void)s;
    return nftw(base, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(setup_then_disable_gives_the_same_tree),
        cmocka_unit_test(every_failing_item_is_rolled_back_and_named),
        cmocka_unit_test(a_kill_of_setup_at_any_line_converges),
        cmocka_unit_test(a_kill_of_disable_at_any_line_converges),
        cmocka_unit_test(a_file_changed_since_setup_is_kept_beside),
        cmocka_unit_test(a_line_beside_ours_survives),
        cmocka_unit_test(a_directory_that_others_use_stays),
        cmocka_unit_test(a_parent_swapped_for_a_link_is_not_followed),
        cmocka_unit_test(a_torn_last_line_is_ignored),
        cmocka_unit_test(a_file_made_for_lines_of_ours_goes_with_the_last_of_them),
        cmocka_unit_test(a_trap_under_the_temporary_name_stops_nothing),
        cmocka_unit_test(a_run_that_was_taken_back_leaves_no_bytes),
        cmocka_unit_test(an_attribute_whose_name_is_not_text_comes_back),
        cmocka_unit_test(a_link_to_what_is_not_text_is_refused),
        cmocka_unit_test(a_huge_file_in_our_place_is_moved_aside_by_undo),
        cmocka_unit_test(nothing_is_recovered_beside_a_record_that_cannot_be_read),
    };

    return cmocka_run_group_tests(tests, make_base, remove_base);
}
