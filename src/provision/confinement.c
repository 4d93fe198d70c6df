#include "provision/confinement.h"

#include "base/mem.h"
#include "base/paths.h"
#include "provision/property.h"

#include <arpa/inet.h>
#include <assert.h>
#include <string.h>

/* Programs that lend rights or reach a daemon, under both of their names: /bin is a second bind of
 * /usr/bin, and what hides one doesn't hide the other. */
#define HIDDEN(p) " -/usr/bin/" p " -/bin/" p
#define HIDDEN_SBIN(p) " -/usr/sbin/" p " -/sbin/" p

static const struct property_row rows[] = {
    { "User", "{name}", PROPERTY_STRING },
    { "Group", "{name}", PROPERTY_STRING },
    { "SupplementaryGroups", "", PROPERTY_LIST },
    { "WorkingDirectory", "{home}", PROPERTY_STRING },
    { "NetworkNamespacePath", "/run/netns/{name}0", PROPERTY_STRING },
    { "UMask", "0077", PROPERTY_OCTAL },

    /* privileges */
    { "NoNewPrivileges", "yes", PROPERTY_BOOL },
    { "CapabilityBoundingSet", "", PROPERTY_NOTHING },
    { "AmbientCapabilities", "", PROPERTY_NOTHING },
    { "SecureBits", "noroot noroot-locked no-setuid-fixup-locked keep-caps-locked",
      PROPERTY_SECURE_BITS },

    /* What there is to see is an allow-list: nobody knows what lies in /opt, /srv or /mnt of a
     * host. */
    { "TemporaryFileSystem",
      "/:ro,mode=755 /run:mode=755,nosuid,nodev,noexec /var:mode=755,nosuid,nodev,noexec "
      "/dev/shm:mode=1777,nosuid,nodev,noexec,size=256M",
      PROPERTY_TMPFS },
    { "BindReadOnlyPaths", "/usr -/bin -/sbin -/lib -/lib64", PROPERTY_BINDS },
    { "BindReadOnlyPaths", "{trees}", PROPERTY_BINDS },
    { "BindReadOnlyPaths",
      "/etc/passwd /etc/group /etc/ld.so.cache -/etc/ssl -/etc/alternatives -/etc/localtime "
      "-/etc/ca-certificates -/etc/os-release",
      PROPERTY_BINDS },
    { "BindReadOnlyPaths",
      DC_ETC "/{name} " DC_ETC "/{name}/resolv.conf:/etc/resolv.conf " DC_DATADIR
             "/sandbox/nsswitch.conf:/etc/nsswitch.conf " DC_DATADIR "/sandbox/hosts:/etc/hosts",
      PROPERTY_BINDS },
    { "BindPaths", "{home}", PROPERTY_BINDS },
    { "InaccessiblePaths", "-{home}/.ssh -" DC_ETC "/{name}/secrets", PROPERTY_LIST },
    { "InaccessiblePaths",
      "-/usr/bin/sudo -/bin/sudo" HIDDEN("su") HIDDEN("doas") HIDDEN("pkexec") HIDDEN("run0")
          HIDDEN("newgrp") HIDDEN("newuidmap") HIDDEN("newgidmap") HIDDEN("mount") HIDDEN("umount"),
      PROPERTY_LIST },
    { "InaccessiblePaths",
      "-/usr/bin/at -/bin/at" HIDDEN("batch") HIDDEN("crontab") HIDDEN("systemd-run")
          HIDDEN("machinectl") HIDDEN_SBIN("unix_chkpwd"),
      PROPERTY_LIST },
    { "MountAPIVFS", "yes", PROPERTY_BOOL },
    { "PrivateMounts", "yes", PROPERTY_BOOL },
    { "PrivateTmp", "yes", PROPERTY_BOOL },
    { "PrivateDevices", "yes", PROPERTY_BOOL },
    { "DevicePolicy", "closed", PROPERTY_STRING },
    { "BindLogSockets", "no", PROPERTY_BOOL, .since = 257 },

    /* other processes, and the kernel's knobs */
    { "PrivateIPC", "yes", PROPERTY_BOOL },
    { "PrivatePIDs", "yes", PROPERTY_STRING, .since = 257 },
    { "ProtectProc", "invisible", PROPERTY_STRING },
    { "ProcSubset", "pid", PROPERTY_STRING },
    { "ProtectKernelTunables", "yes", PROPERTY_BOOL },
    { "ProtectKernelModules", "yes", PROPERTY_BOOL },
    { "ProtectKernelLogs", "yes", PROPERTY_BOOL },
    { "ProtectClock", "yes", PROPERTY_BOOL },
    { "ProtectHostname", "yes", PROPERTY_BOOL },
    /* Below 257 "strict" doesn't parse, and the line then counts for nothing. */
    { "ProtectControlGroups", "strict", PROPERTY_STRING, "ProtectControlGroupsEx", .since = 257 },
    { "ProtectControlGroups", "yes", PROPERTY_BOOL, .until = 257 },
    { "InaccessiblePaths", "/sys/fs/cgroup", PROPERTY_LIST, .until = 257 },
    /* Otherwise one file of the control group is bound writable. */
    { "MemoryPressureWatch", "off", PROPERTY_STRING, .since = 254 },
    { "KeyringMode", "private", PROPERTY_STRING },
    { "RemoveIPC", "yes", PROPERTY_BOOL },

    /* system calls; no RestrictSUIDSGID (its filter makes openat2 fail, and OpenClaw needs that),
     * no MemoryDenyWriteExecute (it ends node at once) */
    { "LockPersonality", "yes", PROPERTY_BOOL },
    { "RestrictRealtime", "yes", PROPERTY_BOOL },
    { "RestrictNamespaces", "yes", PROPERTY_NOTHING },
    { "RestrictAddressFamilies", "AF_UNIX AF_INET AF_NETLINK", PROPERTY_FAMILIES },
    { "SystemCallArchitectures", "native", PROPERTY_LIST },
    { "SystemCallErrorNumber", "EPERM", PROPERTY_ERRNO },
    { "SystemCallFilter", "@system-service", PROPERTY_SYSCALLS },
    { "SystemCallFilter",
      "~@privileged @debug @keyring @mount @clock @cpu-emulation @obsolete @raw-io @reboot @swap "
      "@module @aio bpf perf_event_open userfaultfd memfd_secret process_vm_readv "
      "process_vm_writev pidfd_getfd kcmp io_uring_setup io_uring_enter io_uring_register "
      "fanotify_init name_to_handle_at open_by_handle_at vmsplice personality quotactl",
      PROPERTY_SYSCALLS },

    /* how much */
    { "TasksMax", "4096", PROPERTY_NUMBER },
    { "LimitCORE", "0", PROPERTY_NUMBER },
    { "LimitNOFILE", "65536", PROPERTY_NUMBER },
    { "LimitMSGQUEUE", "0", PROPERTY_NUMBER },
    { "OOMPolicy", "kill", PROPERTY_STRING },
    { "OOMScoreAdjust", "500", PROPERTY_SIGNED },

    /* A program that is process 1 of its namespace may ignore SIGTERM. */
    { "KillMode", "mixed", PROPERTY_STRING },
    { "TimeoutStopSec", "5", PROPERTY_SECONDS, "TimeoutStopUSec" },

    /* A third fence where the kernel lets systemd build it; nothing counts on it. */
    { "IPAddressDeny", "any", PROPERTY_ADDRESSES },
    { "IPAddressAllow", "127.0.0.0/8 {peers}", PROPERTY_ADDRESSES },

    { "Environment",
      "HOME={home} PATH=/usr/local/bin:/usr/bin:/bin DEFENSECLAW_SANDBOX={name} "
      "OPENCLAW_NO_RESPAWN=1 DO_NOT_TRACK=1 NODE_USE_ENV_PROXY=1",
      PROPERTY_LIST },
    /* curl reads only the small http_proxy; without NO_PROXY loopback would go to the proxy too */
    { "Environment",
      "HTTP_PROXY=http://{host_ip}:3128 HTTPS_PROXY=http://{host_ip}:3128 "
      "http_proxy=http://{host_ip}:3128 https_proxy=http://{host_ip}:3128 "
      "OPENCLAW_PROXY_URL=http://{host_ip}:3128 NO_PROXY=127.0.0.1,localhost,::1 "
      "no_proxy=127.0.0.1,localhost,::1",
      PROPERTY_LIST },
    { "Environment", "{config}", PROPERTY_LIST },
};

