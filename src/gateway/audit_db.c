#include "gateway/audit_db.h"

#include "base/mem.h"

#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>

/* time is in milliseconds since 1970; bytes and duration are NULL until the connection has ended;
 * program stays NULL until calling programs are looked up. */
static const char schema[] =
    "PRAGMA journal_mode=WAL;"
    "PRAGMA synchronous=FULL;"
    "CREATE TABLE IF NOT EXISTS decision("
    " id INTEGER PRIMARY KEY, time INTEGER NOT NULL, instance TEXT NOT NULL, proto TEXT NOT NULL,"
    " host TEXT NOT NULL, address TEXT, port INTEGER, method TEXT,"
    " verdict TEXT NOT NULL, rule TEXT, reason TEXT,"
    " bytes_up INTEGER, bytes_down INTEGER, duration_ms INTEGER, program TEXT);"
    "CREATE INDEX IF NOT EXISTS decision_time ON decision(time);"
    "PRAGMA user_version=1;";

static const char insert_sql[] =
    "INSERT INTO decision(id,time,instance,proto,host,address,port,method,verdict,rule,reason,"
    "bytes_up,bytes_down,duration_ms) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
    " ON CONFLICT(id) DO NOTHING";

static const char update_sql[] = "UPDATE decision SET bytes_up=?2, bytes_down=?3, duration_ms=?4,"
                                 " reason=coalesce(?5,reason) WHERE id=?1";

struct audit_db {
    sqlite3 *db;
    sqlite3_stmt *insert, *update;
    int64_t base; /* the greatest id that stood there at first: this run's rows follow it */
    char instance[64];
};

static int fail(struct audit_db *db, char *why, size_t size)
{
    snprintf(why, size, "%s", db->db ? sqlite3_errmsg(db->db) : "out of memory");
    return -EIO;
}

static int read_base(struct audit_db *db, int64_t *base)
{
    sqlite3_stmt *s = NULL;
    int rc;

    if (*base >= 0)
        return SQLITE_OK;
    rc = sqlite3_prepare_v2(db->db, "SELECT coalesce(max(id),0) FROM decision", -1, &s, NULL);
    if (rc == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW)
        *base = sqlite3_column_int64(s, 0);
    else
        rc = SQLITE_ERROR;
    sqlite3_finalize(s);
    return rc;
}

int audit_db_open(const char *path, const char *instance, int64_t *base, struct audit_db **ret,
                  char *why, size_t size)
{
    struct audit_db *db = calloc(1, sizeof *db);
    mode_t mask = umask(0077);

    if (!db) {
        umask(mask);
        snprintf(why, size, "out of memory");
        return -EIO;
    }
    snprintf(db->instance, sizeof db->instance, "%s", instance);
    if (sqlite3_open_v2(path, &db->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) ||
        sqlite3_busy_timeout(db->db, 500) || sqlite3_exec(db->db, schema, NULL, NULL, NULL) ||
        sqlite3_prepare_v2(db->db, insert_sql, -1, &db->insert, NULL) ||
        sqlite3_prepare_v2(db->db, update_sql, -1, &db->update, NULL) || read_base(db, base)) {
        int r = fail(db, why, size);

        audit_db_close(db);
        umask(mask);
        return r;
    }
    umask(mask);
    db->base = *base;
    *ret = db;
    return 0;
}

void audit_db_close(struct audit_db *db)
{
    if (!db)
        return;
    sqlite3_finalize(db->insert);
    sqlite3_finalize(db->update);
    sqlite3_close(db->db);
    free(db);
}

static void bind_text(sqlite3_stmt *s, int at, const char *text)
{
    if (text[0])
        sqlite3_bind_text(s, at, text, -1, SQLITE_STATIC);
    else
        sqlite3_bind_null(s, at);
}

static int run(sqlite3_stmt *s)
{
    int rc = sqlite3_step(s);

    sqlite3_reset(s);
    sqlite3_clear_bindings(s);
    return rc == SQLITE_DONE ? 0 : -EIO;
}

static int insert(struct audit_db *db, const struct audit_row *row)
{
    static const char *const verdicts[] = { [AUDIT_REFUSE] = "refuse", [AUDIT_ALLOW] = "allow" };
    sqlite3_stmt *s = db->insert;

    sqlite3_bind_int64(s, 1, db->base + row->seq);
    sqlite3_bind_int64(s, 2, row->time_ms);
    sqlite3_bind_text(s, 3, db->instance, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 4, row->proto, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 5, row->host, -1, SQLITE_STATIC);
    bind_text(s, 6, row->address);
    if (row->port)
        sqlite3_bind_int(s, 7, row->port);
    bind_text(s, 8, row->method);
    sqlite3_bind_text(s, 9, verdicts[row->verdict == AUDIT_ALLOW], -1, SQLITE_STATIC);
    bind_text(s, 10, row->rule);
    bind_text(s, 11, row->reason);
    if (row->has_end) {
        sqlite3_bind_int64(s, 12, row->bytes_up);
        sqlite3_bind_int64(s, 13, row->bytes_down);
        sqlite3_bind_int64(s, 14, row->duration_ms);
    }
    return run(s);
}

static int update(struct audit_db *db, const struct audit_row *row)
{
    sqlite3_stmt *s = db->update;

    sqlite3_bind_int64(s, 1, db->base + row->seq);
    sqlite3_bind_int64(s, 2, row->bytes_up);
    sqlite3_bind_int64(s, 3, row->bytes_down);
    sqlite3_bind_int64(s, 4, row->duration_ms);
    bind_text(s, 5, row->reason);
    return run(s);
}

int audit_db_commit(struct audit_db *db, const struct audit_row *rows, size_t n, char *why,
                    size_t size)
{
    int r = sqlite3_exec(db->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) ? -EIO : 0;

    for (size_t i = 0; r == 0 && i < n; i++)
        r = rows[i].ending ? update(db, &rows[i]) : insert(db, &rows[i]);
    if (r == 0 && sqlite3_exec(db->db, "COMMIT", NULL, NULL, NULL))
        r = -EIO;
    if (r < 0) {
        fail(db, why, size);
        sqlite3_exec(db->db, "ROLLBACK", NULL, NULL, NULL);
    }
    return r;
}
