/* What one run of the engine carries from kind to kind. */
#ifndef DEFENSECLAW_ENGINE_RUN_H
#define DEFENSECLAW_ENGINE_RUN_H

#include "base/digest.h"
#include "base/err.h"
#include "engine/blob.h"
#include "spec/spec.h"

#include <stdbool.h>

struct bus; /* sys/bus.h */

struct run {
    char name[NAME_MAX_LEN + 1];
    char uuid[UUID_LEN + 1];
    int state_dir;       /* /var/lib/defenseclaw/NAME, root's own, O_PATH */
    struct blobs *blobs; /* wanted and former bytes */
    struct bus *bus;     /* opened on first use by bus_get() */
    bool units_changed;  /* a file under /etc/systemd/system was put: see kind unit */
    bool units_loaded;   /* systemd had read one of ours before that */

    bool (*cancelled)(void); /* asked between two changes; NULL: never */

    /* Tells a person of something kept, widened or left alone; may be NULL. */
    void (*note)(void *userdata, const char *text);
    void *userdata;
};

/* printf-style front of run->note. */
void run_note(struct run *run, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
