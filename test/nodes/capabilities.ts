import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { execute } from './execute.ts';
import { fleetFolder, ownControlGroup } from './fleet-scope.ts';
import { rootless } from './namespaces.ts';

/** Whether something can run here; `why` is a sentence that a skipped test shows. */
export type Capability = { ok: true } | { ok: false; why: string };

const remedy = 'as root: sh scripts/system-packages.sh';

function findCommand(name: string): string | undefined {
  const folders = [
    ...(process.env.PATH ?? '').split(delimiter),
    '/usr/sbin',
    '/sbin',
    '/usr/lib/systemd',
    '/lib/systemd',
  ];
  return folders
    .map((folder) => join(folder, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

function lacking(commands: readonly string[]): string[] {
  return commands.filter((command) => findCommand(command) === undefined);
}

async function succeeds(argv: readonly string[]): Promise<boolean> {
  const result = await execute(argv, { timeoutMs: 15_000 }).catch(() => undefined);
  return result?.exitCode === 0;
}

/** Whether user-mode nodes can run here: as root anywhere, without root on a desktop with systemd. */
export async function canRunUserNodes(): Promise<Capability> {
  const no = (why: string): Capability => ({ ok: false, why: `user-mode nodes: ${why}` });
  if (process.platform !== 'linux') return no(`they need Linux, this is ${process.platform}`);
  const missing = lacking([
    'unshare',
    'nsenter',
    'setpriv',
    'mount',
    'hostname',
    'systemd',
    'systemd-journald',
    'dbus-daemon',
  ]);
  if (missing.length > 0) return no(`missing ${missing.join(', ')} (${remedy})`);
  if (!existsSync('/etc/machine-id'))
    return no('there is no /etc/machine-id to stand in for (systemd-machine-id-setup)');
  if (!rootless) {
    if (ownControlGroup() === undefined) return no('cgroup v2 is not mounted');
    return (await succeeds(['unshare', '--mount', '--pid', '--fork', '--mount-proc', '--cgroup', 'true']))
      ? { ok: true }
      : no('this root may not make namespaces (a container without CAP_SYS_ADMIN?)');
  }
  if (lacking(['systemd-run']).length > 0) return no('without root they need systemd-run');
  const scope = ['systemd-run', '--user', '--scope', '--quiet', '-p', 'Delegate=yes', '--'];
  if (!(await succeeds([...scope, 'true'])))
    return no('without root they need a systemd user session (systemd-run --user)');
  const namespaces = [
    'unshare',
    '--user',
    '--map-root-user',
    '--mount',
    '--pid',
    '--fork',
    '--mount-proc',
    '--cgroup',
    'true',
  ];
  return (await succeeds([...scope, ...namespaces]))
    ? { ok: true }
    : no(
        'unprivileged user namespaces are not allowed here (sysctl kernel.unprivileged_userns_clone or AppArmor)',
      );
}

/** Run in namespaces of its own, in the folder for fleets: what a booted node does to the kernel, once. */
const bootedProbe = `set -eu
ip link add bridge0 type bridge
ip link add port0 type veth peer name host0
trial=$(mktemp -d)
trap 'umount "$trial/root" 2>/dev/null; rm -rf "$trial"' EXIT
mkdir "$trial/disk" "$trial/work" "$trial/root"
mount -t overlay overlay -o "lowerdir=/usr,upperdir=$trial/disk,workdir=$trial/work" "$trial/root"`;

/** Whether booted nodes can run here. The first fleet also needs a Debian mirror, to make its image from. */
export async function canRunBootedNodes(): Promise<Capability> {
  const no = (why: string): Capability => ({ ok: false, why: `booted nodes: ${why}` });
  if (process.platform !== 'linux') return no(`they need Linux, this is ${process.platform}`);
  if (rootless) return no('they need root');
  const missing = lacking([
    'systemd-nspawn',
    'mmdebstrap',
    'ip',
    'flock',
    'unshare',
    'nsenter',
    'setpriv',
    'mount',
  ]);
  if (missing.length > 0) return no(`missing ${missing.join(', ')} (${remedy})`);
  if (ownControlGroup() === undefined) return no('cgroup v2 is not mounted');
  const alone = ['unshare', '--mount', '--net', '--pid', '--fork', '--mount-proc', '--cgroup'];
  const probe = await execute([...alone, 'sh', '-c', bootedProbe], {
    env: { PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin`, TMPDIR: fleetFolder() },
  }).catch((error: unknown) => ({ exitCode: 1, stderr: String(error) }));
  if (probe.exitCode === 0) return { ok: true };
  return no(
    `this kernel or container does not allow namespaces, a bridge, or overlays in ${fleetFolder()} (HECATE_FLEET_FOLDER): ${probe.stderr.trim()}`,
  );
}
