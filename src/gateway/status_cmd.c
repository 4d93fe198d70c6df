/* `status`: asks the running gateway over its UNIX socket and says it for a person. */
#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/paths.h"
#include "gateway/verbs.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#define ANSWER_MAX (1u << 20)

static int connect_control(const char *name)
{
    static const struct timeval limit = { .tv_sec = 3 };
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    autofd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(to.sun_path, sizeof to.sun_path, DC_RUN "/%s/gateway.sock", name);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) < 0 ||
        connect(fd, (struct sockaddr *)(void *)&to, sizeof to) < 0)
        return -errno;
    return fd_take(&fd);
}

/* The document, or a negative errno. Caller frees. */
static int ask(const char *name, cJSON **ret)
{
    static const char request[] = "GET /status HTTP/1.0\r\n\r\n";
    autofd int fd = connect_control(name);
    autobuf struct buf answer = { 0 };
    const char *body;
    int r;

    if (fd < 0)
        return fd;
    if (send(fd, request, sizeof request - 1, MSG_NOSIGNAL) != (ssize_t)sizeof request - 1)
        return -EPIPE;
    r = buf_read_fd(&answer, fd, ANSWER_MAX);
    if (r < 0)
        return r;
    body = strstr(buf_str(&answer), "\r\n\r\n");
    if (!body || strncmp(buf_str(&answer), "HTTP/1.1 200 ", 13) != 0)
        return -EPROTO;
    return json_parse("status", body + 4, strlen(body + 4), ret, NULL);
}

static const char *word(const cJSON *j, const char *part, const char *key)
{
    const char *s = json_str(cJSON_GetObjectItemCaseSensitive(j, part), key);

    return s ? s : "unknown";
}

static long long number(const cJSON *j, const char *part, const char *key)
{
    return (long long)json_int(cJSON_GetObjectItemCaseSensitive(j, part), key, -1);
}

static void print_servers(const cJSON *j)
{
    const cJSON *servers = cJSON_GetObjectItemCaseSensitive(
                    cJSON_GetObjectItemCaseSensitive(j, "dns"), "servers"),
                *s;
    const char *between = "";

    cJSON_ArrayForEach(s, servers)
    {
        printf("%s%s", between, cJSON_IsString(s) ? s->valuestring : "?");
        between = ", ";
    }
    puts(between[0] ? ")" : "none known)");
}

static void print_details(const cJSON *j)
{
    const char *error =
        json_str(cJSON_GetObjectItemCaseSensitive(j, "policy"), "last_reload_error");

    printf("policy     %s template, %lld entries, digest %.16s…\n", word(j, "policy", "template"),
           number(j, "policy", "entries"), word(j, "policy", "digest"));
    printf("           programs: %s; Rego modules: %s\n", word(j, "policy", "programs"),
           word(j, "policy", "rego"));
    if (error)
        printf("           the last reload was not taken: %s\n", error);
    printf("dns        filter: %s (the template wants: %s); asks (", word(j, "dns", "filter"),
           word(j, "dns", "filter_wanted"));
    print_servers(j);
    printf("audit      %s, %lld rows, %lld lost; when it can't be written: %s\n",
           word(j, "audit", "state"), number(j, "audit", "rows"), number(j, "audit", "lost"),
           word(j, "audit", "when_failing"));
    printf("device key %s\n", json_str(j, "device_key") ? json_str(j, "device_key") : "unknown");
    printf("egress     %lld allowed, %lld refused, %lld failed; dns %lld queries, %lld failed\n",
           number(j, "counters", "egress_allowed"), number(j, "counters", "egress_refused"),
           number(j, "counters", "egress_failed"), number(j, "counters", "dns_queries"),
           number(j, "counters", "dns_failed"));
    printf("uptime     %lld s\n", (long long)json_int(j, "uptime_s", 0));
}

/* 0 when nothing that should run is down: absent and disabled parts are no fault, nor is an agent
 * that is on its way up. */
static int judge(const cJSON *j)
{
    static const char *const parts[] = { "gateway", "watcher", "guardrail", "sandbox" };
    int status = EXIT_DONE;

    for (size_t i = 0; i < N_ELEMENTS(parts); i++) {
        const char *state = word(j, parts[i], "state");

        if (strcmp(state, "running") != 0 && strcmp(state, "starting") != 0 &&
            strcmp(state, "absent") != 0 && strcmp(state, "disabled") != 0)
            status = EXIT_RED;
    }
    return status;
}

static int print(const cJSON *j, bool json)
{
    static const char *const parts[] = { "gateway", "watcher", "guardrail", "sandbox" };
    autofree char *text = NULL;

    if (json) {
        text = cJSON_PrintUnformatted(j);
        if (text)
            puts(text);
        return text ? judge(j) : EXIT_FAILED;
    }
    for (size_t i = 0; i < N_ELEMENTS(parts); i++)
        printf("%-10s %s\n", parts[i], word(j, parts[i], "state"));
    if (cJSON_GetObjectItemCaseSensitive(j, "policy"))
        print_details(j);
    return judge(j);
}

/* Where no instance of the name is set up there is nothing to start either. */
static int nothing_answers(const char *name, int r)
{
    struct err e = { 0 };
    char path[300];

    snprintf(path, sizeof path, DC_ETC "/%s/instance.json", name);
    err_set(&e, r, EXIT_FAILED, "gateway of %s: nothing answers on " DC_RUN "/%s/gateway.sock: %s",
            name, name, strerror(-r));
    if (access(path, F_OK) == 0)
        err_fix(&e, r, "sudo systemctl start defenseclaw-%s.target", name);
    else
        err_fix(&e, r, "sudo defenseclaw sandbox setup --name %s", name);
    return err_print(&e);
}

int verb_status(const struct verb_args *args)
{
    autojson cJSON *j = NULL;
    int r = ask(args->name, &j);

    return r < 0 ? nothing_answers(args->name, r) : print(j, args->json);
}
