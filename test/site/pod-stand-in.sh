#!/bin/sh
# What a container is to systemd: a scope below kubepods.slice, started by k3s and not ended with it. Stopped in order it
# writes a line to its log; killed it does not.
#
# usage: pod-stand-in.sh start    Starts the scope, unless it still runs, and returns.
#        pod-stand-in.sh run      What runs in it.
set -eu
scope=cri-containerd-stand-in.scope
log=/var/log/pods/stand-in.log

case $1 in
  start)
    systemctl is-active --quiet "$scope" && exit 0
    systemd-run --quiet --scope --slice=kubepods-besteffort.slice --unit="$scope" "$0" run >/dev/null 2>&1 &
    until systemctl is-active --quiet "$scope"; do sleep 0.1; done
    ;;
  run)
    mkdir -p "${log%/*}"
    trap 'echo "stopped in order" >>"$log"; exit 0' TERM
    echo started >>"$log"
    sleep infinity &
    wait
    ;;
esac
