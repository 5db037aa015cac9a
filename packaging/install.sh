#!/bin/sh
# Installs Hecate on this host, or brings it up to date: packages, what they need, NUT for a UPS on USB, services.
# Run again it changes only what is not yet as asked. What an administrator has edited is kept.
# shellcheck disable=SC2034 # nut/nut.sh uses what seems unused
set -eu
umask 022
export LC_ALL=C
PATH=$PATH:/usr/sbin:/sbin
# Before anything is called: neither on a command line nor in the environment of another program.
password=${HECATE_NUT_MONITOR_PASSWORD:-}
unset HECATE_NUT_MONITOR_PASSWORD

usage() {
  cat <<'END'
usage: install.sh [--packages DIR] [--dry-run]
       install.sh --uninstall [--purge] [--dry-run]

  --packages DIR  where the packages are; otherwise they are looked for beside this script
  --dry-run       says what would be done, and does nothing
  --uninstall     removes the packages; state, configuration and NUT's setup stay
  --purge         with --uninstall: removes them, too, with the site's certificate authority

Environment:
  HECATE_ROLE=both            manager, agent, or both: what this host becomes
  HECATE_ENABLE_BOOTSTRAP     1: the site is started up whenever this host boots; 0: not; else it stays as it is
  HECATE_MANAGE_NUT           1: NUT is set up for a UPS on USB; 0: not. Default: 1 with a manager, else 0
  HECATE_NUT_UPS_NAME=ups     its name
  HECATE_NUT_VENDOR_ID=0764   USB ids of the UPS, as lsusb tells them
  HECATE_NUT_PRODUCT_ID=0601
  HECATE_NUT_LISTEN=127.0.0.1 the address that NUT's server listens on
  HECATE_NUT_MONITOR_USER=monitor   the user of NUT for secondaries (upsmon); Hecate has its own
  HECATE_NUT_MONITOR_PASSWORD       its password; without it, a generated one that later runs keep

Environment in front of sudo would show the password to everybody. Give it so:
  export HECATE_NUT_MONITOR_PASSWORD; sudo --preserve-env=HECATE_NUT_MONITOR_PASSWORD ./install.sh
END
}

say() { printf '%s\n' "$*"; }
warn() { printf 'install.sh: %s\n' "$*" >&2; }
# Ends with 2 when what was asked for is wrong, with 1 when it failed.
fail() {
  status=$1
  shift
  warn "$@"
  exit "$status"
}

is_dry=no
is_uninstall=no
is_purge=no
packages_folder=
while [ $# -gt 0 ]; do
  case $1 in
  --dry-run) is_dry=yes ;;
  --uninstall) is_uninstall=yes ;;
  --purge) is_purge=yes ;;
  --packages)
    [ $# -gt 1 ] || fail 2 "--packages needs a folder"
    shift
    packages_folder=$1
    [ -d "$packages_folder" ] || fail 2 "--packages $packages_folder: no such folder"
    ;;
  -h | --help)
    usage
    exit 0
    ;;
  *) fail 2 "unknown argument $1; install.sh --help tells all" ;;
  esac
  shift
done
[ $is_purge = no ] || [ $is_uninstall = yes ] || fail 2 "--purge goes with --uninstall only"

role=${HECATE_ROLE:-both}
case $role in manager | agent | both) ;; *) fail 2 "HECATE_ROLE=$role: must be manager, agent or both" ;; esac
has_manager=yes
[ "$role" != agent ] || has_manager=no
has_agent=yes
[ "$role" != manager ] || has_agent=no

switch() { case $2 in '' | 0 | 1) ;; *) fail 2 "$1=$2: must be 0 or 1" ;; esac }
bootstrap=${HECATE_ENABLE_BOOTSTRAP:-}
switch HECATE_ENABLE_BOOTSTRAP "$bootstrap"
[ "$bootstrap" != 1 ] || [ $has_manager = yes ] ||
  fail 2 "HECATE_ENABLE_BOOTSTRAP=1: only on the host of the manager, and HECATE_ROLE is agent"
