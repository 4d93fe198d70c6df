#include "provision/units_text.h"

#include "base/mem.h"
#include "base/paths.h"
#include "provision/confinement.h"
#include "provision/property.h"

#include <arpa/inet.h>
#include <assert.h>
#include <string.h>

#define MADE_BY "# Made by `defenseclaw sandbox setup`: changes are found and undone.\n"

/* No option here may bring a mount namespace: a name made in one is dead outside. Firewalls that
 * flush all tables at start come first. */
static const char netns_text[] =
    MADE_BY "[Unit]\n"
            "Description=DefenseClaw network of sandbox {name}\n"
            "Documentation=man:defenseclaw(8)\n"
            "PartOf={target}\n"
            "After=network-pre.target nftables.service firewalld.service ufw.service\n"
            "\n"
            "[Service]\n"
            "Type=oneshot\n"
            "RemainAfterExit=yes\n"
            "ExecStart={bindir}/defenseclaw sandbox network up --name {name}\n"
            "ExecStop={bindir}/defenseclaw sandbox network down --name {name}\n"
            "TimeoutStartSec=30\n"
            "TimeoutStopSec=30\n"
            "CapabilityBoundingSet=CAP_NET_ADMIN CAP_SYS_ADMIN\n"
            "NoNewPrivileges=yes\n"
            "UMask=0022\n"
            "LockPersonality=yes\n"
            "MemoryDenyWriteExecute=yes\n"
            "RestrictRealtime=yes\n"
            "RestrictNamespaces=net mnt\n"
            "RestrictAddressFamilies=AF_UNIX AF_NETLINK AF_INET AF_INET6\n"
            "SystemCallArchitectures=native\n"
            "SystemCallErrorNumber=EPERM\n"
            "SystemCallFilter=@system-service @mount setns unshare\n"
            "KeyringMode=private\n"
            "LimitCORE=0\n";

/* Without default dependencies: those put every socket before basic.target, and the namespace that
 * these need comes after it. */
static const char socket_text[] =
    MADE_BY "[Unit]\n"
            "Description=DefenseClaw gateway of sandbox {name}: what the sandbox reaches\n"
            "Documentation=man:defenseclaw-gateway(8)\n"
            "DefaultDependencies=no\n"
            "Conflicts=shutdown.target\n"
            "Before=shutdown.target\n"
            "BindsTo={netns}\n"
            "After={netns}\n"
            "PartOf={target}\n"
            "\n"
            "[Socket]\n"
            "ListenStream={host_ip}:18970\n"
            "ListenStream={host_ip}:3128\n"
            "ListenStream={host_ip}:53\n"
            "ListenDatagram={host_ip}:53\n"
            "BindToDevice={name}0\n"
            "Backlog=512\n"
            "FileDescriptorName=host\n"
            "Service={gateway}\n";

static const char local_text[] =
    MADE_BY "[Unit]\n"
            "Description=DefenseClaw gateway of sandbox {name}: what the host reaches\n"
            "Documentation=man:defenseclaw-gateway(8)\n"
            "DefaultDependencies=no\n"
            "Conflicts=shutdown.target\n"
            "Before=shutdown.target\n"
            "BindsTo={netns}\n"
            "After={netns}\n"
            "PartOf={target}\n"
            "\n"
            "[Socket]\n"
            "{relay}"
            "ListenStream=" DC_RUN "/{name}/gateway.sock\n"
            "SocketMode=0666\n"
            "DirectoryMode=0755\n"
            "RemoveOnStop=yes\n"
            "FileDescriptorName=local\n"
            "Service={gateway}\n";

static const char gateway_text[] =
    MADE_BY "[Unit]\n"
            "Description=DefenseClaw gateway of sandbox {name}\n"
            "Documentation=man:defenseclaw-gateway(8)\n"
            "Requires={socket} {local}\n"
            "After={socket} {local} network.target\n"
            "PartOf={target}\n"
            "\n"
            "[Service]\n"
            "Type=notify\n"
            "Sockets={socket} {local}\n"
            "ExecStart={bindir}/defenseclaw-gateway serve --name {name}\n"
            "ExecReload=/bin/kill -HUP $MAINPID\n"
            "Restart=always\n"
            "RestartSec=1\n"
            "WatchdogSec=20\n"
            "TimeoutStartSec=30\n"
            "TimeoutStopSec=10\n"
            "StateDirectory=defenseclaw-gateway/{name}\n"
            "StateDirectoryMode=0700\n"
            "{credentials}"
            "{walls}";

/* Without the sockets it doesn't start; while the gateway itself is down they hold its ports, and
 * nothing gets out. */
static const char agent_text[] =
    MADE_BY "[Unit]\n"
            "Description=OpenClaw in sandbox {name}\n"
            "Documentation=man:defenseclaw(8)\n"
            "BindsTo={netns}\n"
            "Requires={socket} {local}\n"
            "Wants={gateway}\n"
            "After={netns} {socket} {local} {gateway}\n"
            "PartOf={target}\n"
            "StartLimitIntervalSec=300\n"
            "StartLimitBurst=5\n"
            "\n"
            "[Service]\n"
            "Type=exec\n"
            "ExecStart={libexecdir}/defenseclaw-launch {openclaw} gateway run\n"
            "Restart=always\n"
            "RestartSec=5\n"
            "{walls}";

