import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { openArmedOrderFile } from '../../src/io/armed-order-file.ts';
import { openLogger } from '../../src/io/logger.ts';
import { armedOrder } from '../support/dead-man.ts';

function logged() {
  const lines: string[] = [];
  return { lines, log: openLogger('info', (line) => void lines.push(line)) };
}

t.test('kept over a restart, replaced, removed', async (t) => {
  const path = join(t.testdir(), 'armed-order.json');
  const { log, lines } = logged();
  const store = await openArmedOrderFile(path, log);
  t.equal(store.order, undefined);
  await store.save(armedOrder());
  t.equal(statSync(path).mode & 0o777, 0o600, 'a command may have secrets in its arguments');
  t.same((await openArmedOrderFile(path, log)).order, armedOrder());
  await store.save(armedOrder({ next: 2, begunAtClockMs: 600_000 }));
  t.match((await openArmedOrderFile(path, log)).order, { next: 2 });
  await store.remove();
  await store.remove();
  t.same(readdirSync(join(path, '..')), []);
  t.same(lines, []);
});

t.test('a damaged one is told and put aside, and the agent starts without it', async (t) => {
  for (const text of ['', '{"version":1', '{"version":9}']) {
    const path = join(t.testdir(), 'armed-order.json');
    writeFileSync(path, text);
    const { log, lines } = logged();
    const store = await openArmedOrderFile(path, log);
    t.equal(store.order, undefined, text);
    t.equal(readFileSync(`${path}.damaged`, 'utf8'), text, 'nothing is lost');
    t.match(lines.join(), /damaged and was put aside/);
    await store.save(armedOrder());
    t.match((await openArmedOrderFile(path, log)).order, { runId: armedOrder().runId });
  }
});

t.test('a disk that refuses', async (t) => {
  const path = join(t.testdir(), 'none', 'armed-order.json');
  const store = await openArmedOrderFile(path, logged().log);
  await t.rejects(store.save(armedOrder()), { code: 'HEC_STATE' });
  await t.rejects(store.remove(), { code: 'HEC_STATE' }, 'that it is gone is not durable');
  const folder = join(t.testdir(), 'folder');
  mkdirSync(folder);
  await t.rejects(openArmedOrderFile(folder, logged().log), { code: 'HEC_STATE' });
});
