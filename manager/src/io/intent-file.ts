/** `intent.json`: a shutdown is in progress. There whole or not at all, over any crash of the coordinator. */
import { readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { HecateError } from '@hecate/proto/core/errors.ts';
import { syncDirectory, writeFileAtomically } from '@hecate/proto/io/atomic-file.ts';
import { fileError } from '@hecate/proto/io/file-errors.ts';
import type { Intent } from '../core/runs/run.ts';

/** @returns undefined when there is none. @throws HEC_STATE when it cannot be read, or is not an intent */
export async function readIntent(path: string): Promise<Intent | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fileError('read it', path, thrown);
  }
  try {
    return parseIntent(JSON.parse(text));
  } catch (cause) {
    throw new HecateError(
      'HEC_STATE',
      `${path}: damaged: found ${JSON.stringify(text.slice(0, 80))}, expected the intent of a shutdown`,
      'see with `hecatectl runs list` what was going on; remove the file when no shutdown is in progress',
      cause,
    );
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
export async function removeIntent(path: string): Promise<void> {
  try {
    await rm(path, { force: true });
    await syncDirectory(dirname(path));
  } catch (thrown) {
    throw fileError('remove it', path, thrown);
  }
}
