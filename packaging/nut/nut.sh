# NUT for a UPS on USB, as the installer sets it up: read by install.sh, with its settings and its functions.
# What an administrator has edited is told from what was written here by a checksum, and left alone.
# shellcheck shell=sh disable=SC2154,SC2086 # settings of install.sh, and none of them needs quotes but those that have them

# The first line of a file that is ours, with a checksum of the others: an edited one is told from it.
mark='# Written by the installer of Hecate; checksum'
checksum() { sha256sum | cut -d ' ' -f 1; }
body_of() { sed 1d "$1"; }

# absent, ours, stock (as its package brought it) or edited.
state_of() {
  [ -e "$1" ] || { echo absent && return; }
  first=
  IFS= read -r first <"$1" || true
  if [ "${first% *}" = "$mark" ] && [ "${first##* }" = "$(body_of "$1" | checksum)" ]; then
    echo ours
  elif [ "${first% *}" != "$mark" ] && pm stock "$1"; then
    echo stock
  else
    echo edited
  fi
}

# There while NUT runs with what was written before: a run that was cut short is made up for by the next one.
is_outdated=/run/hecate-install-nut

# FILE MODE OWNER, and the new file in $temporary: never half a file, never readable by more than may read it.
replace() {
  : >$is_outdated
  { [ "$(state_of "$1")" != stock ] || cp -p "$1" "$1.before-hecate"; } &&
    mkdir -p "$(dirname "$1")" &&
    command install -m "$2" -o "${3%:*}" -g "${3#*:}" "$temporary/new" "$1.hecate-new" &&
    mv -f "$1.hecate-new" "$1"
}

# FILE MODE OWNER, and the contents on stdin.
put() {
  cat >"$temporary/body"
  { printf '%s %s\n' "$mark" "$(checksum <"$temporary/body")" && cat "$temporary/body"; } >"$temporary/new"
  ! cmp -s "$temporary/new" "$1" || return 0
  has_new_nut=yes
  change "write $1" replace "$@"
}

password_file=/etc/hecate/nut-password-$ups
rules=/etc/udev/rules.d/62-hecate-ups.rules

# 128 bits.
new_password() { od -An -N16 -tx1 /dev/urandom | tr -d ' \n'; }

# Those that are there already, the secondaries' first: what has none yet is given one.
choose_passwords() {
  own_password=
  if [ "$(state_of $nut/upsd.users)" = ours ]; then
    [ -n "$password" ] || password=$(sed -n 's/^ *password = //p' $nut/upsd.users | sed -n 1p)
    own_password=$(sed -n 's/^ *password = //p' $nut/upsd.users | sed -n 2p)
  fi
  [ -n "$password" ] || password=$(new_password)
  [ -n "$own_password" ] || own_password=$(new_password)
}

# What is there may be the password of another user, which hecate.yaml names: a wrong pair would show only in the outage.
write_password_file() {
  is_other=no
  [ ! -e "$password_file" ] || is_other=yes
  change "write $password_file" replace "$password_file" 600 hecate:hecate
  [ $is_other = no ] ||
    say "$password_file has another password now, that of NUT's user hecate: in power.upses of /etc/hecate/hecate.yaml write user: hecate where it names this file, then systemctl restart hecate-manager"
}

set_up_nut() {
  has_new_nut=no
  choose_passwords
  put $nut/nut.conf 640 root:nut <<END
MODE=netserver
END
  put $nut/ups.conf 640 root:nut <<END
# How often a driver is tried again by itself; systemd goes on after that.
maxretry = 3

[$ups]
  driver = usbhid-ups
  port = auto
  vendorid = $vendor
  productid = $product
END
  put $nut/upsd.conf 640 root:nut <<END
LISTEN $listen 3493
END
  put $nut/upsd.users 640 root:nut <<END
# For secondaries (upsmon) that Hecate does not manage: they may only watch.
[$monitor_user]
  password = $password
  upsmon secondary

# For Hecate alone, with no more than power.upses can ask for: to tell those of a shutdown (forced_shutdown), and to cut
# the output before the coordinator goes off, or not to, after all (cut_power).
[hecate]
  password = $own_password
  upsmon primary
  actions = SET
  instcmds = shutdown.return
  instcmds = shutdown.stop
END
  put $rules 644 root:root <<END
# NUT's driver does not run as root.
ACTION=="add|change", SUBSYSTEM=="usb", ATTR{idVendor}=="$vendor", ATTR{idProduct}=="$product", MODE="0660", GROUP="nut"
END
  if [ $has_manager = yes ]; then
    printf '%s\n' "$own_password" >"$temporary/new"
    cmp -s "$temporary/new" "$password_file" || write_password_file
  fi
  # upsmon would power this host off at a low battery, before the hosts that Hecate has yet to shut down.
  [ "$(systemctl is-enabled nut-monitor.service 2>/dev/null)" = masked ] ||
    change "mask nut-monitor.service" systemctl mask --now nut-monitor.service
  for unit in nut.target nut-driver.target nut-driver-enumerator.path nut-driver-enumerator.service nut-server.service; do
    enable_unit $unit
  done
  [ $is_booted = no ] || { [ $has_new_nut = no ] && [ ! -e $is_outdated ]; } || change "start NUT anew" restart_nut
  is_plugged_in ||
    say "no device $vendor:$product on USB now: its driver is tried again and again; HECATE_NUT_VENDOR_ID and HECATE_NUT_PRODUCT_ID name another, HECATE_MANAGE_NUT=0 leaves NUT alone"
}

is_plugged_in() {
  for device in /sys/bus/usb/devices/*; do
    [ "$(cat "$device/idVendor" "$device/idProduct" 2>/dev/null | tr '\n' :)" != "$vendor:$product:" ] || return 0
  done
  return 1
}

restart_nut() {
  if [ -e /run/udev/control ]; then
    udevadm control --reload && udevadm trigger --subsystem-match=usb --action=change
  fi
  systemctl restart nut-driver-enumerator.service && systemctl restart nut-server.service && rm -f $is_outdated
}

# Whether NUT is ours to set up, before anything is changed. All or nothing: one file of the administrator's and four of
# ours would be no configuration.
may_set_up_nut() {
  for file in nut.conf ups.conf upsd.conf upsd.users upsmon.conf; do
    [ "$(state_of "$nut/$file")" = edited ] || continue
    [ -z "$is_nut_asked" ] || fail 1 "$nut/$file has been edited: to have NUT set up anew move nut.conf, ups.conf, upsd.conf, upsd.users and upsmon.conf away from $nut; HECATE_MANAGE_NUT=0 leaves NUT to you"
    say "NUT stays as it is: $nut/$file has been edited"
    return 1
  done
}

remove_nut() {
  is_ours=no
  for file in $nut/nut.conf $nut/ups.conf $nut/upsd.conf $nut/upsd.users $rules; do
    [ "$(state_of "$file")" = ours ] || continue
    is_ours=yes
    if [ -e "$file.before-hecate" ]; then
      change "put $file back as it was" mv -f "$file.before-hecate" "$file"
    else
      change "remove $file" rm -f "$file"
    fi
  done
  [ $is_ours = yes ] || return 0
  change "unmask nut-monitor.service" systemctl unmask nut-monitor.service
  [ $is_booted = no ] || change "stop NUT" systemctl stop nut-server.service nut-driver.target
}
