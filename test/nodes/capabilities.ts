import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { execute } from './execute.ts';
import { ownControlGroup } from './fleet-scope.ts';
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
