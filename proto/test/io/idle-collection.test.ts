/** Real collections, as V8 tells of them: those that somebody asked for. */
import {
  constants,
  type NodeGCPerformanceDetail,
  type PerformanceEntry,
  PerformanceObserver,
} from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import t from 'tap';
import { collectWhenIdle } from '../../src/io/idle-collection.ts';

const soon = { firstAfterMs: 10, lookEveryMs: 10, aliveBytesMax: Number.POSITIVE_INFINITY };
let collections = 0;
const observer = new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    const { detail } = entry as PerformanceEntry & { readonly detail: NodeGCPerformanceDetail };
    const { kind = 0, flags = 0 } = detail;
    if (
      kind === constants.NODE_PERFORMANCE_GC_MAJOR &&
      (flags & constants.NODE_PERFORMANCE_GC_FLAGS_FORCED) !== 0
    )
      collections += 1;
  }
});
observer.observe({ entryTypes: ['gc'] });
t.teardown(() => observer.disconnect());

t.test('garbage is collected when there is nothing to do, and not before', async (t) => {
  let isIdle = false;
  let looks = 0;
  const stop = collectWhenIdle(() => {
    looks += 1;
    return isIdle;
  }, soon);
  t.teardown(stop);
  while (looks < 5) await setTimeout(10);
  t.equal(collections, 0, 'busy: no pause');
  isIdle = true;
  while (collections === 0) await setTimeout(10);
  t.notOk('gc' in globalThis, 'nobody else can call it');
});

t.test('ended, it looks no more', async (t) => {
  let looks = 0;
  const stop = collectWhenIdle(() => {
    looks += 1;
    return false;
  }, soon);
  while (looks < 1) await setTimeout(10);
  stop();
  const before = looks;
  await setTimeout(50);
  t.equal(looks, before);
});
