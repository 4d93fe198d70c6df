#include "sys/journal_tail.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-id128.h>
#include <systemd/sd-journal.h>

#define ENTRIES_MAX                                                                                \
    8 /* entries looked at, from the newest: systemd's own follow the unit's words */

static int match_boot(sd_journal *j)
{
    sd_id128_t boot;
    char text[9 + SD_ID128_STRING_MAX] = "_BOOT_ID=";
    int r = sd_id128_get_boot(&boot);

    if (r < 0)
        return r;
    sd_id128_to_string(boot, text + 9);
    return sd_journal_add_match(j, text, 0);
}

static int match_unit(sd_journal *j, const char *field, const char *unit)
{
    char text[160];

    snprintf(text, sizeof text, "%s=%s", field, unit);
    return sd_journal_add_match(j, text, 0);
}

static int copy_message(sd_journal *j, char *out, size_t size)
{
    const void *data;
    size_t len;
    int r = sd_journal_get_data(j, "MESSAGE", &data, &len);

    if (r < 0)
        return r;
    if (len < 9)
        return -ENOENT;
    snprintf(out, size, "%.*s", (int)(len - 8), (const char *)data + 8);
    out[strcspn(out, "\n")] = '\0';
    return out[0] ? 0 : -ENOENT;
}

/* The newest line of a match that carries words. */
static int newest(sd_journal *j, char *out, size_t size)
{
    int r = sd_journal_seek_tail(j);

    for (int i = 0; r >= 0 && i < ENTRIES_MAX; i++) {
        r = sd_journal_previous(j);
        if (r == 0)
            return -ENOENT;
        if (r > 0 && copy_message(j, out, size) >= 0)
            return 0;
    }
    return r < 0 ? r : -ENOENT;
}

int journal_tail(const char *unit, char *out, size_t size)
{
    static const char *const fields[] = { "_SYSTEMD_UNIT", "UNIT" };
    sd_journal *j = NULL;
    int r = sd_journal_open(&j, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM);

    out[0] = '\0';
    if (r < 0)
        return -ENOENT;
    r = -ENOENT;
    for (size_t i = 0; r < 0 && i < sizeof fields / sizeof fields[0]; i++) {
        sd_journal_flush_matches(j);
        r = match_boot(j);
        if (r >= 0)
            r = match_unit(j, fields[i], unit);
        if (r >= 0)
            r = newest(j, out, size);
    }
    sd_journal_close(j);
    if (r < 0)
        out[0] = '\0';
    return r < 0 ? -ENOENT : 0;
}
