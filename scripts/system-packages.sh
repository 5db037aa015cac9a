#!/bin/sh
# Ensures the system packages that real systemd nodes need (test/nodes, `npm start`). A fast no-op when all are
# there. As root on Debian or Ubuntu it installs what is missing; anywhere else it names what is missing, and
# goes on: tests that cannot run say so themselves. Always exits 0.
set -u

# command:package, Debian's names. systemd and its journald are not on PATH: looked for below.
user_nodes='unshare:util-linux nsenter:util-linux setpriv:util-linux mount:mount hostname:hostname
  systemctl:systemd journalctl:systemd dbus-daemon:dbus ps:procps'
booted_nodes='systemd-nspawn:systemd-container mmdebstrap:mmdebstrap ip:iproute2 ssh:openssh-client
  flock:util-linux'
# What manual pages, completions and the installer are tried in: only where no test may be skipped, not on a
# person's machine.
shells=''
[ "${CI:-}" = true ] && shells='groff:groff-base man:man-db zsh:zsh fish:fish shellcheck:shellcheck'
# A real NUT server and its drivers for tests, which run them in folders and on ports of their own. As above: on a
# person's machine they would be services that nobody asked for.
nut=''
[ "${CI:-}" = true ] && nut='upsd:nut-server upsmon:nut-client certutil:libnss3-tools'
# What `npm run package` makes packages with (--format deb needs the first two), and what looks at them.
packing='strip:binutils dpkg-deb:dpkg'
[ "${CI:-}" = true ] && packing="$packing rpmbuild:rpm lintian:lintian rpmlint:rpmlint"
# Releases of hecate-update are signed with it.
[ "${CI:-}" = true ] && packing="$packing gpg:gpg gpg-agent:gpg-agent gpgv:gpgv git:git"

PATH="$PATH:/usr/sbin:/sbin"
missing=''
for pair in $user_nodes $booted_nodes $shells $nut $packing; do
  command -v "${pair%%:*}" >/dev/null 2>&1 && continue
  case " $missing " in *" ${pair#*:} "*) ;; *) missing="$missing ${pair#*:}" ;; esac
done
[ -x /lib/systemd/systemd ] || [ -x /usr/lib/systemd/systemd ] || missing="$missing systemd"
missing=${missing# }
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "setup: installing system packages: $missing" >&2
  log=$(mktemp)
  export DEBIAN_FRONTEND=noninteractive
  # The lists of a fresh machine or container may be absent or old: fetch them only when the first try fails.
  install() {
    # shellcheck disable=SC2086 # a list of package names
    apt-get -o DPkg::Lock::Timeout=120 install -y --no-install-recommends $missing >"$log" 2>&1
  }
  if install || { apt-get -o DPkg::Lock::Timeout=120 update >>"$log" 2>&1 && install; }; then
    rm -f "$log"
    exit 0
  fi
  echo "setup: apt-get could not install them; it said last:" >&2
  tail -n 5 "$log" >&2
  rm -f "$log"
else
  echo "setup: missing system packages (Debian's names): $missing" >&2
  echo "setup: to have them: sudo apt-get install $missing" >&2
fi
echo "setup: going on without; tests and demonstrations that need them will say so" >&2
exit 0
