#include "setup/session.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/paths.h"
#include "engine/lock.h"
#include "engine/record.h"
#include "host/host.h"
#include "sys/bus.h"

#include <string.h>
#include <sys/stat.h>

static int fresh_record(struct session *s, struct err *e)
{
    if (!s->run.uuid[0])
        uuid_make(s->run.uuid);
    s->record = cJSON_CreateObject();
    if (!s->record || !cJSON_AddStringToObject(s->record, "schema", RECORD_SCHEMA) ||
        !cJSON_AddStringToObject(s->record, "uuid", s->run.uuid) ||
        !cJSON_AddArrayToObject(s->record, "entries"))
        return err_set(e, -ENOMEM, EXIT_FAILED, "record.json: out of memory");
    return 0;
}

static int take_record(struct session *s, struct err *e)
{
    const char *uuid;
    int r = s->run.state_dir < 0 ? -ENOENT : record_load(s->run.state_dir, &s->record, e);

    if (r == -ENOENT)
        return fresh_record(s, e);
    if (r < 0)
        return r;
    s->had_record = true;
    uuid = json_str(s->record, "uuid");
    if (!uuid || strlen(uuid) != UUID_LEN ||
        !cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(s->record, "entries")))
        return err_set(e, -EBADMSG, EXIT_FAILED, "record.json: has no uuid or no entries");
    memcpy(s->run.uuid, uuid, sizeof s->run.uuid);
    return 0;
}

static int open_for_writing(struct session *s, struct err *e)
{
    int r = host_check(e);

    umask(0022); /* what others read is made with mkdir() too; an admin's may be stricter */
    if (r == 0)
        r = lock_take(s->run.name, &s->lock, e);
    if (r == 0)
        r = state_dir_open(s->run.name, true, &s->run.state_dir, e);
    if (r == 0)
        r = walk_recover(&s->run, &s->recovered, e);
    if (r == 0 && mkdir(DC_ETC, 0755) < 0 && errno != EEXIST) {
        int why = errno;

        err_set(e, -why, EXIT_FAILED, "%s: %s", DC_ETC, strerror(why));
        r = err_fix(e, -why, "make the file system of %s writable and make room on it", DC_ETC);
    }
    return r;
}

int session_open(struct session *s, const char *name, bool write, const struct setup_request *rq,
                 struct err *e)
{
    int r = 0;

    *s = (struct session){ .lock = -EBADF,
                           .run = { .state_dir = -EBADF,
                                    .cancelled = rq->cancelled,
                                    .note = rq->note,
                                    .userdata = rq->userdata } };
    snprintf(s->run.name, sizeof s->run.name, "%s", name);
    s->run.blobs = blobs_new();
    if (!s->run.blobs)
        return err_set(e, -ENOMEM, EXIT_FAILED, "out of memory");
    if (write) {
        r = open_for_writing(s, e);
    } else {
        r = host_check(e);
        if (r == 0)
            r = state_dir_open(name, false, &s->run.state_dir, e);
        if (r == -ENOENT) {
            *e = (struct err){ 0 };
            r = 0;
        }
    }
    return r < 0 ? r : take_record(s, e);
}

cJSON *session_entries(const struct session *s)
{
    return cJSON_GetObjectItemCaseSensitive(s->record, "entries");
}

bool session_active(const struct session *s)
{
    const char *state = json_str(s->record, "state");

    return state && strcmp(state, "active") == 0;
}

void session_close(struct session *s, bool failed_first)
{
    if (failed_first && s->lock >= 0 && !s->had_record)
        state_dir_remove(s->run.name);
    if (s->lock >= 0)
        rmdir(DC_ETC); /* stays while any instance has its directory there */
    bus_close(s->run.bus);
    blobs_free(s->run.blobs);
    cJSON_Delete(s->record);
    fd_closep(&s->run.state_dir);
    fd_closep(&s->lock);
}
