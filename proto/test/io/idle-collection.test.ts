/** Real garbage, really collected: whether it is gone is asked of a weak reference. */
import { setTimeout } from 'node:timers/promises';
import t from 'tap';
import { collectWhenIdle } from '../../src/io/idle-collection.ts';

const soon = { firstAfterMs: 10, lookEveryMs: 10 };

const garbage = (): WeakRef<object> => new WeakRef({ filled: new Array(1000).fill(1) });

t.test('what nobody holds is given back when there is nothing to do, and not before', async (t) => {
  let isIdle = false;
  let asked = 0;
  const left = garbage();
  const stop = collectWhenIdle(() => {
    asked += 1;
    return isIdle;
  }, soon);
  t.teardown(stop);
  while (asked < 5) await setTimeout(10);
  t.ok(left.deref(), 'busy: no pause');
  isIdle = true;
  while (left.deref()) await setTimeout(10);
  t.notOk('gc' in globalThis, 'nobody else can call it');
});

t.test('ended, it looks no more', async (t) => {
  let asked = 0;
  const stop = collectWhenIdle(() => {
    asked += 1;
    return false;
  }, soon);
  while (asked < 1) await setTimeout(10);
  stop();
  const before = asked;
  await setTimeout(50);
  t.equal(asked, before);
});
