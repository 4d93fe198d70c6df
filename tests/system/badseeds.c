/* badseeds DIR: writes every bad bundle that the unit tests know to DIR/NAME.tar. */
#include "../unit/seed_cases.h"
#include "../unit/seed_kit.h"

#include <stdio.h>

int main(int argc, char **argv)
{
    char path[4096];

    if (argc != 2)
        return 2;
    for (size_t i = 0; i < bad_seed_count; i++) {
        autobuf struct buf tar = { 0 };

        bad_seeds[i].make(&tar);
        snprintf(path, sizeof path, "%s/%s.tar", argv[1], bad_seeds[i].what);
        kit_write(path, &tar);
    }
    return 0;
}
