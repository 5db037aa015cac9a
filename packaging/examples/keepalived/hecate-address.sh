#!/bin/sh
# The manager runs where the virtual address is. keepalived calls this with INSTANCE NAME STATE PRIORITY, and with
# "check" to ask whether this host may keep the address.
set -u
# keepalived's own is 0177.
umask 077

# What the other host sends: a backup of its manager. Each is restored once.
standby=/var/lib/hecate-standby/hecate.tar
unit=hecate-manager.service

begin() {
  systemctl stop "$unit"
  if [ -f "$standby" ]; then
    # A damaged one is refused, and the state that is here is used.
    hecatectl restore --keep-config --force "$standby" && mv -f "$standby" "$standby.restored"
  fi
  systemctl start "$unit"
}

# Agents refuse a manager whose epoch is over. Without the address it is stopped, and the other host, if it is there, takes
# over; with no other host, it comes back here with a higher epoch.
check() {
  systemctl is-active --quiet "$unit" || return 0
  ! hecatectl health | grep -q 'a newer one took over'
}

case ${1-} in
  check) check ;;
  *)
    case ${3-} in
      MASTER) begin ;;
      *) systemctl stop "$unit" ;;
    esac
    ;;
esac
