import t from 'tap';
import { initialUps } from '../../src/core/power/ups/ups-state.ts';
import type { RunId } from '../../src/core/runs/run.ts';
import { type PowerRecord, powerRecordsText, readPowerRecords } from '../../src/power/power-records.ts';

const record = (ups: string): PowerRecord => ({
  state: { ...initialUps(ups, 'boot-1', 60_000), phase: 'triggered', outages: 3 },
  run: { triggerId: `ups:${ups}:3`, runId: 'R1' as RunId },
  takenBack: 'mains is "back"',
  alerts: { silent: { level: 'critical', sentence: 'it is silent: {"a":{}}' } },
});
const records = new Map(['rack-a', 'rack-b', 'the "third"'].map((ups) => [ups, record(ups)]));
const asRead = (kept: PowerRecord | undefined): string => JSON.stringify(kept);

t.test('what is written is read, and is JSON', async (t) => {
  const text = powerRecordsText(records);
  const read = readPowerRecords(text);
  t.equal(read.isWhole, true);
  for (const [ups, kept] of records) t.equal(asRead(read.records.get(ups)), asRead(kept));
  t.same(Object.keys(JSON.parse(text).upses), [...records.keys()]);
  t.same(readPowerRecords(undefined), { records: new Map(), isWhole: true });
  t.match(readPowerRecords(powerRecordsText(new Map())), { isWhole: true });
});

t.test('I9: a byte that has changed anywhere is seen, and costs at most its own record', async (t) => {
  const text = Buffer.from(powerRecordsText(records));
  const lostOnce = new Set<string>();
  for (let position = 0; position < text.length; position += 1)
    for (const change of [0x01, 0x20, 0x84]) {
      const damaged = Buffer.from(text);
      damaged[position] = (text[position] ?? 0) ^ change;
      const read = readPowerRecords(damaged.toString('utf8'));
      if (read.isWhole) t.fail(`byte ${position} is not seen`);
      const lost = [...records.keys()].filter((ups) => !read.records.has(ups));
      if (lost.length > 1) t.fail(`byte ${position} costs ${lost.join(' and ')}`);
      for (const ups of lost) lostOnce.add(ups);
      for (const [ups, kept] of read.records)
        if (asRead(kept) !== asRead(records.get(ups))) t.fail(`byte ${position} changes ${ups}`);
    }
  t.same([...lostOnce].sort(), [...records.keys()].sort(), 'each by its own bytes');
});
