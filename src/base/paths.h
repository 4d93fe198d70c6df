/* Where things are. The three directories that `make install` chooses come from the Makefile; the
 * rest is fixed by the design and never follows a flag. */
#ifndef DEFENSECLAW_BASE_PATHS_H
#define DEFENSECLAW_BASE_PATHS_H

#ifndef DC_BINDIR
#define DC_BINDIR "/usr/local/bin"
#define DC_LIBEXECDIR "/usr/local/lib/defenseclaw"
#define DC_DATADIR "/usr/local/share/defenseclaw"
#endif

#define DC_ETC "/etc/defenseclaw"                      /* /NAME: policy in force, instance.json */
#define DC_STATE "/var/lib/defenseclaw"                /* /NAME: record, journal, root's copies */
#define DC_GATEWAY_STATE "/var/lib/defenseclaw-gateway" /* /NAME/audit.db, the gateway's own */
#define DC_RUN "/run/defenseclaw"                      /* /NAME.lock, /NAME/gateway.sock */
#define DC_UNITS "/etc/systemd/system"
#define DC_APPLIANCE_MARK "/usr/lib/defenseclaw/appliance"

#endif
