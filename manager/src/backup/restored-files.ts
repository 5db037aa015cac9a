/** The files of a restored state directory, out of those in a backup: what `core/backup/restored-state.ts` decides. */
import { HecateError } from '@hecate/proto/core/errors.ts';
import { encodeRecordLine, scanRecordLines } from '@hecate/proto/io/record-line.ts';
import type { ArchiveMember } from '../core/backup/archive.ts';
import { mergeRevocations } from '../core/backup/merged-revocations.ts';
import {
  endingRecords,
  isIntentKept,
  restoredEpoch,
  withoutOpenTokens,
} from '../core/backup/restored-state.ts';
import type { Intent } from '../core/runs/run.ts';
import { type Ledger, standings } from '../core/trust/ledger.ts';
import { formatLedger, parseLedger } from '../trust/ledger-file.ts';
import { runRecords } from './make-backup.ts';
import { statePaths } from './read-state.ts';

export interface RestoredState {
  /** By path in the state directory; all of them are for the manager's user alone. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Of the last start; the restored manager begins one above it. */
  readonly epoch: number;
  readonly endedRuns: readonly string[];
  readonly withdrawnTokens: number;
  /** Who was revoked there, and not in the backup: `node srv-1`. */
  readonly keptRevocations: readonly string[];
  /** Nodes that have a certificate, by this backup. */
  readonly nodes: readonly string[];
}

export interface RestoreFacts {
  readonly madeAtMs: number;
  readonly nowWallMs: number;
  /** Random, 0 to 1. */
  readonly chance: number;
  /** Of the state that is there now; 0: none. */
  readonly presentEpoch: number;
  /** Of the same authority, and there now: whom they revoke stays revoked. */
  readonly presentLedgers: readonly Ledger[];
}

const keptNames: ReadonlySet<string> = new Set(Object.values(statePaths));

/** @throws HEC_STATE when a file is not what its name says */
export function restoredState(members: readonly ArchiveMember[], facts: RestoreFacts): RestoredState {
  const files = new Map<string, Uint8Array>();
  for (const { path, bytes } of members) {
    if (!path.startsWith('state/')) continue;
    const name = path.slice('state/'.length);
    if (!keptNames.has(name))
      throw new HecateError('HEC_STATE', `this backup holds ${path}, which no manager keeps`);
    files.set(name, bytes);
  }
  const records = runRecords(members);
  const ending = endingRecords(records, new Date(facts.madeAtMs).toISOString());
  replace(files, statePaths.operations, (bytes) => wholeLines(bytes));
  replace(files, statePaths.runs, (bytes) =>
    Buffer.concat([wholeLines(bytes), ...ending.records.map((record) => encodeRecordLine([record]))]),
  );
  const intent = jsonOf<Intent>(files, statePaths.intent);
  if (!isIntentKept(intent, records)) files.delete(statePaths.intent);
  const epochs = jsonOf<{ epoch: number; highestForeignEpoch: number }>(files, statePaths.epoch);
  const known = [epochs?.epoch ?? 0, epochs?.highestForeignEpoch ?? 0, facts.presentEpoch];
  const epoch = restoredEpoch(known, facts.chance);
  files.set(statePaths.epoch, Buffer.from(`${JSON.stringify({ epoch, highestForeignEpoch: 0 })}\n`));
  return { files, epoch, endedRuns: ending.ended, ...restoredLedger(files, facts) };
}

function restoredLedger(files: Map<string, Uint8Array>, { nowWallMs, presentLedgers }: RestoreFacts) {
  const bytes = files.get(statePaths.ledger);
  if (!bytes) return { withdrawnTokens: 0, nodes: [], keptRevocations: [] };
  const inBackup = withoutOpenTokens(parseLedger(statePaths.ledger, Buffer.from(bytes).toString()));
  const { withdrawn } = inBackup;
  const { ledger, kept } = withRevocationsOf(inBackup.ledger, presentLedgers);
  files.set(statePaths.ledger, Buffer.from(formatLedger(ledger)));
  const holders = standings(ledger, nowWallMs);
  const nodes = holders.filter(({ kind, state }) => kind === 'node' && state !== 'revoked');
  return { withdrawnTokens: withdrawn, nodes: nodes.map(({ name }) => name), keptRevocations: kept };
}

function withRevocationsOf(backup: Ledger, present: readonly Ledger[]) {
  const kept = new Set<string>();
  let ledger = backup;
  for (const each of present) {
    const merged = mergeRevocations(ledger, each);
    if (merged === undefined)
      throw new HecateError(
        'HEC_STATE',
        'what is revoked in this backup and what is revoked here are together more than a manager keeps',
        'nothing was changed; move the state directory away and make a new authority: hecatectl ca init',
      );
    ledger = { ...ledger, revocations: merged.revocations };
    for (const { kind, name } of merged.kept) kept.add(`${kind} ${name}`);
  }
  return { ledger, kept: [...kept].toSorted() };
}

function replace(
  files: Map<string, Uint8Array>,
  path: string,
  change: (bytes: Uint8Array) => Uint8Array,
): void {
  const bytes = files.get(path);
  if (bytes) files.set(path, change(bytes));
}

const wholeLines = (bytes: Uint8Array): Uint8Array =>
  bytes.subarray(0, scanRecordLines(Buffer.from(bytes)).wholeBytes);

function jsonOf<Value>(files: ReadonlyMap<string, Uint8Array>, path: string): Value | undefined {
  const bytes = files.get(path);
  if (bytes === undefined) return undefined;
  try {
    return JSON.parse(Buffer.from(bytes).toString()) as Value;
  } catch (cause) {
    const remedy = 'take an older backup; nothing was changed';
    throw new HecateError('HEC_STATE', `${path} in this backup is not JSON`, remedy, cause);
  }
}