static void add_word(char *list, size_t size, const char *word)
{
    size_t len = strlen(list);

    snprintf(list + len, size - len, "%s%s", len ? " " : "", word);
}

/* A tree is bound at its own path unless /usr brings it. */
static void add_tree(struct confinement *c, const char *path)
{
    if (path[0] && strncmp(path, "/usr/", 5) != 0)
        add_word(c->trees, sizeof c->trees, path);
}

void confinement_of(const struct instance *in, const struct host *h, struct confinement *ret)
{
    const struct spec *s = &in->spec;
    char text[INET_ADDRSTRLEN];

    *ret = (struct confinement){ .version = h->systemd_version };
    snprintf(ret->name, sizeof ret->name, "%s", s->name);
    snprintf(ret->home, sizeof ret->home, "%s", s->home);
    inet_ntop(AF_INET, &s->host_ip, ret->host_ip, sizeof ret->host_ip);
    add_word(ret->peers, sizeof ret->peers, ret->host_ip);
    for (size_t i = 0; !s->dns_host && i < s->dns_count; i++)
        add_word(ret->peers, sizeof ret->peers, inet_ntop(AF_INET, &s->dns[i], text, sizeof text));
    add_tree(ret, DC_LIBEXECDIR);
    add_tree(ret, DC_BINDIR "/defenseclaw");
    add_tree(ret, DC_BINDIR "/defenseclaw-gateway");
    add_tree(ret, h->openclaw_root);
    if (strcmp(h->interpreter_root, h->openclaw_root) != 0)
        add_tree(ret, h->interpreter_root);
    if (s->policy == POLICY_STRICT)
        snprintf(ret->config, sizeof ret->config,
                 "OPENCLAW_CONFIG_PATH=" DC_ETC "/%s/openclaw/openclaw.json "
                 "OPENCLAW_STATE_DIR=%s/.openclaw",
                 s->name, s->home);
}

static struct property_set set_of(const struct confinement *c, struct property_var *vars)
{
    const struct property_var all[] = {
        { "name", c->name },   { "home", c->home },   { "host_ip", c->host_ip },
        { "peers", c->peers }, { "trees", c->trees }, { "config", c->config },
    };

    static_assert(N_ELEMENTS(all) <= CONFINEMENT_VARS, "make room for every variable");
    memcpy(vars, all, sizeof all);
    return (struct property_set){ rows, N_ELEMENTS(rows), vars, N_ELEMENTS(all), c->version };
}

int confinement_lines(const struct confinement *c, struct buf *out)
{
    struct property_var vars[CONFINEMENT_VARS];
    struct property_set s = set_of(c, vars);

    return property_lines(&s, out);
}

cJSON *confinement_transient(const struct confinement *c)
{
    struct property_var vars[CONFINEMENT_VARS];
    struct property_set s = set_of(c, vars);

    return property_transient(&s);
}

cJSON *confinement_expected(const struct confinement *c)
{
    struct property_var vars[CONFINEMENT_VARS];
    struct property_set s = set_of(c, vars);

    return property_expected(&s);
}
