/* The audit writer alone: rows in, rows on disk, and what it says when it can't. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "gateway/audit.h"

#include <event2/event.h>
#include <fcntl.h>
#include <poll.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>

static char dir[64], path[96];

static int set_up(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/audit-test-XXXXXX");
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/audit.db", dir);
    return 0;
}

static int tear_down(void **state)
{
    static const char *const ends[] = { "", "-wal", "-shm" };

    (void)state;
    for (size_t i = 0; i < N_ELEMENTS(ends); i++) {
        char name[128];

        snprintf(name, sizeof name, "%s%s", path, ends[i]);
        unlink(name);
    }
    rmdir(path);
    rmdir(dir);
    return 0;
}

static struct audit *start(void)
{
    struct audit *a = NULL;
    struct err e = { 0 };

    assert_int_equal(audit_start(dir, "sandbox", &a, &e), 0);
    return a;
}

static void first_column(const char *sql, char *out, size_t size)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *s = NULL;

    snprintf(out, size, "no row");
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
        sqlite3_prepare_v2(db, sql, -1, &s, NULL) == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW)
        snprintf(out, size, "%s",
                 sqlite3_column_text(s, 0) ? (const char *)sqlite3_column_text(s, 0) : "NULL");
    sqlite3_finalize(s);
    sqlite3_close(db);
}

/* The first column of the query's first row must become want within five seconds: a stopped writer
 * may still be at its last rows. */
static void expect(const char *sql, const char *want)
{
    char got[256];

    for (int i = 0; i < 500; i++) {
        first_column(sql, got, sizeof got);
        if (strcmp(got, want) == 0)
            return;
        poll(NULL, 0, 10);
    }
    assert_string_equal(got, want);
}

static void every_field_of_a_row_arrives(void **state)
{
    struct audit_row row = { .verdict = AUDIT_ALLOW,
                             .port = 443,
                             .proto = "connect",
                             .method = "CONNECT",
                             .address = "192.0.2.1",
                             .rule = "web",
                             .host = "a.example" };
    struct audit *a = start();
    int64_t seq;

    (void)state;
    seq = audit_add(a, &row);
    audit_end(a, seq, 10, 20, 30, "ended");
    audit_stop(a);
    expect(
        "SELECT instance||proto||host||address||port||method||verdict||rule||reason||bytes_up||'/'"
        "||bytes_down||'/'||duration_ms FROM decision",
        "sandboxconnecta.example192.0.2.1443CONNECTallowwebended10/20/30");
    expect("SELECT program FROM decision", "NULL");
    expect("SELECT abs(time/1000-strftime('%s','now'))<60 FROM decision", "1");
}

static void what_is_not_known_is_null(void **state)
{
    struct audit_row row = { .verdict = AUDIT_REFUSE, .proto = "http", .host = "a.example" };
    struct audit *a = start();

    (void)state;
    audit_add(a, &row);
    audit_stop(a);
    expect("SELECT count(*) FROM decision WHERE address IS NULL AND port IS NULL AND method IS NULL"
           " AND rule IS NULL AND reason IS NULL AND bytes_up IS NULL AND duration_ms IS NULL",
           "1");
}

static void an_end_without_a_reason_leaves_the_one_that_stands(void **state)
{
    struct audit_row row = { .proto = "http", .host = "a.example", .reason = "first" };
    struct audit *a = start();

    (void)state;
    audit_end(a, audit_add(a, &row), 1, 2, 3, NULL);
    audit_stop(a);
    expect("SELECT reason||bytes_up FROM decision", "first1");
}

static void hostile_text_is_text(void **state)
{
    struct audit_row row = { .proto = "dns", .host = "'); DROP TABLE decision; --" };
    struct audit *a = start();

    (void)state;
    audit_add(a, &row);
    audit_stop(a);
    expect("SELECT host FROM decision", "'); DROP TABLE decision; --");
}

static void on_gone(void *arg)
{
    (void)arg;
}

static void many_rows_are_kept_in_order_and_none_is_lost(void **state)
{
    struct audit *a = start();
    struct event_base *base = event_base_new();
    char got[32] = "";

    (void)state;
    assert_int_equal(audit_attach(a, base, on_gone, NULL), 0);
    for (int i = 0; i < 3000; i++) {
        struct audit_row row = { .proto = "http" };

        snprintf(row.host, sizeof row.host, "h%d", i);
        assert_int_equal(audit_add(a, &row), i + 1);
        event_base_loop(base, EVLOOP_NONBLOCK);
    }
    for (int i = 0; i < 500 && strcmp(got, "3000") != 0; i++) {
        event_base_loop(base, EVLOOP_NONBLOCK);
        poll(NULL, 0, 10);
        first_column("SELECT count(*) FROM decision WHERE host='h'||(id-1)", got, sizeof got);
    }
    assert_string_equal(got, "3000");
    assert_int_equal(audit_lost(a), 0);
    audit_stop(a);
    event_base_free(base);
}

