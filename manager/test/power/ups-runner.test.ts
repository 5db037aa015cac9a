/** The decision of one UPS, carried out: what follows from a step leaves when the step is on the disk. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { until } from '../../../test/nodes/until.ts';
import { upsConfig } from '../../src/core/power/ups/ups-config.ts';
import type { UpsSample } from '../../src/core/power/ups/ups-sample.ts';
import type { RunId } from '../../src/core/runs/run.ts';
import { DiskReserve } from '../../src/io/disk-reserve.ts';
import { PowerFile } from '../../src/power/power-file.ts';
import { UpsRunner } from '../../src/power/ups-runner.ts';
import { readingOf } from '../core/power/support/ups-world.ts';

async function deskOf(t: Test) {
  const folder = join(t.testdir(), 'state');
  mkdirSync(folder);
  const path = join(folder, 'power.json');
  const troubles: (string | undefined)[] = [];
  const triggers: { readonly id: string; readonly onDisk: string }[] = [];
  const alerts: string[] = [];
  let nowMs = 1_000_000;
  let hear: (sample: UpsSample) => void = () => undefined;
  const make = async () =>
    new UpsRunner('rack-a', 120_000, {
      clock: { bootTimeMs: () => nowMs },
      bootId: 'boot-1',
      file: await PowerFile.open(path, await DiskReserve.open(folder)),
      watcher: { start: (onSample) => (hear = onSample), setFast: () => undefined, stop: () => undefined },
      config: () => upsConfig('rack-a'),
      onTrigger: ({ triggerId }) => {
        let onDisk = '';
        try {
          onDisk = readFileSync(path, 'utf8');
        } catch {
          // There is none.
        }
        triggers.push({ id: triggerId, onDisk });
      },
      onReverse: () => undefined,
      onAlert: (_ups, key, _alert, isRaised) => void alerts.push(`${key} ${isRaised}`),
      onInhibit: () => undefined,
      onLook: () => undefined,
      onTrouble: (error) => void troubles.push(error?.code),
    });
  const look = (status: string): void => {
    nowMs += 5000;
    const reading = readingOf(status, { runtimeMs: 60_000 });
    hear({ ups: 'rack-a', atMs: nowMs, reading, failure: undefined, rejected: [] });
  };
  const fail = (): void => ['OL', 'OB LB', 'OB LB'].forEach(look);
  return { folder, path, troubles, triggers, alerts, make, look, fail };
}

t.test('I9: the trigger leaves when it is on the disk', async (t) => {
  const { make, fail, triggers } = await deskOf(t);
  const runner = await make();
  runner.start();
  fail();
  await until(() => triggers.length === 1, { what: 'the trigger' });
  t.match(triggers[0], { id: 'ups:rack-a:1', onDisk: /"trigger":\{"triggerId":"ups:rack-a:1"/ });
  await runner.close();
  const again = await make();
  t.match(again.state, { phase: 'triggered', trigger: { triggerId: 'ups:rack-a:1' } });
});

t.test('I10: a disk that refuses it does not keep it back, and is told', async (t) => {
  const { make, fail, triggers, troubles, folder, path, look } = await deskOf(t);
  const runner = await make();
  runner.start();
  rmSync(folder, { recursive: true });
  fail();
  await until(() => triggers.length === 1, { what: 'the trigger' });
  t.match(triggers[0], { id: 'ups:rack-a:1', onDisk: '' });
  t.equal(troubles.at(-1), 'HEC_STATE');
  mkdirSync(folder);
  look('OB LB');
  await until(() => troubles.at(-1) === undefined, { what: 'the disk takes it again' });
  t.match(readFileSync(path, 'utf8'), '"triggerId":"ups:rack-a:1"');
  await runner.close();
});

t.test('a record that is lost is told, until the next start', async (t) => {
  const { make, fail, triggers, alerts, path } = await deskOf(t);
  const runner = await make();
  runner.start();
  fail();
  await until(() => triggers.length === 1, { what: 'the trigger' });
  await runner.close();
  writeFileSync(path, readFileSync(path, 'utf8').replace('rack-a', 'rack-x'));
  const again = await make();
  again.start();
  await until(() => alerts.includes('record-lost true'), { what: 'it is told' });
  t.match(again.alerts['record-lost']?.sentence, /what was decided of rack-a is lost/);
  t.equal(again.state.phase, 'unknown', 'it is looked at anew');
  await again.close();
  const third = await make();
  third.start();
  await until(() => alerts.includes('record-lost false'), { what: 'it is over' });
  await third.close();
});

t.test('what comes in the turn that ends a write is not left lying', async (t) => {
  const { make, path } = await deskOf(t);
  const runner = await make();
  for (const runId of ['run-1', 'run-2', 'run-3'])
    await runner.keepRun({ triggerId: 'ups:rack-a:1', runId: runId as RunId });
  t.match(readFileSync(path, 'utf8'), 'run-3');
  await runner.close();
});