static const char target_text[] = MADE_BY "[Unit]\n"
                                          "Description=DefenseClaw sandbox {name}\n"
                                          "Documentation=man:defenseclaw(8)\n"
                                          "Wants={netns} {socket} {local} {gateway}{agent}\n"
                                          "After={netns} {socket} {local} {gateway}{agent}\n"
                                          "\n"
                                          "[Install]\n"
                                          "WantedBy=multi-user.target\n";

static const char *const texts[] = {
    [UNIT_NETNS] = netns_text,     [UNIT_SOCKET] = socket_text, [UNIT_LOCAL] = local_text,
    [UNIT_GATEWAY] = gateway_text, [UNIT_AGENT] = agent_text,   [UNIT_TARGET] = target_text,
};
static_assert(N_ELEMENTS(texts) == UNIT_COUNT, "write a text for every unit");

void units_names(const char *instance, struct unit_names *ret)
{
    static const char *const forms[] = {
        [UNIT_NETNS] = "defenseclaw-netns@%.*s.service",
        [UNIT_SOCKET] = "defenseclaw-gateway@%.*s.socket",
        [UNIT_LOCAL] = "defenseclaw-local@%.*s.socket",
        [UNIT_GATEWAY] = "defenseclaw-gateway@%.*s.service",
        [UNIT_AGENT] = "openshell-%.*s.service",
        [UNIT_TARGET] = "defenseclaw-%.*s.target",
    };

    static_assert(N_ELEMENTS(forms) == UNIT_COUNT, "name every unit");
    for (size_t i = 0; i < UNIT_COUNT; i++) {
        const char *rest = strstr(forms[i], "%.*s");

        snprintf(ret->unit[i], sizeof ret->unit[i], "%.*s%.*s%s", (int)(rest - forms[i]), forms[i],
                 NAME_MAX_LEN, instance, rest + 4);
    }
}

/* One line for each secret that exists: systemd would start the unit without one, but a name that
 * nobody set has no business there. */
static int add_credential(const char *instance, const char *name, struct buf *out)
{
    char line[512];

    snprintf(line, sizeof line, "LoadCredentialEncrypted=%s:" DC_ETC "/%s/secrets/%s.cred\n", name,
             instance, name);
    return strstr(buf_str(out), line) ? 0 : buf_puts(out, line);
}

static int credentials(const struct inputs *in, struct buf *out)
{
    const cJSON *item, *recorded = in->keep_secrets ? in->record : NULL;
    const char *instance = in->in.spec.name;
    char prefix[64];
    size_t len = (size_t)snprintf(prefix, sizeof prefix, DC_ETC "/%s/secrets/", instance);

    cJSON_ArrayForEach(item, in->secrets) add_credential(instance, item->string, out);
    cJSON_ArrayForEach(item, recorded)
    {
        const char *id = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(item, "id"));
        char name[256];

        if (id && strncmp(id, prefix, len) == 0 &&
            sscanf(id + len, "%255[A-Z0-9_].cred", name) == 1)
            add_credential(instance, name, out);
    }
    return out->failed;
}

static int walls(const struct inputs *in, enum unit_id id, struct buf *out)
{
    struct confinement c;

    if (id != UNIT_AGENT && id != UNIT_GATEWAY)
        return 0;
    confinement_of(&in->in, &in->host, &c);
    return confinement_lines(&c, id == UNIT_AGENT ? CONFINED_AGENT : CONFINED_GATEWAY, out);
}

int units_text(const struct inputs *in, const struct unit_names *n, enum unit_id id,
               struct buf *out)
{
    const struct spec *s = &in->in.spec;
    autobuf struct buf creds = { 0 }, lines = { 0 };
    char host_ip[INET_ADDRSTRLEN], relay[64] = "", agent[72] = "";
    const struct property_var vars[] = {
        { "name", s->name },
        { "host_ip", inet_ntop(AF_INET, &s->host_ip, host_ip, sizeof host_ip) },
        { "bindir", DC_BINDIR },
        { "libexecdir", DC_LIBEXECDIR },
        { "netns", n->unit[UNIT_NETNS] },
        { "socket", n->unit[UNIT_SOCKET] },
        { "local", n->unit[UNIT_LOCAL] },
        { "gateway", n->unit[UNIT_GATEWAY] },
        { "target", n->unit[UNIT_TARGET] },
        { "openclaw", in->host.openclaw },
        { "relay", relay },
        { "agent", agent },
        { "credentials", NULL },
        { "walls", NULL },
    };
    struct property_var all[N_ELEMENTS(vars)];
    int r = credentials(in, &creds);

    if (r >= 0)
        r = walls(in, id, &lines);
    if (r < 0)
        return r;
    if (!s->no_host_networking)
        snprintf(relay, sizeof relay, "ListenStream=127.0.0.1:%u\n", s->relay_port);
    if (!s->no_agent)
        snprintf(agent, sizeof agent, " %s", n->unit[UNIT_AGENT]);
    memcpy(all, vars, sizeof vars);
    all[N_ELEMENTS(vars) - 2].value = buf_str(&creds);
    all[N_ELEMENTS(vars) - 1].value = buf_str(&lines);
    return property_expand(all, N_ELEMENTS(all), texts[id], out);
}
