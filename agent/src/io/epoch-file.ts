/** The highest epoch that any manager has shown to this agent (I6): durable before it counts. */
import { readFile } from 'node:fs/promises';
import { HecateError } from '@hecate/proto/core/errors.ts';
import { writeFileAtomically } from '@hecate/proto/io/atomic-file.ts';

export interface EpochStore {
  readonly highest: number;
  /** Resolves when it is durable. A lower one changes nothing. */
  raise(epoch: number): Promise<void>;
}

/** @throws HEC_STATE when the file is damaged: guessing would let an older manager back in */
export async function openEpochFile(path: string): Promise<EpochStore> {
  let highest = await readEpoch(path);
  let writing: Promise<void> = Promise.resolve();
  return {
    get highest() {
      return highest;
    },
    raise(epoch) {
      writing = writing
        .catch(() => undefined)
        .then(async () => {
          if (epoch <= highest) return;
          await writeFileAtomically(path, `${epoch}\n`);
          highest = epoch;
        });
      return writing;
    },
  };
}

async function readEpoch(path: string): Promise<number> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
  const epoch = Number(text.trim());
  if (/^\d{1,15}\s*$/.test(text)) return epoch;
  throw new HecateError(
    'HEC_STATE',
    `${path} is damaged: found ${JSON.stringify(text.slice(0, 40))}, expected a number`,
    'write the epoch into it that `hecatectl health` on the newest manager tells, then start the agent again',
  );
}

export function memoryEpoch(highest = 0): EpochStore {
  let current = highest;
  return {
    get highest() {
      return current;
    },
    raise(epoch) {
      current = Math.max(current, epoch);
      return Promise.resolve();
    },
  };
}
