import type { BareHost } from './bare-host.ts';

/** What changes on a host where nothing is done. */
const living = [
  '/var/log/journal',
  '/var/lib/systemd',
  '/var/lib/hecate',
  '/var/lib/hecate-agent',
  '/var/log/hecate',
  // The audit of visits by the tests themselves.
  '/var/log/wtmp',
  // rpm's database, which is opened to be asked, too.
  '*/.rpmdb',
  '/var/lib/rpm',
];

/** Path → kind, mode, owners, size, time of the last change of contents and of anything, and where it leads. */
export type DiskTree = ReadonlyMap<string, string>;

/** Everything on the disk of a host but what lives by itself. */
export async function diskTree(host: BareHost): Promise<DiskTree> {
  const prune = living.flatMap((path) => ['-path', path, '-o']).slice(0, -1);
  const find = [
    'find',
    '/etc',
    '/usr',
    '/var',
    '/root',
    '/opt',
    '/srv',
    '-xdev',
    '(',
    ...prune,
    ')',
    '-prune',
    '-o',
  ];
  const text = await host.runOrThrow([...find, '-printf', '%p\t%y %m %u:%g %s %T@ %C@ %l\n']);
  const lines = text.split('\n').filter((line) => line !== '');
  return new Map(lines.map((line) => [line.split('\t', 1)[0] ?? '', line]));
}

/** The paths that are not in both trees as they are. */
export function changedPaths(before: DiskTree, after: DiskTree): string[] {
  const paths = new Set([...before.keys(), ...after.keys()]);
  return [...paths].filter((path) => before.get(path) !== after.get(path)).toSorted();
}
