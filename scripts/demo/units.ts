/** The demonstration's unit files: in the shape of k3s' own, without k3s. */

/** Type=notify and KillMode=process as k3s.service has them; it takes two seconds to become ready. */
const server = `[Unit]
Description=Lightweight Kubernetes (a stand-in)
After=network-online.target

[Service]
Type=notify
NotifyAccess=all
KillMode=process
Delegate=yes
Restart=always
RestartSec=5s
TimeoutStartSec=0
ExecStart=/bin/sh -c 'echo "joining the cluster"; sleep 2; echo "serving"; systemd-notify --ready --status=serving; exec sleep infinity'
ExecStop=/bin/sh -c 'echo "leaving the cluster"; if [ -n "$MAINPID" ]; then kill "$MAINPID"; fi'

[Install]
WantedBy=default.target
`;

const worker = server
  .replace('Lightweight Kubernetes (a stand-in)', 'Lightweight Kubernetes agent (a stand-in)')
  .replace('joining the cluster', 'looking for a server');

/**
 * Something that goes wrong, to see how it is told. It ends a moment after its last word: journald finds out
 * whose line it is by looking at the writer, when it belongs to a user's systemd.
 */
const broken = `[Unit]
Description=A backup that fails

[Service]
Type=oneshot
ExecStart=/bin/sh -c 'echo "no route to the backup host" >&2; sleep 0.3; exit 3'
`;

/** Something that changes by itself, to watch with hecatectl monitor. */
const heartbeat = `[Unit]
Description=Says that it is alive

[Service]
Type=oneshot
ExecStart=/bin/echo alive
`;

const heartbeatTimer = `[Unit]
Description=Says that it is alive, now and then

[Timer]
OnActiveSec=5s
OnUnitActiveSec=60s
AccuracySec=1s
`;

export const demoUnits: Record<string, string> = {
  'k3s.service': server,
  'k3s-agent.service': worker,
  'backup.service': broken,
  'alive.service': heartbeat,
  'alive.timer': heartbeatTimer,
};
