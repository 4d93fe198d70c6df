/* The rows. What stands here was tried on systemd 252 and 257 with the real programs. */
#include "provision/confinement_table.h"
#include "base/mem.h"
#include "base/paths.h"

/* Programs that lend rights or reach a daemon, under both of their names: /bin is a second bind of
 * /usr/bin, and what hides one doesn't hide the other. */
#define HIDDEN(p) " -/usr/bin/" p " -/bin/" p
#define HIDDEN_SBIN(p) " -/usr/sbin/" p " -/sbin/" p

const struct property_row agent_rows[] = {
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
    { "MemoryPressureWatch", "no", PROPERTY_STRING, .since = 254 },
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
      "HOME={home} PATH=/usr/local/bin:/usr/bin:/bin DEFENSECLAW_INSTANCE={name} "
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
const size_t agent_row_count = N_ELEMENTS(agent_rows);

const struct property_row gateway_rows[] = {
    { "User", "{gateway_user}", PROPERTY_STRING },
    { "UMask", "0077", PROPERTY_OCTAL },
    { "NoNewPrivileges", "yes", PROPERTY_BOOL },
    { "CapabilityBoundingSet", "", PROPERTY_NOTHING },
    { "AmbientCapabilities", "", PROPERTY_NOTHING },

    { "ProtectSystem", "strict", PROPERTY_STRING },
    { "ProtectHome", "yes", PROPERTY_STRING },
    /* The user may be an admin in many groups, which no option takes away: so the sockets that such
     * groups open (docker's, …) aren't there. What stays: readiness, and the host's servers' list.
     */
    { "TemporaryFileSystem", "/run:ro,mode=755,nosuid,nodev,noexec", PROPERTY_TMPFS },
    { "BindReadOnlyPaths",
      "/run/systemd/notify -/run/systemd/resolve -/run/NetworkManager -/run/resolvconf",
      PROPERTY_BINDS },
    { "PrivateTmp", "yes", PROPERTY_BOOL },
    { "PrivateDevices", "yes", PROPERTY_BOOL },
    { "DevicePolicy", "closed", PROPERTY_STRING },
    { "PrivateIPC", "yes", PROPERTY_BOOL },
    { "ProtectProc", "invisible", PROPERTY_STRING },
    { "ProcSubset", "pid", PROPERTY_STRING },
    { "ProtectKernelTunables", "yes", PROPERTY_BOOL },
    { "ProtectKernelModules", "yes", PROPERTY_BOOL },
    { "ProtectKernelLogs", "yes", PROPERTY_BOOL },
    { "ProtectControlGroups", "yes", PROPERTY_BOOL },
    { "ProtectClock", "yes", PROPERTY_BOOL },
    { "ProtectHostname", "yes", PROPERTY_BOOL },
    { "KeyringMode", "private", PROPERTY_STRING },

    { "LockPersonality", "yes", PROPERTY_BOOL },
    { "MemoryDenyWriteExecute", "yes", PROPERTY_BOOL },
    { "RestrictRealtime", "yes", PROPERTY_BOOL },
    { "RestrictSUIDSGID", "yes", PROPERTY_BOOL },
    { "RestrictNamespaces", "yes", PROPERTY_NOTHING },
    { "RestrictAddressFamilies", "AF_UNIX AF_INET AF_INET6", PROPERTY_FAMILIES },
    { "SystemCallArchitectures", "native", PROPERTY_LIST },
    { "SystemCallErrorNumber", "EPERM", PROPERTY_ERRNO },
    /* its roles confine themselves further */
    { "SystemCallFilter",
      "@system-service seccomp landlock_create_ruleset landlock_add_rule landlock_restrict_self",
      PROPERTY_SYSCALLS },
    { "SystemCallFilter",
      "~@privileged @debug @keyring @mount @clock @cpu-emulation @obsolete @raw-io @reboot @swap "
      "@module bpf perf_event_open userfaultfd",
      PROPERTY_SYSCALLS },
    { "TasksMax", "256", PROPERTY_NUMBER },
    { "LimitCORE", "0", PROPERTY_NUMBER },
    { "LimitNOFILE", "65536", PROPERTY_NUMBER },
};
const size_t gateway_row_count = N_ELEMENTS(gateway_rows);
