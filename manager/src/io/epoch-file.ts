/**
 * The fencing number on disk (I6): each start of a manager takes a number above every one that it or an agent has
 * seen, and has it on disk before it says it to anybody.
 */
import { HecateError } from '@hecate/proto/core/errors.ts';
import { readFileIfThere, writeFileAtomically } from '@hecate/proto/io/atomic-file.ts';

export interface Epochs {
  /** Of the last manager that held this directory. 0: none has. */
  readonly epoch: number;
  /** The highest that an agent has told of and that was not ours. */
  readonly highestForeignEpoch: number;
}

const isEpoch = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

function parse(path: string, text: string): Epochs {
  try {
    const { epoch, highestForeignEpoch } = JSON.parse(text) as Record<string, unknown>;
    if (isEpoch(epoch) && isEpoch(highestForeignEpoch)) return { epoch, highestForeignEpoch };
  } catch {
    // The same answer as for a text that is JSON and no epoch.
  }
  throw new HecateError(
    'HEC_STATE',
    `${path}: damaged: found ${JSON.stringify(text.slice(0, 60))}, expected {"epoch":NUMBER,"highestForeignEpoch":NUMBER}`,
    'restore it from a backup, or remove it: agents then refuse this manager once, it learns their number, and the next start is above it',
  );
}

export async function readEpochs(path: string): Promise<Epochs> {
  const text = await readFileIfThere(path);
  return text === undefined ? { epoch: 0, highestForeignEpoch: 0 } : parse(path, text);
}

/** Durable when it resolves. */
export async function writeEpochs(path: string, epochs: Epochs): Promise<void> {
  const { epoch, highestForeignEpoch } = epochs;
  await writeFileAtomically(path, `${JSON.stringify({ epoch, highestForeignEpoch })}\n`);
}

/** The number of the manager that starts now. */
export const nextEpoch = ({ epoch, highestForeignEpoch }: Epochs): number =>
  Math.max(epoch, highestForeignEpoch) + 1;
