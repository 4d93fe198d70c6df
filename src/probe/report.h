/* What verify found: checks, each with what was tried, what was expected, what came back, and how
 * it was shown that the check can fail. */
#ifndef DEFENSECLAW_PROBE_REPORT_H
#define DEFENSECLAW_PROBE_REPORT_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum check_result { CHECK_PASS, CHECK_FAIL, CHECK_UNPROVEN, CHECK_SKIPPED, CHECK_RESULT_COUNT };

extern const char *const check_result_names[CHECK_RESULT_COUNT];

struct check {
    char name[192];
    enum check_result result;
    char tried[256], expected[192], got[640];
    char control[256]; /* "" when a success proves itself */
};

struct verify_report {
    char instance[16];
    struct check *checks;
    size_t count, cap;
    unsigned results[CHECK_RESULT_COUNT];
    int failed; /* -ENOMEM once a check was lost: never green then */
};

/* Adds a copy of the check. */
void report_add(struct verify_report *r, const struct check *c);

/* Adds a check of fixed texts; got is printf's. */
void report_addf(struct verify_report *r, enum check_result result, const char *name,
                 const char *tried, const char *expected, const char *got_fmt, ...)
    __attribute__((format(printf, 6, 7)));

/* All passed or were skipped by a flag, and at least one passed. */
bool report_green(const struct verify_report *r);

/* The document defenseclaw.verify/1; NULL when out of memory. */
cJSON *report_json(const struct verify_report *r);

/* A table for a person: what isn't green in full, the rest a line each. */
void report_print(const struct verify_report *r, FILE *out, bool colour);

/* JUnit XML; 0 or negative errno. */
int report_junit(const struct verify_report *r, const char *path);

void report_done(struct verify_report *r);

#endif
