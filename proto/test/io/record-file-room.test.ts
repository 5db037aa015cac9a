import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { openRecordFile, type RecordFile } from '../../src/io/record-file.ts';

t.setTimeout(120_000);

const roomBytes = 16 * 1024;
const options = { parse: (value: unknown) => value, roomBytes };
const open = (path: string): Promise<RecordFile<unknown>> => openRecordFile(path, options);
const wholeLine = '561bacaf 7 {"a":1}\n';

/** Room is made behind what was acknowledged. */
async function untilRoom(path: string, file: RecordFile<unknown>): Promise<number> {
  while (statSync(path).size === file.bytes) await new Promise(setImmediate);
  return statSync(path).size;
}

t.test('records go into room that is there, and the file keeps its length meanwhile', async (t) => {
  const path = join(t.testdir(), 'journal');
  const file = await open(path);
  await file.append({ a: 1 });
  const size = await untilRoom(path, file);
  t.ok(size >= file.bytes + roomBytes && size <= file.bytes + roomBytes + 4096, `${size} bytes`);
  t.equal(size % 4096, 0, 'whole blocks');
  for (let n = 0; n < 20; n += 1) await file.append({ a: 1 });
  t.equal(statSync(path).size, size);
  t.match(readFileSync(path, 'latin1'), /^(?:[0-9a-f]{8} [78] \{"a":1\} ?\n){21}\0+$/);
  await file.close();
  t.equal(statSync(path).size, file.bytes, 'a file that was closed has none');
});

t.test('what was before a line is marked as durable when it is, and not by a lazy record', async (t) => {
  const path = join(t.testdir({ journal: wholeLine }), 'journal');
  const file = await open(path);
  await file.append({ a: 1 });
  await file.append({ a: 1 });
  file.appendLazily({ a: 1 });
  await new Promise(setImmediate);
  file.appendLazily({ a: 1 });
  await file.append({ a: 1 });
  await file.close();
  const lines = readFileSync(path, 'latin1').split('\n').slice(0, 6);
  const marks = lines.map((line) => line.endsWith(' '));
  t.same(
    marks.slice(0, 4),
    [false, false, true, true],
    'of an earlier process, nobody knows what is durable',
  );
  t.equal(marks[4], false, 'behind a lazy one');
  t.match(lines[2], /^[0-9a-f]{8} 8 \{"a":1\} $/, 'a line as every release reads it');
  const again = await open(path);
  t.equal(again.records.length, 6);
  await again.close();
});

t.test('the room is bounded, however much is written, and after every compaction', async (t) => {
  const path = join(t.testdir(), 'journal');
  const file = await open(path);
  let largest = 0;
  const text = 'x'.repeat(700);
  for (let n = 0; n < 200; n += 1) {
    if (n % 50 === 49) await file.rewrite([n]);
    await file.append({ n, text });
    largest = Math.max(largest, statSync(path).size - file.bytes);
  }
  t.ok(largest > 0 && largest <= roomBytes + 4096, `at most ${largest} bytes`);
  await file.close();
});

t.test('a batch that is larger than the room', async (t) => {
  const path = join(t.testdir(), 'journal');
  const file = await open(path);
  await file.append(1);
  await untilRoom(path, file);
  const large = 'x'.repeat(3 * roomBytes);
  await Promise.all([file.append(large), file.append(2)]);
  await file.append(3);
  await file.close();
  const again = await open(path);
  t.same(again.records, [1, large, 2, 3]);
  await again.close();
});

t.test('room that a killed process left is taken over, whole or half made', async (t) => {
  for (const zeros of [1, 511, 4096, roomBytes]) {
    const path = join(t.testdir({ journal: wholeLine + '\0'.repeat(zeros) }), 'journal');
    const file = await open(path);
    t.same(file.records, [{ a: 1 }]);
    t.equal(file.cutTail, undefined, 'no torn end');
    t.equal(statSync(path).size, wholeLine.length + zeros);
    await file.append('next');
    await file.close();
    const again = await open(path);
    t.same(again.records, [{ a: 1 }, 'next']);
    await again.close();
  }
});

t.test('more zeros than anybody made ahead are given back', async (t) => {
  const path = join(t.testdir({ journal: wholeLine + '\0'.repeat(2 * roomBytes) }), 'journal');
  const file = await open(path);
  t.equal(statSync(path).size, wholeLine.length);
  t.same(file.records, [{ a: 1 }]);
  await file.close();
});

t.test('a torn end in the room is cut off at every length, and what it had is told', async (t) => {
  const path = join(t.testdir(), 'journal');
  const torn = '0badcafe 30 {"a":"something that was cut';
  for (let length = 1; length <= torn.length; length += 1) {
    writeFileSync(path, `${wholeLine}${torn.slice(0, length)}${'\0'.repeat(4096)}`);
    const file = await open(path);
    t.same(file.records, [{ a: 1 }]);
    t.same(file.cutTail, { bytes: length, text: torn.slice(0, length) });
    await file.append('next');
    await file.close();
    const again = await open(path);
    t.same(again.records, [{ a: 1 }, 'next']);
    await again.close();
  }
});

t.test('other damage in front of the room is refused as it is without', async (t) => {
  const path = join(t.testdir(), 'journal');
  for (const damage of [
    'hello\n',
    `${wholeLine.replace('1}', '2}')}`,
    '561bacaf 7 {"a":1}?',
    `${'\0'.repeat(64)}\n`,
  ]) {
    const content = `${wholeLine}${damage}${'\0'.repeat(4096)}`;
    writeFileSync(path, content);
    await t.rejects(open(path), { code: 'HEC_STATE', message: /:2: damaged/ });
    t.equal(readFileSync(path, 'utf8'), content);
  }
});

t.test('a journal that was written without room is taken, and one with room by who makes none', async (t) => {
  const path = join(t.testdir(), 'journal');
  const without = { parse: (value: unknown) => value };
  const old = await openRecordFile(path, without);
  await old.append('old');
  await old.close();
  const file = await open(path);
  await file.append('new');
  await untilRoom(path, file);
  writeFileSync(`${path}.killed`, readFileSync(path));
  await file.close();
  const killed = await openRecordFile(`${path}.killed`, without);
  t.same(killed.records, ['old', 'new']);
  await killed.append('newest');
  await killed.close();
  appendFileSync(`${path}.killed`, '\0'.repeat(100));
  const again = await open(`${path}.killed`);
  t.same(again.records, ['old', 'new', 'newest']);
  await again.close();
});

t.test('a writer that is killed at any moment leaves a file whose room is no torn end', async (t) => {
  const path = join(t.testdir(), 'journal');
  const writer = join(import.meta.dirname, 'record-file-writer.ts');
  let first = 0;
  for (let round = 0; round < 6; round += 1) {
    const args = [writer, path, `${first}`, '40', `${roomBytes}`];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (output.split('\n').length > 20 * (round + 1)) child.kill('SIGKILL');
    });
    await once(child, 'close');
    const acknowledged = output.split('\n').slice(0, -1).map(Number);
    const file = await open(path);
    const found = (file.records as { n: number }[]).map(({ n }) => n);
    t.same(
      acknowledged.filter((n) => !found.includes(n)),
      [],
      `round ${round}: nothing is lost`,
    );
    t.ok((file.cutTail?.bytes ?? 0) < 1000, 'at most the one batch that was being written');
    first = Math.max(first, ...found, ...acknowledged) + 1;
    await file.close();
  }
});