manage_nut=${HECATE_MANAGE_NUT:-}
switch HECATE_MANAGE_NUT "$manage_nut"
is_nut_asked=$manage_nut
[ -n "$manage_nut" ] || { [ $has_manager = yes ] && manage_nut=1; } || manage_nut=0

# NAME VALUE LENGTH_MAX ALLOWED: ALLOWED as in a bracket expression.
word() {
  # shellcheck disable=SC2254 # a pattern
  case $2 in '' | [!A-Za-z0-9]* | *[!$4]*) false ;; *) [ ${#2} -le "$3" ] ;; esac ||
    fail 2 "$1=$2: must be 1 to $3 of the characters $4, the first a letter or digit"
}
usb_id() {
  case $2 in [0-9A-Fa-f][0-9A-Fa-f][0-9A-Fa-f][0-9A-Fa-f]) ;;
  *) fail 2 "$1=$2: must be four hexadecimal digits, such as 0764; lsusb tells them" ;; esac
}
ups=${HECATE_NUT_UPS_NAME:-ups}
word HECATE_NUT_UPS_NAME "$ups" 32 A-Za-z0-9_.-
vendor=${HECATE_NUT_VENDOR_ID:-0764}
usb_id HECATE_NUT_VENDOR_ID "$vendor"
product=${HECATE_NUT_PRODUCT_ID:-0601}
usb_id HECATE_NUT_PRODUCT_ID "$product"
# udev compares with what the kernel tells, which is lower case.
vendor=$(printf %s "$vendor" | tr A-F a-f)
product=$(printf %s "$product" | tr A-F a-f)
listen=${HECATE_NUT_LISTEN:-127.0.0.1}
case $listen in *[!0-9A-Fa-f.:]* | '') fail 2 "HECATE_NUT_LISTEN=$listen: must be an IP address of this host" ;; esac
monitor_user=${HECATE_NUT_MONITOR_USER:-monitor}
word HECATE_NUT_MONITOR_USER "$monitor_user" 32 A-Za-z0-9_.-
[ "$monitor_user" != hecate ] || fail 2 "HECATE_NUT_MONITOR_USER=hecate: is Hecate's own user of NUT; name another for secondaries"
case $password in *[!A-Za-z0-9_.,:+/@%-]*)
  fail 2 "HECATE_NUT_MONITOR_PASSWORD: must be letters, digits and _.,:+/@%- only, for NUT reads the others otherwise" ;;
