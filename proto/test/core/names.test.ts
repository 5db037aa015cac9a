import { makeOpId, parseNodeName, parseOpId, timeOfOpIdMs } from '@hecate/proto/core/names.ts';
import fc from 'fast-check';
import t from 'tap';

t.test('node names', async (t) => {
  for (const name of ['a', '0', 'node-a', 'a.b-c.d', 'x'.repeat(63)]) t.equal(parseNodeName(name), name);
  const bad = [
    '',
    '-a',
    'a-',
    '.a',
    'a.',
    'a..b',
    'A',
    'a_b',
    'ä',
    'a b',
    'a/b',
    '../a',
    'a\n',
    'x'.repeat(64),
  ];
  for (const name of bad) t.throws(() => parseNodeName(name), { code: 'HEC_BAD_NAME' }, JSON.stringify(name));
});

t.test('a bad name is quoted in the error in bounds', async (t) => {
  const message = t.throws(() => parseNodeName('\u001b'.repeat(10_000))) as Error;
  t.ok(message.message.length < 1000);
  t.notMatch(message.message, '\u001b', 'and cannot play with the terminal');
});

t.test('operation ids are unique as their randomness, sort by their time, and parse', async (t) => {
  const random = fc.uint8Array({ minLength: 10, maxLength: 10 });
  const time = fc.integer({ min: 0, max: 2 ** 48 - 1 });
  const property = fc.property(time, time, random, random, (timeA, timeB, a, b) => {
    const [idA, idB] = [makeOpId(timeA, a), makeOpId(timeB, b)];
    if (parseOpId(idA) !== idA || idA.length !== 26 || timeOfOpIdMs(idA) !== timeA) return false;
    const isSame = timeA === timeB && Buffer.compare(a, b) === 0;
    if ((idA === idB) !== isSame) return false;
    return timeA === timeB || idA < idB === timeA < timeB;
  });
  fc.assert(property, { seed: 1, numRuns: 2000 });
  t.equal(makeOpId(0, new Uint8Array(10)), '0'.repeat(26));
  t.equal(makeOpId(2 ** 48 - 1, new Uint8Array(10).fill(255)), `7${'Z'.repeat(25)}`, 'as every ULID');
});

t.test('what is not an operation id', async (t) => {
  const id = makeOpId(1, new Uint8Array(10));
  for (const text of ['', id.slice(1), `${id}0`, id.replace('0', 'I'), id.replace('0', 'o'), `${id}\n`]) {
    t.throws(() => parseOpId(text), { code: 'HEC_USAGE' }, JSON.stringify(text));
  }
});
