import { spawnSync } from 'node:child_process';
import { appendFileSync, chmodSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { HecateError } from '../../src/core/errors.ts';
import { openRecordFile, type RecordFile } from '../../src/io/record-file.ts';

const anything = { parse: (value: unknown) => value };
const open = (path: string): Promise<RecordFile<unknown>> => openRecordFile(path, anything);
const wholeLine = '561bacaf 7 {"a":1}\n';

t.test('what was appended is there again, in order, and readable', async (t) => {
  const path = join(t.testdir(), 'journal');
  const file = await open(path);
  t.same(file.records, []);
  t.equal(statSync(path).mode & 0o777, 0o600);
  await Promise.all([file.append({ a: 1 }), file.append({ text: 'zwei\nZeilen ü' }), file.append([3])]);
  t.equal(file.bytes, statSync(path).size);
  await file.close();
  t.match(readFileSync(path, 'utf8'), /^[0-9a-f]{8} 7 \{"a":1\}\n/);
  t.equal(readFileSync(path, 'utf8').split('\n').length, 4, 'one line each');
  const again = await open(path);
  t.same(again.records, [{ a: 1 }, { text: 'zwei\nZeilen ü' }, [3]]);
  t.equal(again.cutTail, undefined);
  await again.close();
});

t.test('a file that others can read is closed to them at opening', async (t) => {
  const path = join(t.testdir({ journal: '' }), 'journal');
  chmodSync(path, 0o644);
  await (await open(path)).close();
  t.equal(statSync(path).mode & 0o777, 0o600);
});

t.test('lazy records keep their place among the others', async (t) => {
  const path = join(t.testdir(), 'journal');
  const file = await open(path);
  file.appendLazily(1);
  const durable = file.append(2);
  file.appendLazily(3);
  await durable;
  await file.close();
  const again = await open(path);
  t.same(again.records, [1, 2, 3]);
  await again.close();
});

t.test('rewrite replaces what came before it and nothing of what came after', async (t) => {
  const path = join(t.testdir(), 'journal');
  const file = await open(path);
  const before = [file.append(1), file.append(2)];
  const rewritten = file.rewrite(['one and two']);
  const after = file.append(3);
  await Promise.all([...before, rewritten, after]);
  t.equal(file.bytes, statSync(path).size);
  await file.append(4);
  await file.close();
  const again = await open(path);
  t.same(again.records, ['one and two', 3, 4]);
  t.equal(statSync(path).mode & 0o777, 0o600);
  await again.close();
});

t.test('after close: a clear refusal', async (t) => {
  const file = await open(join(t.testdir(), 'journal'));
  const last = file.append(1);
  await file.close();
  await last;
  await t.rejects(file.append(2), { code: 'HEC_STATE' });
  await t.rejects(file.rewrite([]), { code: 'HEC_STATE' });
  await file.close();
});

t.test('a torn end is cut off and said, at every length', async (t) => {
  const path = join(t.testdir(), 'journal');
  const file = await open(path);
  await file.append({ a: 1 });
  const whole = file.bytes;
  await file.append({ long: 'x'.repeat(100) });
  const all = readFileSync(path);
  await file.close();
  for (let length = whole + 1; length < all.length; length += 1) {
    writeFileSync(path, all.subarray(0, length));
    const again = await open(path);
    t.same(again.records, [{ a: 1 }]);
    t.equal(again.cutTail?.bytes, length - whole);
    t.equal(statSync(path).size, whole);
    await again.append('next');
    await again.close();
    const third = await open(path);
    t.same(third.records, [{ a: 1 }, 'next']);
    await third.close();
  }
});

t.test('blocks of zeros at the end are a torn end', async (t) => {
  const path = join(t.testdir(), 'journal');
  for (const start of ['', '561b', '561bacaf ', '561bacaf 7', '561bacaf 7 {"a"']) {
    writeFileSync(path, wholeLine + start + '\0'.repeat(4096));
    const file = await open(path);
    t.same(file.records, [{ a: 1 }]);
    t.equal(file.cutTail?.bytes, start.length + 4096);
    await file.close();
  }
});

t.test(
  'other damage is refused with line, finding, expectation and remedy; the file stays as it is',
  async (t) => {
    const path = join(t.testdir(), 'journal');
    const damages: [string, string, RegExp][] = [
      ['a flipped bit', wholeLine + wholeLine.replace('a', 'b') + wholeLine, /:2: .*begins|:2: .*checksum/],
      ['a flipped bit in the JSON', `${wholeLine}561bacaf 7 {"a":2}\n`, /:2: damaged: found the checksum/],
      [
        'a lost byte',
        wholeLine + wholeLine.replace('1}', '}'),
        /:2: damaged: found 6 bytes.*expected 7 bytes/,
      ],
      ['foreign text', `${wholeLine}hello\n`, /:2: damaged: found "hello"/],
      ['foreign text at the end', `${wholeLine}hello`, /:2: damaged: found "hello"/],
      ['a lost newline', wholeLine.trimEnd() + wholeLine, /:1: damaged/],
      ['another byte for the last newline', `${wholeLine}561bacaf 7 {"a":1}?`, /:2: damaged/],
      ['zeros in the middle', `${wholeLine}${'\0'.repeat(64)}\n${wholeLine}`, /:2: damaged/],
      ['not JSON', '98c89f8b 2 {]\n', /:1: damaged/],
    ];
    for (const [what, content, message] of damages) {
      writeFileSync(path, content);
      const error = await open(path).then(
        () => undefined,
        (thrown) => thrown,
      );
      t.ok(error instanceof HecateError, what);
      t.match(error, { code: 'HEC_STATE', message, remedy: /backup/ }, what);
      t.equal(readFileSync(path, 'utf8'), content);
    }
  },
);

t.test('a record that parse does not know is refused by line', async (t) => {
  const path = join(t.testdir({ journal: wholeLine + wholeLine }), 'journal');
  let line = 0;
  const parse = (value: unknown): unknown => {
    line += 1;
    if (line === 2) throw new Error('a field "n"');
    return value;
  };
  await t.rejects(openRecordFile(path, { parse }), {
    code: 'HEC_STATE',
    message: /journal:2: damaged: found \{"a":1\}, expected a field "n"/,
  });
});

t.test('what JSON cannot carry is a fault of the caller, and hurts nobody else', async (t) => {
  const file = await open(join(t.testdir(), 'journal'));
  const good = file.append(1);
  await t.rejects(file.append(undefined), { code: 'HEC_INTERNAL' });
  await good;
  await file.close();
});

t.test('too much waiting for the disk is refused, and what waits is written', async (t) => {
  const path = join(t.testdir(), 'journal');
  const lost: string[] = [];
  const file = await openRecordFile<unknown>(path, { ...anything, onLost: (e) => lost.push(e.code) });
  const big = 'x'.repeat(6 * 1024 * 1024);
  const first = [file.append(big), file.append(big)];
  await t.rejects(file.append(big), { code: 'HEC_BUSY' });
  file.appendLazily(big);
  t.same(lost, ['HEC_BUSY']);
  await Promise.all(first);
  await file.append('again');
  await file.close();
});

t.test('a directory in the way, a missing directory', async (t) => {
  const folder = t.testdir({ journal: {} });
  await t.rejects(open(join(folder, 'journal')), { code: 'HEC_STATE', message: /journal: cannot open it/ });
  await t.rejects(open(join(folder, 'no/journal')), { code: 'HEC_STATE' });
});

t.test('an unfinished compaction is thrown away', async (t) => {
  const folder = t.testdir({ journal: wholeLine, 'journal.writing': 'half' });
  const file = await open(join(folder, 'journal'));
  t.same(file.records, [{ a: 1 }]);
  t.throws(() => statSync(join(folder, 'journal.writing')));
  await file.close();
});

t.test('a last line cut by hand after an acknowledged one', async (t) => {
  const path = join(t.testdir({ journal: wholeLine }), 'journal');
  appendFileSync(path, wholeLine);
  truncateSync(path, wholeLine.length * 2 - 1);
  const file = await open(path);
  t.same(file.records, [{ a: 1 }]);
  await file.close();
});

/** Runs the scenario on a small tmpfs of a mount namespace of its own, which goes with the child. */
const script = join(import.meta.dirname, 'record-file-full-disk.ts');
const unshareFlags = process.getuid?.() === 0 ? ['-m'] : ['-Urm'];
const canUnshare = spawnSync('unshare', [...unshareFlags, 'true']).status === 0;

function onFullDisk(folder: string, roomBytes: number): ReturnType<typeof spawnSync> {
  const commands = 'mount -t tmpfs -o size=64k tmpfs "$1" && exec "$2" "$3" "$1" "$4"';
  const args = [join(folder, 'disk'), process.execPath, script, `${roomBytes}`];
  return spawnSync('unshare', [...unshareFlags, 'sh', '-c', commands, 'sh', ...args], { encoding: 'utf8' });
}

for (const roomBytes of [0, 16 * 1024, 256 * 1024]) {
  t.test(
    `full and read-only disks, where room of ${roomBytes} bytes is made ahead`,
    { skip: canUnshare ? false : 'unshare -m is not allowed here' },
    async (t) => {
      const result = onFullDisk(t.testdir({ disk: {} }), roomBytes);
      t.equal(result.stderr, '');
      const seen = JSON.parse(String(result.stdout));
      t.match(seen.full, { code: 'HEC_STATE', message: /ENOSPC/, remedy: /free space/ });
      t.equal(seen.neighbour, 'HEC_STATE', 'an append of the same batch fails with it');
      t.same(seen.lost, ['HEC_STATE'], 'a lazy record that was lost is told');
      t.match(seen.compaction, { code: 'HEC_STATE', message: /ENOSPC/ });
      t.match(seen.readOnly, { code: 'HEC_STATE', message: /EROFS/, remedy: /read-only/ });
      t.same(seen.replayed, ['first', 'after', 'last'], 'usable afterwards, no half line in it');
      t.equal(seen.cutTail, 0);
      t.same(seen.files, ['journal']);
    },
  );
}