esac
[ -z "$password" ] || { [ ${#password} -ge 8 ] && [ ${#password} -le 64 ]; } ||
  fail 2 "HECATE_NUT_MONITOR_PASSWORD: must be 8 to 64 characters"

if command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; then
  manager=apt nut=/etc/nut nut_packages='nut-client nut-server'
elif command -v dnf >/dev/null && command -v rpm >/dev/null; then
  manager=dnf nut=/etc/ups nut_packages='nut-client nut'
else
  fail 1 "neither apt-get nor dnf is here: install the packages by hand, or Hecate from its source"
fi
[ "$(id -u)" -eq 0 ] || [ $is_dry = yes ] || fail 1 "it needs root: sudo install.sh, or see what it would do with --dry-run"
command -v systemctl >/dev/null || fail 1 "there is no systemd here, and Hecate is about nothing else"
[ "$(id -u)" -eq 0 ] || warn "without root it cannot tell what only root may read; that is shown as if it were edited"
is_booted=no
[ ! -d /run/systemd/system ] || is_booted=yes

own_folder=$(cd "$(dirname "$0")" && pwd)
temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT
trap 'exit 130' INT TERM HUP

changes=0
# DESCRIPTION COMMAND…: every change goes through here.
change() {
  changes=$((changes + 1))
  if [ $is_dry = yes ]; then
    say "would $1"
    return 0
  fi
  say "$1"
  shift
  "$@" >"$temporary/log" 2>&1 </dev/null && return 0
  tail -n 12 "$temporary/log" >&2
  fail 1 "this failed; what it said is above. What was done before stays, and a second run goes on from there"
}

# --- packages ---------------------------------------------------------------------------------------------------

apt() {
  DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=120 -o Dpkg::Options::=--force-confdef \
    -o Dpkg::Options::=--force-confold "$@"
}
# Rather than keeping what fits together apt would remove what does not.
apt_install() { apt install --no-install-recommends --no-remove "$@"; }
# The lists of a fresh host may be absent or old: they are fetched only when the first try fails.
apt_get_packages() { apt_install "$@" || { apt update && apt_install "$@"; }; }
# Where an earlier try was cut short apt does nothing any more, and dpkg makes up for it.
apt_install_files() {
  apt_get_packages --reinstall "$@" ||
    { dpkg --force-confdef --force-confold --install "$@" || apt install --fix-broken; }
}
apt_installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }
# Also one of which only the configuration is left.
apt_known() { case $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) in '' | not-installed) false ;; esac }
apt_version() { dpkg-query -W -f '${Version}' "$1"; }
apt_has() { apt-cache -o Dir::Cache::pkgcache= policy "$1" 2>/dev/null | grep -q 'Candidate: [^(]'; }
apt_name_of() { dpkg-deb -f "$1" Package; }
apt_version_of() { dpkg-deb -f "$1" Version; }
apt_fits() { case $(dpkg-deb -f "$1" Architecture) in all | "$(dpkg --print-architecture)") ;; *) false ;; esac }
apt_newer() { dpkg --compare-versions "$1" gt "$2"; }
apt_same() { dpkg-deb -I "$1" md5sums 2>/dev/null | cmp -s - "/var/lib/dpkg/info/$2.md5sums"; }
apt_remove() { apt remove "$@" || { dpkg --configure -a; apt remove "$@"; }; }
apt_purge() { apt purge "$@" || { dpkg --configure -a; apt purge "$@"; }; }
apt_stock() {
  wanted=$(dpkg-query -W -f '${Conffiles}\n' 'nut-*' 2>/dev/null | awk -v file="$1" '$1 == file { print $2; exit }')
  [ -n "$wanted" ] && [ "$wanted" = "$(md5sum <"$1" | cut -d ' ' -f 1)" ]
}

dnf_get_packages() { dnf -q -y install "$@"; }
dnf_installed() { rpm -q "$1" >/dev/null 2>&1; }
dnf_known() { dnf_installed "$1"; }
dnf_version() { rpm -q --qf '%{VERSION}-%{RELEASE}' "$1"; }
dnf_has() { dnf -q list --available "$1" >/dev/null 2>&1; }
dnf_name_of() { rpm -qp --qf '%{NAME}' "$1" 2>/dev/null; }
dnf_version_of() { rpm -qp --qf '%{VERSION}-%{RELEASE}' "$1" 2>/dev/null; }
dnf_fits() { case $(rpm -qp --qf '%{ARCH}' "$1" 2>/dev/null) in noarch | "$(uname -m)") ;; *) false ;; esac }
dnf_newer() { [ "$1" != "$2" ] && [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | tail -n 1)" = "$1" ]; }
dnf_same() { [ "$(rpm -qp --qf '%{SIGMD5}' "$1" 2>/dev/null)" = "$(rpm -q --qf '%{SIGMD5}' "$2")" ]; }
# To dnf two packages of one version are the same.
dnf_install_files() {
  dnf -q -y install "$@" || return 1
  for file; do
    dnf_same "$file" "$(dnf_name_of "$file")" || dnf -q -y reinstall "$file" || return 1
  done
}
dnf_remove() { dnf -q -y remove "$@"; }
dnf_purge() { dnf -q -y remove "$@"; }
dnf_stock() { ! rpm -Vf "$1" 2>/dev/null | grep -q "^..5.* $1\$" && rpm -qf "$1" >/dev/null 2>&1; }

# The functions of the one that is here: pm installed NAME …
pm() {
  verb=$1
  shift
  "${manager}_$verb" "$@"
}

# NAME: the newest package of this name for this machine, nothing where there is none.
find_package() {
  found=
  for file in "$packages_folder/$1"[-_]*.deb "$packages_folder/$1"-*.rpm; do
    case $manager:$file in apt:*.deb | dnf:*.rpm) ;; *) continue ;; esac
    { [ -f "$file" ] && pm fits "$file" && [ "$(pm name_of "$file")" = "$1" ]; } || continue
    { [ -n "$found" ] && ! pm newer "$(pm version_of "$file")" "$(pm version_of "$found")"; } || found=$file
  done
  printf %s "$found"
}

