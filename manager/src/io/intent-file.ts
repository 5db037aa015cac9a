/** `intent.json`: a shutdown is in progress. There whole or not at all, over any crash of the coordinator. */
import { readFileIfThere, removeFileDurably, writeFileAtomically } from '@hecate/proto/io/atomic-file.ts';
import { damagedFile } from '@hecate/proto/io/file-errors.ts';
import type { Intent } from '../core/runs/run.ts';

/** @returns undefined when there is none. @throws HEC_STATE when it cannot be read, or is not an intent */
export async function readIntent(path: string): Promise<Intent | undefined> {
  const text = await readFileIfThere(path);
  if (text === undefined) return undefined;
  try {
    return parseIntent(JSON.parse(text));
  } catch (cause) {
    const expected = 'the intent of a shutdown';
    const remedy =
      'see with `hecatectl runs list` what was going on; remove the file when no shutdown is in progress';
    throw damagedFile(path, { text, expected, remedy, cause });
  }
}

function parseIntent(value: unknown): Intent {
  const intent = value as Partial<Intent> | null;
  const isIntent =
    intent?.version === 1 &&
    typeof intent.runId === 'string' &&
    typeof intent.plan === 'string' &&
    (intent.mode === 'poweroff' || intent.mode === 'cluster-only') &&
    typeof intent.reason === 'string' &&
    Number.isFinite(intent.sinceWallMs);
  if (!isIntent) throw new TypeError('not an intent');
  return intent as Intent;
}

/** Durable when it resolves. @throws HEC_STATE */
export async function writeIntent(path: string, intent: Intent): Promise<void> {
  await writeFileAtomically(path, `${JSON.stringify(intent, null, 2)}\n`);
}

/** Durably gone when it resolves; it need not have been there. @throws HEC_STATE */
export const removeIntent = (path: string): Promise<void> => removeFileDurably(path);
