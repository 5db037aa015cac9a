/** Which test file begins next: what computes and what waits for its nodes run side by side. */
import t from 'tap';
import { laneKinds, TestQueue } from '../../scripts/test/test-queue.ts';

const files = [
  'test/e2e/one.test.ts',
  'test/nodes/two.test.ts',
  'agent/test/three.test.ts',
  'ctl/test/four.test.ts',
];

t.test('the first lane computes, the others boot', async (t) => {
  const queue = new TestQueue(files);
  t.equal(queue.next(0, 'any'), 'agent/test/three.test.ts');
  t.equal(queue.next(1, 'any'), 'test/e2e/one.test.ts');
  t.equal(queue.next(2, 'booting'), 'test/nodes/two.test.ts');
});

t.test('one that is done with its own kind takes the other; one for what boots never computes', async (t) => {
  const queue = new TestQueue(files);
  const first = [1, 2, 3, 4, 5].map(() => queue.next(0, 'any'));
  t.same(first, [...files.slice(2), ...files.slice(0, 2), undefined], 'each once');
  const other = new TestQueue(files.slice(1, 3));
  t.same([other.next(2, 'booting'), other.next(2, 'booting')], ['test/nodes/two.test.ts', undefined]);
  t.equal(other.next(1, 'any'), 'agent/test/three.test.ts');
});

t.test('no more lanes than cores may compute', async (t) => {
  t.same(laneKinds(3, 2), ['any', 'any', 'booting']);
  t.same(laneKinds(0, 0), ['any'], 'at least one');
});

t.test('those with the longest files boot first', async (t) => {
  const queue = new TestQueue([...files, 'test/packages/five.test.ts']);
  t.equal(queue.next(1, 'any'), 'test/packages/five.test.ts');
});

t.test('cleared: nothing begins any more', async (t) => {
  const queue = new TestQueue(files);
  queue.clear();
  t.same([queue.next(0, 'any'), queue.next(1, 'booting')], [undefined, undefined]);
});