# Beside the script, or in dist of its checkout.
find_packages_folder() {
  for packages_folder in "$own_folder" "$own_folder/../dist"; do
    for file in "$packages_folder"/hecate*.deb "$packages_folder"/hecate*.rpm; do
      [ ! -f "$file" ] || break 2
    done
  done
}

# NAME FILE: whether that is what is installed, down to its bytes.
is_installed() {
  pm installed "$1" && [ "$(pm version "$1")" = "$(pm version_of "$2")" ] && pm same "$2" "$1"
}

install_hecate() {
  [ -n "$packages_folder" ] || find_packages_folder
  packages_folder=$(cd "$packages_folder" && pwd)
  names=''
  wanted=''
  stays=''
  for name in $hecate_packages; do
    file=$(find_package "$name")
    if [ -n "$file" ]; then
      is_installed "$name" "$file" && continue
      names="$names $name" wanted=$(pm version_of "$file")
      ! pm installed "$name" || ! pm newer "$(pm version "$name")" "$wanted" ||
        fail 1 "$name $(pm version "$name") is here, which is newer than the $wanted in $packages_folder: take packages of that release or a newer one; nothing was changed"
    elif pm installed "$name"; then
      say "$name $(pm version "$name") stays: no package of it in $packages_folder"
      stays="$stays $name"
    else
      fail 1 "no package of $name for this machine in $packages_folder: npm run package makes them in a checkout; --packages DIR says where else they are"
    fi
  done
  [ -n "$names" ] || return 0
  # Each needs the others in exactly its own version.
  for name in $stays; do
    [ "$(pm version "$name")" = "$wanted" ] ||
      fail 1 "there is no $name $wanted in $packages_folder, and$names $wanted does not go with $name $(pm version "$name"); nothing was changed"
  done
  set --
  for name in $names; do set -- "$@" "$(find_package "$name")"; done
  change "install$names from $packages_folder" pm install_files "$@"
  [ $is_dry = yes ] || for name in $names; do
    pm installed "$name" || fail 1 "$name is not installed, whatever was said: $packages_folder has it, and $manager can tell why"
  done
}

install_dependencies() {
  names=
  for name in $1; do pm installed "$name" || names="$names $name"; done
  # shellcheck disable=SC2086 # a list of names
  [ -z "$names" ] || change "install$names" pm get_packages ${names# }
}

# For operators and for hooks: Hecate itself does without.
install_kubectl() {
  ! command -v kubectl >/dev/null && [ ! -x /usr/local/bin/k3s ] || return 0
  if pm has kubectl; then
    change "install kubectl" pm get_packages kubectl
  else
    say "kubectl is not here, and no package source of this host has it: Hecate runs without; where hooks need it, see https://kubernetes.io/docs/tasks/tools/"
  fi
}

# --- services ---------------------------------------------------------------------------------------------------

enable_unit() {
  case $(systemctl is-enabled "$1" 2>/dev/null) in
  enabled | static | alias | masked) ;;
  *) change "enable $1" systemctl enable "$1" ;;
  esac
}
start_unit() {
  [ $is_booted = no ] || systemctl is-active --quiet "$1" || change "start $1" systemctl start "$1"
}

