/** Which test file begins next: what computes and what waits for its nodes run side by side. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { laneKinds, longFiles, patientFiles, TestQueue } from '../../scripts/test/test-queue.ts';

const files = [
  'test/e2e/one.test.ts',
  'test/nodes/two.test.ts',
  'agent/test/three.test.ts',
  'ctl/test/four.test.ts',
];

t.test('the first lane computes, the others boot', async (t) => {
  const queue = new TestQueue(files);
  t.equal(await queue.next(0, 'any'), 'agent/test/three.test.ts');
  t.equal(await queue.next(1, 'any'), 'test/e2e/one.test.ts');
  t.equal(await queue.next(2, 'booting'), 'test/nodes/two.test.ts');
});

t.test('one that is done with its own kind takes the other; one for what boots never computes', async (t) => {
  const queue = new TestQueue(files);
  const first = await Promise.all([1, 2, 3, 4, 5].map(() => queue.next(0, 'any')));
  t.same(first, [...files.slice(2), ...files.slice(0, 2), undefined], 'each once');
  const other = new TestQueue(files.slice(1, 3));
  t.same(
    [await other.next(2, 'booting'), await other.next(2, 'booting')],
    ['test/nodes/two.test.ts', undefined],
  );
  t.equal(await other.next(1, 'any'), 'agent/test/three.test.ts');
});

t.test('no more lanes than cores may compute', async (t) => {
  t.same(laneKinds(3, 2), ['any', 'any', 'booting', 'patient']);
  t.same(laneKinds(2, 2), ['any', 'any'], 'nor any beyond what was asked');
  t.same(laneKinds(0, 0), ['any'], 'at least one');
});

t.test('a patient one takes what hardly computes, and boots when all that computes has begun', async (t) => {
  const [first = '', second = ''] = patientFiles;
  const queue = new TestQueue([...files, second, first]);
  t.equal(await queue.next(3, 'patient'), first);
  t.equal(await queue.next(3, 'patient'), second);
  const begun: (string | undefined)[] = [];
  const late = queue.next(3, 'patient').then((file) => begun.push(file));
  begun.push(await queue.next(0, 'any'), await queue.next(1, 'any'));
  begun.push(await queue.next(0, 'any'));
  await late;
  t.same(begun, [
    'agent/test/three.test.ts',
    'test/e2e/one.test.ts',
    'ctl/test/four.test.ts',
    'test/nodes/two.test.ts',
  ]);
  t.equal(
    await new TestQueue(files.slice(0, 1)).next(3, 'patient'),
    'test/e2e/one.test.ts',
    'at once without any',
  );
  const alone = new TestQueue([first]);
  t.same(
    [await alone.next(2, 'booting'), await alone.next(0, 'any')],
    [first, undefined],
    'others take them, too',
  );
});

t.test('the longest files boot first, and then the folders with longer ones', async (t) => {
  const long = longFiles[2] ?? '';
  const queue = new TestQueue([...files, 'test/packages/five.test.ts', long]);
  t.equal(await queue.next(1, 'any'), long);
  t.equal(await queue.next(1, 'any'), 'test/packages/five.test.ts');
  t.equal(await queue.next(1, 'any'), 'test/e2e/one.test.ts');
});

t.test('files that are named are there', async (t) => {
  for (const file of [...longFiles, ...patientFiles])
    t.ok(existsSync(join(import.meta.dirname, '../..', file)), file);
});

t.test('cleared: nothing begins any more', async (t) => {
  const queue = new TestQueue(files);
  queue.clear();
  t.same(
    [await queue.next(0, 'any'), await queue.next(1, 'booting'), await queue.next(2, 'patient')],
    [undefined, undefined, undefined],
  );
});
