import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createRunOperationReport,
  createRunReport,
  createRunStage,
  createRunStep,
  createRunSummary,
} from '@hecate/proto/generated/wire.ts';
import t from 'tap';
import { LastHosts } from '../../src/io/last-hosts-file.ts';
import { type HistoryEntry, RunHistory } from '../../src/io/run-history-file.ts';

const folderOf = (t: { teardown: (end: () => void) => unknown }): string => {
  const folder = mkdtempSync(join(tmpdir(), 'hecate-history-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

const idOf = (index: number): string => `01M7ZH${String(index).padStart(20, '0')}`;

const entryOf = (index: number, why = ''): HistoryEntry => ({
  past: {
    id: idOf(index),
    plan: 'startup',
    kind: 'startup',
    mode: 'poweroff',
    outcome: 'done',
    isDryRun: false,
    isRehearsal: false,
    startedWallMs: index,
    durationMs: 10,
    steps: [],
  },
  report: createRunReport({
    summary: createRunSummary({ runId: idOf(index), why }),
    stages: [
      createRunStage({
        name: 's',
        steps: [createRunStep({ operations: [createRunOperationReport({ node: 'a' })] })],
      }),
    ],
  }),
});

t.test('kept over a restart, replaced by id, bounded', async (t) => {
  const path = join(folderOf(t), 'runs.json');
  const history = await RunHistory.open(path);
  t.same(history.all(), []);
  await Promise.all([3, 1, 2].map((index) => history.add(entryOf(index))));
  await history.add(entryOf(2, 'again'));
  const again = await RunHistory.open(path);
  t.same(
    again.all().map(({ past, report }) => [past.id, report.summary?.why]),
    [
      [idOf(1), ''],
      [idOf(2), 'again'],
      [idOf(3), ''],
    ],
  );
  t.same(again.get(idOf(3)), entryOf(3), 'whole');
  t.equal(again.get('nothing'), undefined);
  t.equal(statSync(path).mode & 0o777, 0o600);
  for (let index = 4; index <= 250; index += 1) void again.add(entryOf(index));
  await again.close();
  const bounded = await RunHistory.open(path);
  t.equal(bounded.all().length, 200);
  t.equal(bounded.all()[0]?.past.id, idOf(51));
  const operationsOf = (index: number) =>
    bounded.get(idOf(index))?.report.stages[0]?.steps[0]?.operations.length;
  t.equal(operationsOf(250), 1);
  t.equal(operationsOf(231), 1, 'the newest twenty in full');
  t.equal(operationsOf(230), 0);
});

t.test('damage is told, and nothing is thrown away', async (t) => {
  const path = join(folderOf(t), 'runs.json');
  for (const text of ['', '{"version":1', '{"version":2,"runs":[]}', '{"version":1,"runs":[{"past":{}}]}']) {
    writeFileSync(path, text);
    await t.rejects(RunHistory.open(path), { code: 'HEC_STATE', message: /runs\.json: damaged/ }, text);
  }
});

t.test('a disk that refuses: what is known stays known', async (t) => {
  const path = join(folderOf(t), 'gone', 'runs.json');
  const history = await RunHistory.open(path);
  await t.rejects(history.add(entryOf(1)), { code: 'HEC_STATE' });
  t.ok(history.get(idOf(1)));
});

t.test('where nodes last dialled from, and when they were last there', async (t) => {
  const path = join(folderOf(t), 'last-hosts.json');
  const hosts = await LastHosts.open(path);
  hosts.set('a', '192.0.2.1', 1000);
  hosts.set('b', '192.0.2.2', 2000);
  hosts.set('a', '192.0.2.3', 3000);
  hosts.set('b', '', 4000.4);
  hosts.set('c', '', 5000);
  await hosts.close();
  const again = await LastHosts.open(path);
  t.equal(again.get('a'), '192.0.2.3');
  t.equal(again.get('b'), '192.0.2.2');
  t.equal(again.get('c'), undefined);
  t.same(
    ['a', 'b', 'c', 'd'].map((node) => again.lastSeenMs(node)),
    [3000, 4000, 5000, 0],
  );
  writeFileSync(path, 'nonsense');
  t.equal((await LastHosts.open(path)).get('a'), undefined, 'it is only a help');
});

t.test('neither dry runs nor frequent ones push out what durations are learnt from', async (t) => {
  const history = await RunHistory.open(join(folderOf(t), 'runs.json'));
  const add = (index: number, changes: Partial<HistoryEntry['past']>) => {
    const entry = entryOf(index);
    void history.add({ ...entry, past: { ...entry.past, ...changes } });
  };
  for (let index = 1; index <= 12; index += 1) add(index, { plan: 'shutdown' });
  for (let index = 13; index <= 300; index += 1) add(index, { plan: 'often' });
  for (let index = 301; index <= 400; index += 1) add(index, { isDryRun: true });
  await history.close();
  const count = (fits: (entry: HistoryEntry) => boolean) => history.all().filter(fits).length;
  t.equal(
    count(({ past }) => past.isDryRun),
    20,
  );
  t.equal(
    count(({ past }) => past.plan === 'shutdown'),
    10,
    'the newest ten',
  );
  t.equal(history.all()[0]?.past.id, idOf(3));
  t.ok(history.all().length <= 210);
});