static void ids_go_on_where_the_last_run_ended(void **state)
{
    struct audit_row row = { .proto = "http", .host = "a" };

    (void)state;
    for (int run = 0; run < 3; run++) {
        struct audit *a = start();

        audit_add(a, &row);
        audit_add(a, &row);
        audit_stop(a);
    }
    expect("SELECT group_concat(id) FROM decision", "1,2,3,4,5,6");
}

/* A lock that the writer waits for in vain makes it open the database anew. */
static void rows_keep_their_ids_when_the_database_is_opened_anew(void **state)
{
    struct audit_row row = { .proto = "http", .host = "a" };
    struct audit *a = start();
    int64_t first = audit_add(a, &row);
    sqlite3 *db = NULL;

    (void)state;
    expect("SELECT count(*) FROM decision", "1");
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    audit_add(a, &row);
    poll(NULL, 0, 900); /* longer than it waits for the lock */
    assert_int_equal(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    audit_end(a, first, 7, 8, 9, NULL);
    expect("SELECT group_concat(id) FROM decision", "1,2");
    expect("SELECT bytes_up FROM decision WHERE id=1", "7");
    audit_stop(a);
}

static void a_database_that_is_none_is_said_and_not_overwritten(void **state)
{
    struct audit *a;
    char bytes[4096], read_back[4096];
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    (void)state;
    memset(bytes, 'x', sizeof bytes);
    assert_int_equal(write(fd, bytes, sizeof bytes), sizeof bytes);
    a = start();
    assert_non_null(audit_fault(a));
    assert_non_null(strstr(audit_fault(a), "not a database"));
    audit_stop(a);
    assert_int_equal(pread(fd, read_back, sizeof read_back, 0), sizeof read_back);
    assert_memory_equal(bytes, read_back, sizeof bytes);
    close(fd);
}

static void rows_beyond_the_queue_are_counted_as_lost(void **state)
{
    struct audit_row row = { .proto = "http", .host = "a" };
    struct audit *a;

    (void)state;
    assert_int_equal(mkdir(path, 0700), 0); /* nothing can be written */
    a = start();
    assert_non_null(audit_fault(a));
    for (int i = 0; i < 3 * AUDIT_QUEUE_MAX; i++)
        audit_add(a, &row);
    assert_true(audit_lost(a) > 0);
    assert_true(audit_lost(a) < 2 * AUDIT_QUEUE_MAX);
    assert_int_equal(audit_rows(a), 3 * AUDIT_QUEUE_MAX);
    audit_stop(a);
}

/* The last row of all is one of the lost: nothing that comes later confirms it. */
static void lost_rows_are_no_fault_once_the_kept_ones_are_on_disk(void **state)
{
    struct audit_row row = { .proto = "http", .host = "a" };
    struct event_base *base = event_base_new();
    struct audit *a;

    (void)state;
    assert_int_equal(mkdir(path, 0700), 0);
    a = start();
    assert_int_equal(audit_attach(a, base, on_gone, NULL), 0);
    for (int i = 0; i < 2 * AUDIT_QUEUE_MAX; i++)
        audit_add(a, &row);
    assert_true(audit_lost(a) > 0);
    assert_int_equal(rmdir(path), 0);
    for (int i = 0; i < 400; i++) { /* longer than the time after which silence is a fault */
        event_base_loop(base, EVLOOP_NONBLOCK);
        poll(NULL, 0, 5);
    }
    assert_null(audit_fault(a));
    audit_stop(a);
    event_base_free(base);
}

static void rows_that_nobody_confirms_are_a_fault(void **state)
{
    struct audit_row row = { .proto = "http", .host = "a" };
    struct audit *a = start();

    (void)state;
    assert_null(audit_fault(a));
    audit_add(a, &row);
    assert_null(audit_fault(a));
    poll(NULL, 0, AUDIT_BEHIND_MS + 50); /* no event loop reads what the writer reports */
    assert_non_null(strstr(audit_fault(a), "behind"));
    audit_stop(a);
}

static void the_database_is_readable_by_its_owner_alone(void **state)
{
    struct audit *a = start();
    struct stat st;

    (void)state;
    audit_stop(a);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_field_of_a_row_arrives, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_not_known_is_null, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_end_without_a_reason_leaves_the_one_that_stands, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(hostile_text_is_text, set_up, tear_down),
        cmocka_unit_test_setup_teardown(many_rows_are_kept_in_order_and_none_is_lost, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(ids_go_on_where_the_last_run_ended, set_up, tear_down),
        cmocka_unit_test_setup_teardown(rows_keep_their_ids_when_the_database_is_opened_anew,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_database_that_is_none_is_said_and_not_overwritten, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(rows_beyond_the_queue_are_counted_as_lost, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(lost_rows_are_no_fault_once_the_kept_ones_are_on_disk,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(rows_that_nobody_confirms_are_a_fault, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_database_is_readable_by_its_owner_alone, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
