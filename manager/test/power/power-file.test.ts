import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { initialUps } from '../../src/core/power/ups/ups-state.ts';
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

t.test('what is damaged is set aside, once, and told', async (t) => {
  const { path, open } = await folderOf(t);
  const file = await open();
  await file.put('rack-a', record('rack-a'));
  await file.put('rack-b', record('rack-b'));
  t.equal(file.lossOf('rack-c'), undefined, 'what was never there is not lost');
  const damaged = readFileSync(path, 'utf8').replace('mains is back', 'mains is lack');
  writeFileSync(path, damaged);
  const again = await open();
  t.match(
    again.lossOf('rack-a'),
    /power\.json was damaged, and what was decided of rack-a is lost.*\.damaged$/,
  );
  t.equal(again.lossOf('rack-b'), undefined);
  t.match(again.get('rack-b'), { run: { runId: 'R1' } });
  t.equal(readFileSync(`${path}.damaged`, 'utf8'), damaged);
  const third = await open();
  t.equal(third.lossOf('rack-a'), undefined, 'the file is whole again');
  t.ok(third.get('rack-b'));
});

t.test('a file that is cut off, empty, or of something else', async (t) => {
  const { path, open } = await folderOf(t);
  await (await open()).put('rack-a', record('rack-a'));
  await (await open()).put('rack-b', record('rack-b'));
  const text = readFileSync(path, 'utf8');
  const lines = text.split('\n');
  const rows: [string, string[]][] = [
    ['', []],
    ['null', []],
    ['{"version":1,"upses":{"rack-a":null}}', []],
    [text.slice(0, -1), ['rack-a', 'rack-b']],
    [text.slice(0, text.lastIndexOf('"rack-b"') + 100), ['rack-a']],
    [lines.slice(1).join('\n'), ['rack-a', 'rack-b']],
    [text.replace('"rack-a":{', '"rack-c":{'), ['rack-b']],
  ];
  for (const [damaged, kept] of rows) {
    writeFileSync(path, damaged);
    const file = await open();
    for (const ups of ['rack-a', 'rack-b']) {
      t.equal(file.get(ups) !== undefined, kept.includes(ups), `${ups} of ${damaged.slice(0, 40)}`);
      t.equal(file.lossOf(ups) === undefined, kept.includes(ups));
    }
    t.equal(readFileSync(`${path}.damaged`, 'utf8'), damaged);
  }
});
