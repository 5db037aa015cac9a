/** A forward with its file and its wire: sent, lost, answered, carried out here where nobody answers. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@hecate/proto/io/system-clock.ts';
import t, { type Test } from 'tap';
import { until } from '../../../test/nodes/until.ts';
import type { ForwardProgress, OwnSupply } from '../../src/core/power/forward/forward-state.ts';
import { DiskReserve } from '../../src/io/disk-reserve.ts';
import { ForwardFile } from '../../src/power/forward-file.ts';
import { ForwardSender, type Send } from '../../src/power/forward-sender.ts';
import { progressOf } from '../core/power/support/forward-world.ts';

async function bench(t: Test) {
  const folder = mkdtempSync(join(tmpdir(), 'hecate-forwards-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'forwards.json');
  const log: string[] = [];
  const sent: { send: Send; onDisk: string }[] = [];
  const world = {
    answer: undefined as Partial<ForwardProgress> | undefined,
    supply: { slackMs: 60_000, leftMs: 90_000, isOnMains: false } as OwnSupply,
  };
  const file = await ForwardFile.open(path, await DiskReserve.open(folder));
  const sender = new ForwardSender('rack-a', {
    clock: systemClock,
    bootId: 'boot',
    file,
    config: () => ({ acknowledgeWithinMs: 200, progressWithinMs: 1000, hasLocalShutdown: true }),
    send: async (_ups, _instance, send) => {
      sent.push({ send, onDisk: readFileSync(path, 'utf8') });
      if (world.answer === undefined) throw new Error('no route');
      return progressOf(world.answer);
    },
    hear: (_triggerId, event) => log.push(event),
    onRecovered: () => log.push('recovered'),
    onLetGo: () => log.push('let go'),
    supply: () => world.supply,
    local: {
      resume: () => log.push('local resumed'),
      ask: ({ sentence }) => log.push(`local: ${sentence}`),
      reverse: () => log.push('local reversed'),
    },
    alert: (key, alert) => log.push(`${key} ${alert === undefined ? 'over' : 'raised'}`),
    onTrouble: () => undefined,
  });
  t.teardown(() => sender.close());
  sender.start(undefined);
  const ask = () =>
    sender.ask({
      ...{ type: 'trigger', triggerId: 'ups:rack-a:1', cause: 'runtime', sentence: 'no power' },
      ...{ slackMs: 0, timeLimitMs: 90_000 },
    });
  return { log, sent, world, sender, ask };
}

t.test('it is on the disk before it is sent; sent again until it is answered, and followed', async (t) => {
  const { log, sent, world, sender, ask } = await bench(t);
  ask();
  await until(() => sent.length >= 2, { what: 'it is sent again' });
  t.match(sent[0]?.onDisk, /"triggerId": "ups:rack-a:1"/, 'I9');
  t.same(new Set(sent.map(({ send }) => send.sequence)), new Set([1]));
  world.answer = { standing: 'running' };
  await until(() => log.includes('started'), { what: 'it is acknowledged' });
  t.match(sender.counts, { sent: 1, acknowledged: 1 });
  world.answer = { standing: 'ended' };
  await until(() => log.includes('ended'), { what: 'it is over there' });
  world.supply = { slackMs: undefined, leftMs: undefined, isOnMains: true };
  sender.look();
  await until(() => log.includes('recovered'), { what: 'mains is back' });
  t.equal(sender.sentence('titan'), '');
});

t.test('nobody answers, and the battery is only just enough for this host', async (t) => {
  const { log, world, sender, ask } = await bench(t);
  ask();
  await until(() => log.includes('unacknowledged raised'), { what: 'it is told' });
  t.notOk(log.some((line) => line.startsWith('local')));
  world.supply = { slackMs: -1, leftMs: 30_000, isOnMains: false };
  await until(() => log.some((line) => /local: .*shuts itself down: .*no route/.test(line)), {
    what: 'this site shuts itself down',
  });
  t.equal(sender.counts.local, 1);
});

t.test('mains is back: withdrawn, and let go of', async (t) => {
  const { log, sent, world, sender, ask } = await bench(t);
  world.answer = { standing: 'running' };
  ask();
  await until(() => log.includes('started'), { what: 'it is acknowledged' });
  world.answer = { standing: 'withdrawn' };
  sender.reverse({ type: 'reverse', triggerId: 'ups:rack-a:1', sentence: 'mains is back' });
  await until(() => log.includes('let go'), { what: 'it is withdrawn' });
  t.equal(sent.at(-1)?.send.isWithdrawal, true);
  t.ok(log.includes('failed'));
});
