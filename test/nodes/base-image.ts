import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execute } from './execute.ts';
import { repositoryFolder } from './user-node.ts';

/** What every booted node has; tests add to it. */
export const basePackages: readonly string[] = [
  'systemd',
  'systemd-sysv',
  'dbus',
  'dbus-user-session',
  'libpam-systemd',
  'iproute2',
  'procps',
  'util-linux',
  'openssh-server',
  'openssh-client',
  // A wall clock of its own for a process; the nodes share the kernel's.
  'libfaketime',
];

/** Raise it whenever the recipe below changes: it is part of the key of the cache. */
const recipeVersion = 1;

/** The ordinary user that every node has, for tests of sessions and of ways that need no root. */
export const ordinaryUser = 'resident';

/** Run in the new image. No first-boot wizard, no timers, no server that a test did not start itself. */
const customize = [
  'chroot "$1" systemctl disable --quiet ssh.service',
  'chroot "$1" systemctl mask --quiet apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer e2scrub_all.timer e2scrub_reap.service systemd-firstboot.service getty@tty1.service console-getty.service systemd-timesyncd.service',
  `chroot "$1" useradd --create-home --shell /bin/bash --uid 1000 ${ordinaryUser}`,
  'mkdir -p "$1/var/log/journal"',
  'printf "[Journal]\\nRateLimitIntervalSec=0\\nSystemMaxUse=64M\\nSystemKeepFree=0\\nSyncIntervalSec=1s\\nReadKMsg=no\\n" > "$1/etc/systemd/journald.conf.d/hecate.conf"',
  'rm -f "$1/etc/resolv.conf" "$1/etc/hostname"',
];

/**
 * Packages whose installation enables a server: it is disabled in the image, for a test starts its servers itself.
 * Only an image with such a package has this in its recipe, so the keys of the others stay what they are.
 */
const serversOf: Readonly<Record<string, readonly string[]>> = { 'etcd-server': ['etcd.service'] };

/** The hooks that disable the servers of these packages. */
function disablingHooks(packages: readonly string[]): string[] {
  const servers = packages.flatMap((name) => serversOf[name] ?? []);
  return servers.map((unit) => `chroot "$1" systemctl disable --quiet ${unit}`);
}

/** Documentation is most of the files of a small Debian, and no node reads it. */
const lean = [
  'path-exclude=/usr/share/man/*',
  'path-exclude=/usr/share/doc/*',
  'path-exclude=/usr/share/locale/*',
];

/** The folder for what is worth keeping between runs. `HECATE_CACHE` overrides `.cache` in the checkout. */
export function cacheFolder(): string {
  return process.env.HECATE_CACHE ?? join(repositoryFolder, '.cache');
}

/** The host's own Debian release and mirror when it is a Debian (a snapshot, a proxy …), else bookworm's default. */
function source(): { suite: string; mirrors: string[] } {
  const release = readFileSync('/etc/os-release', 'utf8');
  const suite = /^ID=debian$/m.test(release) ? /^VERSION_CODENAME=(\w+)$/m.exec(release)?.[1] : undefined;
  if (suite === undefined) return { suite: 'bookworm', mirrors: [] };
  const lists = ['/etc/apt/sources.list', '/etc/apt/sources.list.d/debian.sources'];
  return {
    suite,
    mirrors: lists.filter((path) => existsSync(path) && readFileSync(path, 'utf8').trim() !== ''),
  };
}

/**
 * The root folder of an image with `basePackages` and `extraPackages`, made on first use (half a minute, needs
 * the Debian mirror) and cached under a key of all that goes into it. Built aside and renamed, so a cached image
 * is always whole; builders wait for each other.
 * @throws Error with the last lines of mmdebstrap when it cannot be made.
 */
export async function baseImage(extraPackages: readonly string[] = []): Promise<string> {
  const packages = [...new Set([...basePackages, ...extraPackages])].sort();
  const hooks = [...customize, ...disablingHooks(packages)];
  const { suite, mirrors } = source();
  const recipe = JSON.stringify({ recipeVersion, suite, packages, customize: hooks, lean });
  const key = createHash('sha256').update(recipe).digest('hex').slice(0, 16);
  const folder = join(cacheFolder(), 'nodes');
  const image = join(folder, `base-${key}`);
  if (existsSync(image)) return image;
  mkdirSync(folder, { recursive: true });
  const building = `${image}.building`;
  const script = `set -eu
image=$1 building=$2
shift 2
[ ! -d "$image" ] || exit 0
rm -rf --one-file-system "$building"
"$@" >&2
mv -T "$building" "$image"`;
  const mmdebstrap = [
    ...[
      'mmdebstrap',
      '--mode=root',
      '--variant=minbase',
      '--format=directory',
      `--include=${packages.join(',')}`,
    ],
    ...lean.map((option) => `--dpkgopt=${option}`),
    ...['mkdir -p "$1/etc/systemd/journald.conf.d"', ...hooks].map((hook) => `--customize-hook=${hook}`),
    ...[suite, building, ...mirrors],
  ];
  // In namespaces of its own: what it mounts goes with it, however it ends.
  const alone = ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const result = await execute(
    ['flock', join(folder, 'lock'), 'sh', '-c', script, 'sh', image, building, ...alone, ...mmdebstrap],
    { timeoutMs: 15 * 60_000 },
  );
  if (result.exitCode !== 0) {
    throw new Error(
      `cannot make the image of booted nodes (${packages.join(', ')}): ${result.stderr.slice(-2_000)}`,
    );
  }
  return image;
}
