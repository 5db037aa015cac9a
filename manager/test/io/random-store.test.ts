import t from 'tap';
import { takeRandomBytes } from '../../src/io/random-store.ts';

t.test('no two draws share their bytes, over many stores', async (t) => {
  const seen = new Set<string>();
  const draws: Uint8Array[] = [];
  for (let n = 0; n < 1000; n += 1) {
    const bytes = takeRandomBytes(10);
    draws.push(bytes);
    seen.add(Buffer.from(bytes).toString('hex'));
  }
  t.equal(seen.size, 1000);
  t.ok(draws.every((bytes) => bytes.length === 10));
  const again = new Set(draws.map((bytes) => Buffer.from(bytes).toString('hex')));
  t.equal(again.size, 1000, 'and none changes later');
});

t.test('as many as there are, and no more', async (t) => {
  t.equal(takeRandomBytes(1024).length, 1024);
  t.throws(() => takeRandomBytes(1025), RangeError);
});
