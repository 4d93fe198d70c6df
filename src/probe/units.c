/* The units, by what systemd says of them. */
#include "base/buf.h"
#include "base/mem.h"
#include "base/paths.h"
#include "host/host.h"
#include "policy/policy.h"
#include "probe/confined.h"
#include "probe/rows.h"
#include "provision/confinement.h"
#include "provision/units_text.h"

#include <fcntl.h>
#include <string.h>

static bool is_agents(enum unit_id id)
{
    return id == UNIT_AGENT || id == UNIT_TARGET;
}

static void add(struct verify_report *r, bool good, const char *unit, const char *what,
                const char *expected, const char *got)
{
    char name[128], tried[160];

    snprintf(name, sizeof name, "unit %s: %s", unit, what);
    snprintf(tried, sizeof tried, "asking systemd about %s", unit);
    report_addf(r, good ? CHECK_PASS : CHECK_FAIL, name, tried, expected, "%s", got);
}

static void row_state(struct verify *v, enum unit_id id, const char *unit, struct verify_report *r)
{
    struct unit_state st;
    struct err e = { 0 };
    char got[160];
    bool good;

    if (bus_unit_state(v->bus, unit, &st, &e) < 0) {
        add(r, false, unit, "state", "active", e.text);
        return;
    }
    good = strcmp(st.active, "active") == 0 && !st.need_reload;
    if (id == UNIT_TARGET)
        good = good && strcmp(st.file_state, "enabled") == 0;
    snprintf(got, sizeof got, "%s%s%s%s%s", st.active, id == UNIT_TARGET ? ", " : "",
             id == UNIT_TARGET ? st.file_state : "",
             st.result[0] && strcmp(st.result, "success") != 0 ? ", result " : "",
             st.result[0] && strcmp(st.result, "success") != 0 ? st.result : "");
    if (st.need_reload)
        snprintf(got, sizeof got, "%s, but its file has changed since systemd read it", st.active);
    add(r, good, unit, "state", id == UNIT_TARGET ? "active, enabled" : "active", got);
}

static void row_walls(struct verify *v, const struct confinement *c, enum unit_id id,
                      const char *unit, struct verify_report *r)
{
    bool walled = id == UNIT_AGENT || id == UNIT_GATEWAY;
    autojson cJSON *expected = NULL;
    struct err e = { 0 };
    int ok = -ENOMEM;

    if (walled)
        expected = confinement_expected(c, id == UNIT_AGENT ? CONFINED_AGENT : CONFINED_GATEWAY);
    if (!walled || expected)
        ok = confinement_check(v->bus, unit, expected, &e);
    add(r, ok == 0, unit, walled ? "walls" : "source",
        walled ? "every property of the table in force, no drop-in" : "our file, no drop-in",
        ok == 0     ? "as it should be"
        : e.text[0] ? e.text
                    : strerror(-ok));
}

/* The digest of the policy file, and the one that the gateway says it holds. */
static void row_policy(struct verify *v, const char *gateway, struct verify_report *r)
{
    char path[96], digest[DIGEST_HEX_LEN + 1], wanted[DIGEST_HEX_LEN + 8];
    autobuf struct buf text = { 0 };
    struct unit_state st = { 0 };
    struct err e = { 0 };
    autofd int fd = -EBADF;

    snprintf(path, sizeof path, DC_ETC "/%s/policy/egress.yaml", v->in.spec.name);
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || buf_read_fd(&text, fd, POLICY_FILE_MAX) < 0) {
        report_addf(r, CHECK_FAIL, "policy in force", path, "a policy", "the file can't be read");
        return;
    }
    digest_hex(text.data ? text.data : (const uint8_t *)"", text.len, digest);
    snprintf(wanted, sizeof wanted, "policy %s", digest);
    (void)bus_unit_state(v->bus, gateway, &st, &e); /* an error leaves no status to match */
    report_addf(r, strstr(st.status_text, wanted) ? CHECK_PASS : CHECK_FAIL, "policy in force",
                "the digest of egress.yaml beside the one that the gateway says it holds",
                "the same", "%s",
                strstr(st.status_text, wanted) ? "the same"
                : st.status_text[0]            ? st.status_text
                                               : "the gateway says nothing");
}

void rows_units(struct verify *v, struct verify_report *r)
{
    enum verify_part part = v->options->part;
    struct unit_names names;
    struct confinement c;
    struct host *host = calloc(1, sizeof *host);
    struct err e = { 0 };

    units_names(v->in.spec.name, &names);
    if (!host || host_gather(&v->run, &v->in.spec, host, &e) < 0) {
        report_addf(r, CHECK_FAIL, "units", "what the machine has", "to be known", "%s", e.text);
        free(host);
        return;
    }
    confinement_of(&v->in, host, &c);
    free(host);
    for (enum unit_id id = 0; id < UNIT_COUNT; id++) {
        if ((id == UNIT_AGENT && v->in.spec.no_agent) ||
            (part == VERIFY_WITHOUT_AGENT && is_agents(id)) ||
            (part == VERIFY_AGENT && !is_agents(id)))
            continue;
        row_state(v, id, names.unit[id], r);
        row_walls(v, &c, id, names.unit[id], r);
    }
    if (part != VERIFY_AGENT)
        row_policy(v, names.unit[UNIT_GATEWAY], r);
}