start_services() {
  if [ $has_manager = yes ]; then
    enable_unit hecate-manager.service
    start_unit hecate-manager.service
    case $bootstrap in
    1) enable_unit hecate-bootstrap.service ;;
    0) ! systemctl is-enabled --quiet hecate-bootstrap.service 2>/dev/null ||
      change "disable hecate-bootstrap.service" systemctl disable hecate-bootstrap.service ;;
    esac
  fi
  if [ $has_agent = yes ]; then
    enable_unit hecate-agent.service
    # Before it has joined there is no manager that it could dial.
    [ ! -e /var/lib/hecate-agent/identity/current ] || start_unit hecate-agent.service
  fi
}

# Where the manager of this host finds NUT's server.
server_address() {
  case $listen in
  0.0.0.0) printf 127.0.0.1 ;;
  ::) printf '[::1]' ;;
  *:*) printf '[%s]' "$listen" ;;
  *) printf %s "$listen" ;;
  esac
}

next_steps() {
  [ $has_manager = no ] || [ -e /var/lib/hecate/authority ] || say "next: hecatectl ca init, then hecatectl node enroll NODE for each node"
  [ "$manage_nut" = 0 ] || [ $has_manager = no ] || grep -Eqs '^[[:space:]{"]*power\>' /etc/hecate/hecate.yaml ||
    say "next: power: { upses: [{ name: $ups, ups: \"$ups@$(server_address):3493\" }] } in /etc/hecate/hecate.yaml, then systemctl restart hecate-manager"
  [ $has_agent = no ] || [ -e /var/lib/hecate-agent/identity/current ] || say "next: hecate-agent join, with a token of hecatectl node enroll, then systemctl start hecate-agent"
}

# --- NUT --------------------------------------------------------------------------------------------------------

# Functions only; it takes part when it is called.
read_nut() {
  [ -f "$own_folder/nut/nut.sh" ] || fail 1 "nut/nut.sh is not beside this script, and NUT cannot be set up without: HECATE_MANAGE_NUT=0 goes on without NUT"
  # shellcheck source=packaging/nut/nut.sh
  . "$own_folder/nut/nut.sh"
}

# --- what is done -----------------------------------------------------------------------------------------------

uninstall() {
  names=
  is_there=installed operation=remove
  [ $is_purge = no ] || is_there=known operation=purge
  for name in hecate-manager hecate-agent hecatectl hecate-runtime; do
    ! pm $is_there "$name" || names="$names $name"
  done
  # shellcheck disable=SC2086 # a list of names
  [ -z "$names" ] || change "$operation$names" pm $operation ${names# }
  [ $is_purge = yes ] || return 0
  read_nut
  remove_nut
  for folder in /etc/hecate /var/lib/hecate /var/lib/hecate-agent /var/lib/hecate-update /var/log/hecate; do
    [ -e $folder ] || continue
    if mountpoint -q $folder; then
      say "$folder stays: it is mounted, and may be another host's, too"
    else
      change "remove $folder" rm -rf --one-file-system $folder
    fi
  done
}

install_all() {
  [ "$manage_nut" = 0 ] || read_nut
  [ "$manage_nut" = 0 ] || may_set_up_nut || manage_nut=0
  # What is here besides goes along: without that it would not fit any more.
  hecate_packages=
  for name in hecate-runtime hecate-agent hecate-manager hecatectl; do
    case $name:$has_agent:$has_manager in
    hecate-runtime:* | hecate-agent:yes:* | hecate-manager:*:yes | hecatectl:*:yes) ;;
    *) pm installed "$name" || continue ;;
    esac
    hecate_packages="$hecate_packages $name"
  done
  dependencies=
  [ $has_manager = no ] || dependencies='nut-client'
  [ "$manage_nut" = 0 ] || dependencies="$nut_packages"
  # First: while one of these is half installed, apt installs nothing else.
  install_hecate
  install_dependencies "$dependencies"
  # Not at each run: already the question is in dnf's logs, and a run that changes nothing is to change nothing.
  [ $has_manager = no ] || [ $changes = 0 ] || install_kubectl
  [ "$manage_nut" = 0 ] || set_up_nut
  start_services
}

if [ $is_uninstall = yes ]; then uninstall; else install_all; fi
[ $changes -gt 0 ] || say "nothing to change"
[ $is_uninstall = yes ] || next_steps
