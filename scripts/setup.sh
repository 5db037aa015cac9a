#!/bin/sh
# Makes a fresh checkout ready: dependencies, the pinned Node.js, the built programs, and the system
# packages that real systemd nodes need. Does nothing that was done before; safe to run every time.
set -eu
cd "$(dirname "$0")/.."
stamp=node_modules/.hecate-setup
want=$(cksum < package-lock.json)
if [ ! -f "$stamp" ] || [ "$(cat "$stamp")" != "$want" ]; then
  echo "setup: installing dependencies (npm ci), once: a minute or two" >&2
  npm ci --no-audit --no-fund --loglevel=error >&2
  printf '%s' "$want" > "$stamp"
fi
# npm has this folder in its PATH already; by hand (sh scripts/setup.sh) it is not.
PATH="$PWD/node_modules/.bin:$PATH"
export PATH
version=$(node -p 'process.versions.node')
if [ "${version%%.*}" -lt 24 ]; then
  echo "setup: Node.js $version is too old, 24.4 or newer is needed." >&2
  echo "setup: the lock file brings one for Linux on x64 and arm64; elsewhere install it yourself." >&2
  exit 1
fi
node scripts/build.ts --if-stale >&2
sh scripts/system-packages.sh >&2
