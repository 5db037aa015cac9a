#!/bin/sh
# Removes what a fleet leaves on the host, when its owner is done or dead: waits for stdin to end (the owner
# holds the other end, so even SIGKILL of the owner is seen), then kills what is left in the fleet's control
# group, removes the group, and removes the state folder. The only way a fleet is ever cleaned up, so a crash
# is cleaned up exactly as well as an orderly end.
#
# usage: janitor.sh CONTROL_GROUP STATE_FOLDER          (CONTROL_GROUP may be empty: rootless fleets have none)
set -u
group=$1
state=$2
cat >/dev/null

case $state in */hecate-fleet-*) ;; *) echo "janitor: refusing to remove $state" >&2; exit 2 ;; esac
case $group in '' | */hecate-fleet-*) ;; *) echo "janitor: refusing to remove $group" >&2; exit 2 ;; esac

tries=0
while [ -n "$group" ] && [ -d "$group" ] && [ $tries -lt 100 ]; do
  tries=$((tries + 1))
  if [ -w "$group/cgroup.kill" ]; then
    echo 1 > "$group/cgroup.kill"
  else
    find "$group" -name cgroup.procs -exec cat {} + 2>/dev/null | while read -r pid; do
      [ "$pid" -eq 0 ] || kill -KILL "$pid" 2>/dev/null
    done
  fi
  find "$group" -depth -type d -exec rmdir {} + 2>/dev/null
  [ ! -d "$group" ] || sleep 0.05
done

# Mounts were made in the nodes' own namespaces and died with them; --one-file-system is the second lock.
tries=0
until rm -rf --one-file-system -- "$state" 2>/dev/null; do
  tries=$((tries + 1))
  [ $tries -lt 100 ] || { echo "janitor: cannot remove $state" >&2; exit 1; }
  sleep 0.05
done
[ -z "$group" ] || [ ! -d "$group" ] || { echo "janitor: cannot remove $group" >&2; exit 1; }
