/**
 * The files of a state directory as they were together at one moment, whether a manager runs or not. A manager replaces
 * files by renaming and appends whole records: when nothing has changed from before the first was read until after the
 * last, all of them were there at once.
 */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { HecateError } from '@hecate/proto/core/errors.ts';
import { errnoOf, fileError } from '@hecate/proto/io/file-errors.ts';
import { scanRecordLines, withoutRoom } from '@hecate/proto/io/record-line.ts';
import { type ArchiveMember, archiveBytesMax } from '../core/backup/archive.ts';

export const statePaths = {
  epoch: 'epoch.json',
  intent: 'intent.json',
  history: 'runs.json',
  lastHosts: 'last-hosts.json',
  operations: 'journal/operations.records',
  runs: 'journal/runs.records',
  authorityKey: 'authority/key.pem',
  authorityCertificate: 'authority/certificate.pem',
  ledger: 'authority/ledger.json',
} as const;

/**
 * Of a manager, too, and in no backup: what was decided of a UPS, what another site had asked, and what was still to be
 * told is not true when it is restored; the server's certificate is made anew.
 */
const passing = ['power.json', 'forwards.json', 'notices.json', 'server'] as const;

/** The names in a state directory that are the manager's state. What somebody else keeps there is left alone. */
export const stateNames: ReadonlySet<string> = new Set([
  ...Object.values(statePaths).map((path) => path.replace(/\/.*/, '')),
  ...passing,
]);

/** What a restored manager needs. */
const paths: readonly string[] = Object.values(statePaths);

/** A commit of a run takes milliseconds, and pauses between them are longer. */
const looksMax = 100;
const pauseMs = 20;

/** @throws HEC_STATE: nothing to back up, not readable, or damaged; HEC_BUSY: it never stood still */
export async function readState(directory: string): Promise<ArchiveMember[]> {
  for (let look = 0; look < looksMax; look += 1) {
    const before = await signatureOf(directory);
    const members = await readAll(directory);
    if (before === (await signatureOf(directory))) return checked(directory, members);
    await pause(pauseMs);
  }
  throw new HecateError(
    'HEC_BUSY',
    `${directory}: something changed at each of ${looksMax} looks`,
    'try again when less is going on: hecatectl runs list',
  );
}

/** Two of them are the same only when no file was replaced, appended to, made or removed in between. */
async function signatureOf(directory: string): Promise<string> {
  const signatures = await Promise.all(
    paths.map(async (path) => {
      const found = await stat(join(directory, path), { bigint: true }).catch(absent(directory));
      if (!found) return '-';
      // Records go into room that was made ahead, and the time of a file has steps of some milliseconds.
      const size = isOfRecords(path) ? (await readBytes(directory, path))?.length : found.size;
      return `${found.ino} ${size} ${found.mtimeNs} ${found.ctimeNs}`;
    }),
  );
  return signatures.join('\n');
}

async function readAll(directory: string): Promise<ArchiveMember[]> {
  const members: ArchiveMember[] = [];
  let bytesLeft = archiveBytesMax;
  for (const path of paths) {
    const bytes = await readBytes(directory, path);
    if (bytes === undefined) continue;
    bytesLeft -= bytes.length;
    if (bytesLeft < 0) throw new HecateError('HEC_STATE', `${directory}: more than ${archiveBytesMax} bytes`);
    members.push({ path: `state/${path}`, mode: 0o600, bytes });
  }
  return members;
}

const isOfRecords = (path: string): boolean => path.endsWith('.records');

async function readBytes(directory: string, path: string): Promise<Buffer | undefined> {
  const bytes = await readFile(join(directory, path)).catch(absent(directory));
  return bytes && isOfRecords(path) ? withoutRoom(bytes) : bytes;
}

const absent =
  (directory: string) =>
  (thrown: unknown): undefined => {
    if (errnoOf(thrown) !== 'ENOENT') throw fileError('read the state of the manager', directory, thrown);
  };

/** A backup of what is damaged helps nobody, and hides that it is. A torn end is none: a restore cuts it off. */
function checked(directory: string, members: ArchiveMember[]): ArchiveMember[] {
  if (!members.some(({ path }) => path === `state/${statePaths.epoch}`))
    throw new HecateError(
      'HEC_STATE',
      `${directory}: no manager has kept its state there yet`,
      'name the configuration of the manager with --config FILE, or start it first',
    );
  for (const { path, bytes } of members.filter((member) => isOfRecords(member.path))) {
    const { damage } = scanRecordLines(Buffer.from(bytes));
    if (damage)
      throw new HecateError(
        'HEC_STATE',
        `${directory}: ${path}:${damage.line}: damaged: found ${damage.found}, expected ${damage.expected}`,
        'the manager will not start on it either: see "What to do when" in docs/operations.md',
      );
  }
  return members;
}
