/* Run by verify behind the sandbox's walls when no agent runs there: the host's socket files come
 * on standard input, the home is the operand. */
#include "base/mem.h"
#include "cli/verbs.h"
#include "probe/socket_walk.h"

#define WALK_MS 5000
#define LIST_MAX (4u << 20)

int verb_probe_sockets(int argc, char **argv)
{
    autobuf struct buf listed = { 0 };
    autojson cJSON *j = cJSON_CreateObject();
    autofree char *text = NULL;
    struct socket_walk w;

    if (buf_read_fd(&listed, STDIN_FILENO, LIST_MAX) < 0)
        return EXIT_FAILED;
    socket_walk("/",
                &(struct socket_look){ .own = getuid(),
                                       .skip = argc > 1 ? argv[1] : NULL,
                                       .listed = buf_str(&listed),
                                       .max_ms = WALK_MS },
                &w);
    if (!cJSON_AddNumberToObject(j, "files", (double)w.files) ||
        !cJSON_AddNumberToObject(j, "sockets", (double)w.sockets) ||
        !cJSON_AddNumberToObject(j, "reached", (double)w.reached) ||
        !cJSON_AddBoolToObject(j, "whole", w.whole) ||
        !cJSON_AddStringToObject(j, "first", w.first) || !(text = cJSON_PrintUnformatted(j)))
        return EXIT_FAILED;
    return puts(text) < 0 || fflush(stdout) != 0 ? EXIT_FAILED : EXIT_DONE;
}
