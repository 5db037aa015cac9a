import { createRunEventLine } from '@hecate/proto/generated/wire.ts';
import t from 'tap';
import type { RunId } from '../../src/core/runs/run.ts';
import { RunWatchers } from '../../src/runs/run-watchers.ts';

const one = 'ONE' as RunId;
const line = (text: string) => createRunEventLine({ text });

t.test('each is told of his run, and wakes when there is something', async (t) => {
  const watchers = new RunWatchers();
  const watcher = watchers.watch(one);
  await watcher.changed();
  t.same(watcher.take(), []);
  let isAwake = false;
  const waiting = watcher.changed().then(() => (isAwake = true));
  watchers.tell('TWO' as RunId, line('not his'));
  await Promise.resolve();
  t.notOk(isAwake);
  watchers.tell(one, line('his'));
  await waiting;
  t.same(watcher.take(), [line('his')]);
  watchers.change(one);
  await watcher.changed();
  watcher.take();
  watchers.unwatch(watcher);
  watchers.tell(one, line('too late'));
  t.notOk(watcher.hasMore());
});

t.test('a slow one loses the oldest, and gets the rest in portions (I14)', async (t) => {
  const watchers = new RunWatchers();
  const watcher = watchers.watch(one);
  for (let index = 0; index < 1500; index += 1) watchers.tell(one, line(String(index)));
  const seen: string[] = [];
  while (watcher.hasMore()) {
    await watcher.changed();
    const lines = watcher.take();
    t.ok(lines.length <= 25);
    seen.push(...lines.map(({ text }) => text));
  }
  t.equal(seen.length, 1000);
  t.equal(seen[0], '500');
  t.equal(seen.at(-1), '1499');
});

t.test('who comes late is told from the begin, of the newest runs', async (t) => {
  const watchers = new RunWatchers();
  watchers.tell(one, line('early'));
  t.same(watchers.watch(one).take(), [line('early')]);
  for (let index = 0; index < 8; index += 1) watchers.tell(`R${index}` as RunId, line('x'));
  t.same(watchers.watch(one).take(), [], 'forgotten');
  t.same(watchers.watch('R7' as RunId).take(), [line('x')]);
});
