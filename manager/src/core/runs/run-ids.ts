/** Ids of a run's operations: out of the run's own, because core has no randomness. */
import { makeOpId, type OpId } from '@hecate/proto/core/names.ts';
import type { RunId } from './run.ts';

const crockford = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** The 80 random bits at the end of an id. */
function randomOf(runId: RunId): Uint8Array {
  const bytes = new Uint8Array(10);
  let bits = 0;
  let value = 0;
  let at = 0;
  for (const character of runId.slice(10)) {
    value = ((value << 5) | Math.max(0, crockford.indexOf(character))) & 0xffff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes[at] = (value >>> bits) & 0xff;
    at += 1;
  }
  return bytes;
}

/**
 * The `count`th operation of a run, counted from 0: no two of a run are the same (I2), nor those of two runs. Its last
 * nine characters are the run's.
 */
export function operationIdOf(runId: RunId, count: number, wallMs: number): OpId {
  const random = randomOf(runId);
  const view = new DataView(random.buffer);
  view.setUint32(0, (view.getUint32(0) + count + 1) >>> 0);
  return makeOpId(wallMs, random);
}
