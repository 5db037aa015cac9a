#!/bin/sh
# Makes a fresh checkout ready: dependencies, the pinned Node.js, the built programs, and the system
# packages that real systemd nodes need. Does nothing that was done before; safe to run every time.
set -eu
cd "$(dirname "$0")/.."
stamp=node_modules/.hecate-setup
want=$(cksum package-lock.json package.json | cksum)
if [ ! -f "$stamp" ] || [ "$(cat "$stamp")" != "$want" ]; then
  echo "setup: installing dependencies (npm ci)" >&2
  npm ci --no-audit --no-fund --loglevel=error >&2
  printf '%s' "$want" > "$stamp"
fi
PATH="$PWD/node_modules/.bin:$PATH"
export PATH
node scripts/build.ts --if-stale >&2
sh scripts/system-packages.sh >&2
