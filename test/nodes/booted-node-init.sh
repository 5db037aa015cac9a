#!/bin/sh
# The outer process 1 of a booted node: in mount, pid, IPC and network namespaces of its own it puts the node's
# disk together (an overlay on the cached base) and boots it with systemd-nspawn. All of it, mounts included,
# ends with this process, and this process ends when the node powers off.
#
# usage: booted-node-init.sh STATE_FOLDER NODE_NAME BASE_IMAGE ADDRESS/PREFIX REPOSITORY REPOSITORY_INSIDE [DISK_PATH]
# With DISK_PATH, where the node finds the file system that is in STATE_FOLDER/small-disk.img.
# stdin is the lifeline: a first line says "go"; when it ends (the owner is gone, however it died) the node ends.
set -eu
state=$1
name=$2
base=$3
address=$4
repository=$5
inside=$6
disk_path=${7:-}
exec 3<&0 </dev/null
read -r go <&3 # by then the owner has put the veth `host0` here
[ "$go" = go ]

ip link set lo up
ip address add "$address" dev host0
ip link set host0 up

mount -t overlay overlay -o "lowerdir=$base,upperdir=$state/disk,workdir=$state/overlay-work" "$state/root"
# nspawn keeps its locks and sockets in /run: not in the host's.
mount -t tmpfs -o mode=755,nosuid,nodev tmpfs /run
# Only cgroup v2, rooted at this node's own group, whatever layout the host has.
umount -l /sys/fs/cgroup 2>/dev/null || true
mount -t cgroup2 cgroup2 /sys/fs/cgroup

# The small disk. After a pulled plug the kernel may still be about to let go of it.
small=$state/small-disk
if [ -n "$disk_path" ]; then
  tries=0
  until mount -o loop "$small.img" "$small"; do
    tries=$((tries + 1))
    [ $tries -lt 50 ]
    sleep 0.1
  done
fi

{
  cat <&3 >/dev/null
  kill -KILL -1
} &

# UNIFIED: cgroup v2 inside, or systemd refuses to freeze units. The limit is what a host's PID 1 gives itself.
# 133 is how nspawn asks to be started again, when the node reboots.
status=133
while [ $status -eq 133 ]; do
  status=0
  SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 \
    systemd-nspawn --quiet --directory="$state/root" --boot --machine="$name" --hostname="$name" \
    --register=no --keep-unit --network-namespace-path=/proc/self/ns/net \
    --uuid="$(cat "$state/machine-id")" --resolv-conf=off --timezone=off --link-journal=no \
    --rlimit=RLIMIT_NOFILE=1024:524288 --console=read-only --bind-ro="$repository:$inside" \
    ${disk_path:+--bind="$small:$disk_path"} 3<&- || status=$?
done
[ -z "$disk_path" ] || umount "$small"
# When it ended, in seconds since the host booted. Who waits for this process may learn of it late.
read -r uptime _ </proc/uptime
echo "$uptime" >"$state/ended"
exit $status
