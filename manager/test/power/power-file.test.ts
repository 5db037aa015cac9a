import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { initialUps } from '../../src/core/power/ups-state.ts';
import type { RunId } from '../../src/core/runs/run.ts';
import { DiskReserve } from '../../src/io/disk-reserve.ts';
import { PowerFile, type PowerRecord } from '../../src/power/power-file.ts';

const record = (ups: string): PowerRecord => ({
  state: { ...initialUps(ups, 'boot-1', 60_000), phase: 'triggered', outages: 3 },
  run: { triggerId: `ups:${ups}:3`, runId: 'R1' as RunId },
  takenBack: 'mains is back',
  alerts: { silent: { level: 'critical', sentence: 'it is silent' } },
});

async function folderOf(t: Test) {
  const folder = t.testdir();
  const path = join(folder, 'power.json');
  const open = async () => PowerFile.open(path, await DiskReserve.open(folder));
  return { path, open };
}

t.test('what was put is there after a restart', async (t) => {
  const { open } = await folderOf(t);
  const file = await open();
  t.equal(file.get('rack-a'), undefined, 'a first start');
  await file.put('rack-a', record('rack-a'));
  await file.put('rack-b', { ...record('rack-b'), run: undefined, takenBack: undefined });
  const again = await open();
  t.match(again.get('rack-a'), JSON.parse(JSON.stringify(record('rack-a'))));
  t.match(again.get('rack-b'), { run: undefined, takenBack: undefined, state: { ups: 'rack-b' } });
});

t.test(
  'UPSes that write at the same time: what is durable of one stays when another has written',
  async (t) => {
    const { open } = await folderOf(t);
    const file = await open();
    const upses = ['rack-a', 'rack-b', 'rack-c', 'rack-d'];
    for (let outages = 1; outages <= 30; outages += 1) {
      const puts = upses.map((ups) => {
        const { state, ...others } = record(ups);
        return file.put(ups, { ...others, state: { ...state, outages } });
      });
      await Promise.all(puts);
      const again = await open();
      for (const ups of upses) t.equal(again.get(ups)?.state.outages, outages, `${ups}, write ${outages}`);
    }
  },
);

t.test('a UPS that is not declared any more goes', async (t) => {
  const { open } = await folderOf(t);
  const file = await open();
  await file.put('rack-a', record('rack-a'));
  file.forgetOthers(['rack-b']);
  await file.put('rack-b', record('rack-b'));
  const again = await open();
  t.equal(again.get('rack-a'), undefined);
  t.ok(again.get('rack-b'));
});

t.test('a damaged file is refused, and left as it is', async (t) => {
  const { path, open } = await folderOf(t);
  const whole = { version: 1, upses: { a: record('a') } };
  for (const text of [
    '',
    '{',
    'null',
    '{"version":2,"upses":{}}',
    '{"version":1}',
    '{"version":1,"upses":{"a":null}}',
    JSON.stringify(whole).replace('"ups":"a"', '"ups":"b"'),
    JSON.stringify(whole).replace('"outages":3', '"outages":"3"'),
  ]) {
    writeFileSync(path, text);
    await t.rejects(open(), { code: 'HEC_STATE', message: /power\.json: damaged/ }, text);
    t.equal(readFileSync(path, 'utf8'), text);
  }
});
