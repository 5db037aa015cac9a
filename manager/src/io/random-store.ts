/** Random bytes, drawn for many at once: to ask for those of one operation's id takes longer than the rest of the id. */
import { randomFillSync } from 'node:crypto';

const storeBytes = 1024;

const store = Buffer.alloc(storeBytes);
let usedBytes = storeBytes;

/** None is handed out twice. @param count at most 1024 */
export function takeRandomBytes(count: number): Uint8Array {
  if (count > storeBytes) throw new RangeError(`${count} random bytes at once, at most ${storeBytes} may be`);
  if (usedBytes + count > storeBytes) {
    randomFillSync(store);
    usedBytes = 0;
  }
  usedBytes += count;
  return Uint8Array.from(store.subarray(usedBytes - count, usedBytes));
}
