import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import t from 'tap';
import { corpusFolder, fuzz, newTargets, noCounts, tryFrame } from './frames.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes in use by objects that are still needed. */
function heapBytes(): number {
  collect();
  return process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;
}

t.test('frames that did harm once, or are made to', async (t) => {
  const names = readdirSync(corpusFolder).filter((name) => name.endsWith('.bin'));
  t.ok(names.length > 0, 'the corpus is there');
  for (const name of names) {
    const bytes = Uint8Array.from(readFileSync(join(corpusFolder, name)));
    t.doesNotThrow(() => tryFrame(bytes, newTargets(), noCounts()), name);
  }
});

t.test('100,000 frames: refused or understood, never anything else, in bounded memory', async (t) => {
  const counts = fuzz(10_000, 1);
  const before = heapBytes();
  fuzz(90_000, 2, counts);
  const grownBytes = heapBytes() - before;
  t.comment(JSON.stringify({ ...counts, grownBytes }));
  t.equal(counts.frames, 100_000);
  t.ok(grownBytes < 4 * 1024 * 1024, `${grownBytes} bytes more after 90,000 frames`);
  t.ok(counts.decoded > 5000, 'enough of them decode to reach what is behind the decoder');
  t.ok(counts.valid > 500, 'and are valid, to reach the session');
  t.ok(counts.ended > 10, 'and end sessions there');
});

t.test('the same seed, the same frames', async (t) => {
  t.same(fuzz(2000, 7), fuzz(2000, 7));
  t.notSame(fuzz(2000, 7), fuzz(2000, 8));
});
