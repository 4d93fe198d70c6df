/* Run by verify behind the sandbox's walls when no agent runs there. */
#include "base/mem.h"
#include "cli/verbs.h"
#include "probe/socket_walk.h"

#define WALK_MS 5000

int verb_probe_sockets(int argc, char **argv)
{
    struct socket_walk w;
    autojson cJSON *j = cJSON_CreateObject();
    autofree char *text = NULL;

    (void)argc, (void)argv;
    socket_walk("/", getuid(), WALK_MS, &w);
    if (!cJSON_AddNumberToObject(j, "files", (double)w.files) ||
        !cJSON_AddNumberToObject(j, "sockets", (double)w.sockets) ||
        !cJSON_AddNumberToObject(j, "reached", (double)w.reached) ||
        !cJSON_AddBoolToObject(j, "whole", w.whole) ||
        !cJSON_AddStringToObject(j, "first", w.first) || !(text = cJSON_PrintUnformatted(j)))
        return EXIT_FAILED;
    return puts(text) < 0 || fflush(stdout) != 0 ? EXIT_FAILED : EXIT_DONE;
}
