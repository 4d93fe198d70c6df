/* `sandbox verify`: everything that setup made, read back; the fence, proven live from inside. */
#ifndef DEFENSECLAW_PROBE_VERIFY_H
#define DEFENSECLAW_PROBE_VERIFY_H

#include "base/err.h"
#include "probe/report.h"

#include <stdbool.h>

/* Which rows: first boot runs those without the agent before it starts it, then the agent's. */
enum verify_part { VERIFY_ALL, VERIFY_WITHOUT_AGENT, VERIFY_AGENT };

struct verify_options {
    enum verify_part part;
    unsigned agent_seconds; /* how long an agent that is starting is waited for; 0: 30 */

    /* Told before a wait that a person would wonder about; may be NULL. */
    void (*tell)(void *userdata, const char *text);
    void *userdata;
};

/* Runs the checks of an instance and fills the report (the caller's: report_done()). Needs root.
 * 0 whenever there is a report, green or red; else negative errno with e set and no report. */
int verify_run(const char *name, const struct verify_options *o, struct verify_report *ret,
               struct err *e);

#endif
