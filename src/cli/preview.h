/* How a plan and its outcome are shown. */
#ifndef DEFENSECLAW_CLI_PREVIEW_H
#define DEFENSECLAW_CLI_PREVIEW_H

#include "setup/setup.h"

#include <stdio.h>

/* The plan: a line a thing that would change, by step; as JSON defenseclaw.plan/1:
 * {"schema","instance","first","spec":{…},"changes":[{"step","kind","id","change"}]}. */
void preview_print(FILE *out, const struct setup_preview *p, bool json);

/* The outcome as JSON, defenseclaw.setup/1: {"schema","instance","result","changes","spec"}. */
void result_print_json(const struct options *o, const struct setup_result *res);

#endif
