import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HecateError } from '@hecate/proto/core/errors.ts';
import t, { type Test } from 'tap';
import { intentOf } from '../../src/core/runs/intent.ts';
import { RunDisk } from '../../src/runs/run-disk.ts';
import { RunJournal } from '../../src/runs/run-journal.ts';
import { planOf, requestOf, step, stopAll } from '../support/run-plans.ts';

const intent = intentOf(requestOf(planOf([[step(stopAll('a'))]]), 1));

/** `isThere`: whether the folder of intent.json is; without it nothing can be written or removed. */
async function diskFor(t: Test) {
  const folder = mkdtempSync(join(tmpdir(), 'hecate-run-disk-'));
  const [here, away] = [join(folder, 'here'), join(folder, 'away')];
  mkdirSync(here);
  const journal = await RunJournal.open(join(folder, 'runs'));
  t.teardown(async () => {
    await journal.close();
    rmSync(folder, { recursive: true });
  });
  const now = { ms: 1000 };
  const troubles: (HecateError | undefined)[] = [];
  const disk = new RunDisk({
    clock: { bootTimeMs: () => now.ms },
    journal,
    intentPath: join(here, 'intent.json'),
    onTrouble: (trouble) => troubles.push(trouble),
    diskRetryMs: 500,
  });
  return {
    disk,
    now,
    troubles,
    hasIntent: () => existsSync(join(here, 'intent.json')),
    setFolder: (isThere: boolean) => (isThere ? renameSync(away, here) : renameSync(here, away)),
  };
}

t.test('an intent that cannot be removed is owed, and removed when it can be', async (t) => {
  const { disk, now, troubles, hasIntent, setFolder } = await diskFor(t);
  t.equal(await disk.write({ records: [], intent, onFailure: 'halt' }), undefined);
  t.ok(hasIntent());
  t.equal(disk.retryAtMs, Number.POSITIVE_INFINITY, 'at rest nothing is due');
  setFolder(false);
  t.match(await disk.write({ records: [], intent: null, onFailure: 'proceed' }), { code: 'HEC_STATE' });
  t.ok(disk.isIntentOwed);
  t.equal(disk.retryAtMs, 1500);
  now.ms = 1600;
  await disk.retryWhenDue();
  t.match(troubles.at(-1), { code: 'HEC_STATE' }, 'it is told as long as it is so');
  t.equal(disk.retryAtMs, 2100);
  setFolder(true);
  await disk.retryWhenDue();
  t.ok(hasIntent(), 'not before its time');
  now.ms = 2100;
  await disk.retryWhenDue();
  t.notOk(hasIntent());
  t.notOk(disk.isIntentOwed);
  t.equal(troubles.at(-1), undefined, 'and the trouble is over');
  t.equal(disk.retryAtMs, Number.POSITIVE_INFINITY);
});

t.test('what is owed goes ahead with the next change, which does not hang on it', async (t) => {
  const { disk, troubles, hasIntent, setFolder } = await diskFor(t);
  await disk.write({ records: [], intent, onFailure: 'halt' });
  setFolder(false);
  await disk.write({ records: [], intent: null, onFailure: 'proceed' });
  t.equal(await disk.write({ records: [], intent: undefined, onFailure: 'halt' }), undefined);
  t.match(troubles.at(-1), { code: 'HEC_STATE' }, 'though it is told');
  setFolder(true);
  await disk.write({ records: [], intent: undefined, onFailure: 'halt' });
  t.notOk(hasIntent());
});

t.test('an intent that was refused with its request is owed by nobody', async (t) => {
  const { disk, hasIntent, setFolder } = await diskFor(t);
  setFolder(false);
  t.match(await disk.write({ records: [], intent, onFailure: 'halt' }), { code: 'HEC_STATE' });
  t.notOk(disk.isIntentOwed);
  setFolder(true);
  await disk.write({ records: [], intent: undefined, onFailure: 'proceed' });
  t.notOk(hasIntent());
});
