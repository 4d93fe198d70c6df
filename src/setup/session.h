/* One run on one instance: lock, state directory, record, bus; opened and closed together. */
#ifndef DEFENSECLAW_SETUP_SESSION_H
#define DEFENSECLAW_SETUP_SESSION_H

#include "setup/setup.h"

struct session {
    struct run run;
    int lock;
    cJSON *record;   /* as loaded, or a fresh one without "state" */
    bool had_record; /* it was loaded */
    bool recovered;  /* an interrupted run was undone first */
};

/* Opens for name. write: takes the lock, makes the state directory and undoes an interrupted run;
 * else touches nothing. Close in any case. */
int session_open(struct session *s, const char *name, bool write, const struct setup_request *rq,
                 struct err *e);
/* The entries of the record; NULL when it has none. */
cJSON *session_entries(const struct session *s);
bool session_active(const struct session *s);
/* failed_first: nothing of a first run is left, so that its state directory goes too. */
void session_close(struct session *s, bool failed_first);

#endif
