#include "resource/kinds.h"

#include "base/mem.h"

#include <string.h>

static const struct resource_kind *const kinds[] = {
    &kind_account,  &kind_file, &kind_config,  &kind_line,
    &kind_openclaw, &kind_copy, &kind_network, &kind_unit,
};

const struct resource_kind *resource_kind_find(const char *name)
{
    for (size_t i = 0; i < N_ELEMENTS(kinds); i++)
        if (strcmp(kinds[i]->name, name) == 0)
            return kinds[i];
    return NULL;
}
