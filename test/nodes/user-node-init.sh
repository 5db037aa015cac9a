#!/bin/sh
# Process 1 of a user-mode node: runs in its own mount, pid, UTS, IPC and cgroup namespaces, makes the
# machine look like a freshly booted host of its own, then runs a real journald and a real
# `systemd --user`. Everything made here dies with this process.
#
# usage: user-node-init.sh STATE_FOLDER NODE_NAME      (root inside its namespaces)
# stdin is the lifeline: a first line says "go"; when it ends (the owner is gone, however it died) the node ends.
set -eu
state=$1
name=$2
exec 3<&0 </dev/null # a shell gives its background jobs /dev/null for stdin: the lifeline needs another number
read -r go <&3
[ "$go" = go ]

hostname "$name" 2>/dev/null || printf '%s' "$name" > /proc/sys/kernel/hostname

# A /run of its own: sockets of the host's systemd, journald and D-Bus are out of reach from here.
mount -t tmpfs -o mode=755,nosuid,nodev tmpfs /run
# systemd refuses to run as a user instance, silently, without /run/systemd/system.
mkdir -p /run/systemd/system /run/systemd/journal /run/systemd/user.conf.d /run/systemd/journald.conf.d \
  /run/lock /run/log /run/user/0 /run/hecate-units/sockets.target.wants /run/hecate-empty
chmod 700 /run/user/0

# A boot id per boot and a machine id per node, as on separate hosts.
cat /proc/sys/kernel/random/uuid > /run/hecate-boot-id
mount --bind /run/hecate-boot-id /proc/sys/kernel/random/boot_id
mount --bind "$state/machine-id" /etc/machine-id

# cgroup v2 only, rooted at this node's own group. Freezing units needs init.scope to exist (systemd probes
# for it), and the log fields of a unit are derived from the path user.slice/user-0.slice/user@0.service.
# (A tmpfs between: the kernel does not mount cgroup2 right on cgroup2, and without root nothing can be unmounted.)
mount -t tmpfs tmpfs /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
groups=/sys/fs/cgroup
mkdir -p $groups/init.scope $groups/system.slice/systemd-journald.service \
  $groups/user.slice/user-0.slice/user@0.service $groups/user.slice/user-0.slice/session-1.scope
echo $$ > $groups/init.scope/cgroup.procs

# Only the units that make a user manager: whatever else the host offers to its users stays out.
units=/run/hecate-units
for unit in /usr/lib/systemd/user/*.target /usr/lib/systemd/user/*.slice /usr/lib/systemd/user/systemd-exit.service; do
  [ ! -f "$unit" ] || cp "$unit" $units/
done
cat > $units/dbus.socket <<'UNIT'
[Unit]
Description=D-Bus User Message Bus Socket
[Socket]
ListenStream=%t/bus
UNIT
cat > $units/dbus.service <<'UNIT'
[Unit]
Description=D-Bus User Message Bus
Requires=dbus.socket
[Service]
ExecStart=dbus-daemon --session --address=systemd: --nofork --nopidfile --systemd-activation --syslog-only
ExecReload=dbus-send --print-reply --session --type=method_call --dest=org.freedesktop.DBus / org.freedesktop.DBus.ReloadConfig
UNIT
ln -s ../dbus.socket $units/sockets.target.wants/dbus.socket
mount --bind $units /usr/lib/systemd/user
[ ! -d /etc/systemd/user ] || mount --bind /run/hecate-empty /etc/systemd/user

# The log is kept under the state folder, so it survives a power-off and can be read from outside.
mount -t tmpfs tmpfs /var/log
mkdir /var/log/journal
mount --bind "$state/journal" /var/log/journal
: > /run/systemd/journal/flushed # journald: write to /var/log/journal from the first line on
cat > /run/systemd/journald.conf.d/hecate.conf <<'CONF'
[Journal]
Storage=persistent
ReadKMsg=no
Audit=no
RateLimitIntervalSec=0
ForwardToSyslog=no
ForwardToWall=no
SystemMaxUse=64M
SystemKeepFree=0
SyncIntervalSec=1s
CONF
cat > /run/systemd/user.conf.d/hecate.conf <<'CONF'
[Manager]
LogTarget=journal
CONF

for daemon in /usr/lib/systemd/systemd-journald /lib/systemd/systemd-journald; do
  [ -x $daemon ] && break
done
for manager in /usr/lib/systemd/systemd /lib/systemd/systemd; do
  [ -x $manager ] && break
done

(
  echo 0 > $groups/system.slice/systemd-journald.service/cgroup.procs
  exec env -i PATH="$PATH" $daemon
) 3<&- &
journald=$!
# The manager logs through this socket: wait for it, or its first lines are lost.
tries=0
until [ -S /run/systemd/journal/stdout ] || [ $tries -ge 200 ]; do
  tries=$((tries + 1))
  sleep 0.02
done

(
  echo 0 > $groups/user.slice/user-0.slice/user@0.service/cgroup.procs
  cd "$HOME"
  exec $manager --user
) 3<&- &
systemd=$!

{
  cat <&3 >/dev/null
  kill -KILL -1
} &

status=0
wait $systemd || status=$?
kill -TERM $journald 2>/dev/null || true # closes the journal files cleanly
wait $journald 2>/dev/null || true
exit $status
