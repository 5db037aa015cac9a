/** `armed-order.json`: the dead man's order that this node holds, so that it outlives a restart of the agent. */
import { rename } from 'node:fs/promises';
import { asHecateError } from '@hecate/proto/core/errors.ts';
import { readFileIfThere, removeFileDurably, writeFileAtomically } from '@hecate/proto/io/atomic-file.ts';
import { type ArmedOrder, formatArmedOrder, parseArmedOrder } from '../core/armed-order.ts';
import type { Logger } from './logger.ts';

export interface ArmedOrderStore {
  /** What was there at the start. */
  readonly order: ArmedOrder | undefined;
  /** Resolves when it is durable. @throws HEC_STATE */
  save(order: ArmedOrder): Promise<void>;
  /** Resolves when it is durably gone. @throws HEC_STATE */
  remove(): Promise<void>;
}

/**
 * Readable by root only: a command of an order may have secrets in its arguments. A damaged one is put aside and told:
 * an agent without it is worth more than none, and the manager of a run that goes on arms it again.
 * @throws HEC_STATE when it cannot be read
 */
export async function openArmedOrderFile(path: string, log: Logger): Promise<ArmedOrderStore> {
  return {
    order: await read(path, log),
    save: (order) => writeFileAtomically(path, formatArmedOrder(order)),
    remove: () => removeFileDurably(path),
  };
}

async function read(path: string, log: Logger): Promise<ArmedOrder | undefined> {
  const text = await readFileIfThere(path);
  if (text === undefined) return undefined;
  try {
    return parseArmedOrder(text);
  } catch (thrown) {
    const aside = `${path}.damaged`;
    const why = `expected ${asHecateError(thrown).message}`;
    log.error('the order of a shutdown is damaged and was put aside: it is not armed', { file: aside, why });
    await rename(path, aside).catch((failure) => {
      log.error('it could not be put aside', { why: asHecateError(failure).message });
    });
    return undefined;
  }
}

/** Keeps nothing: for simulated agents and tests. */
export const memoryArmedOrder = (order?: ArmedOrder): ArmedOrderStore => ({
  order,
  save: () => Promise.resolve(),
  remove: () => Promise.resolve(),
});
