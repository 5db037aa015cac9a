/** What another site has forwarded, on a disk that refuses and with runs that are refused. */
import { systemClock } from '@hecate/proto/io/system-clock.ts';
import t from 'tap';
import { until } from '../../../test/nodes/until.ts';
import { initialReceived, resumedReceived } from '../../src/core/power/forward/forward-received-state.ts';
import type { RunId, RunRequest } from '../../src/core/runs/run.ts';
import type { ForwardFile, ReceivedRecord } from '../../src/power/forward-file.ts';
import { ForwardReceiver, type ForwardReceiverPorts } from '../../src/power/forward-receiver.ts';
import { RunWatchers } from '../../src/runs/run-watchers.ts';

const runId = 'run-1' as RunId;
const forwarded = {
  type: 'forwarded',
  trigger: {
    ...{ instance: 'instance', sequence: 1, triggerId: 'ups:rack-a:1' },
    ...{ cause: 'runtime', sentence: 'no power', timeLimitMs: 60_000 },
  },
} as const;

function bench() {
  const log: string[] = [];
  const records: ReceivedRecord[] = [];
  const broken = { disk: false, plan: false };
  const file = {
    putReceived: async (record: ReceivedRecord) => {
      if (broken.disk) throw new Error('the disk refuses');
      records.push(record);
      log.push(`kept ${record.state.forward?.phase}`);
    },
  } as unknown as ForwardFile;
  const active = (): { request: unknown }[] => (log.includes('run') ? [running] : []);
  const running = {
    request: {
      runId,
      triggerId: 'peer:tethys:rack-a:instance:1',
      plan: { nodes: ['web', 'tethys'], stages: [] },
    },
    results: [],
  };
  const ports = {
    clock: systemClock,
    bootId: 'boot',
    file,
    runs: {
      request: async () => {
        if (broken.plan) throw new Error('the plan is damaged');
        log.push('run');
        return { runId, isJoined: false, preempted: [] };
      },
      abort: async () => undefined,
      active,
      report: () => ({
        boundMs: 90_000,
        elapsedMs: 10_000,
        stages: [{ name: 'first', steps: [{ state: 'running' }] }],
      }),
      watchers: new RunWatchers(),
    },
    makeRequest: () => ({}) as RunRequest,
    isWanted: () => false,
    restore: (of: ForwardReceiver) => {
      log.push('restored');
      of.restored();
    },
    alert: (_key: string, sentence: string | undefined) => log.push(`alert ${sentence}`),
    onTrouble: (error: Error | undefined) => log.push(`disk ${error?.message ?? 'works'}`),
  } as unknown as ForwardReceiverPorts;
  const receiver = new ForwardReceiver(
    { state: initialReceived('tethys', 'rack-a', 'boot'), run: undefined },
    ports,
  );
  return { log, records, broken, receiver, ports };
}

t.test('it is kept before it is acknowledged; a second answer says how far its run is', async (t) => {
  const { log, receiver } = bench();
  t.teardown(() => receiver.close());
  const answer = await receiver.answer(forwarded);
  t.match(answer, { standing: 'accepted', newestSequence: 1 });
  t.equal(
    log.find((line) => line.startsWith('kept')),
    'kept accepted',
  );
  await until(() => receiver.runId === runId, { what: 'its run is known' });
  t.match(await receiver.answer(forwarded), {
    ...{ standing: 'running', runId, stage: 'first', boundLeftMs: 80_000 },
    coversSender: true,
  });
  t.equal(log.filter((line) => line === 'run').length, 1);
});

t.test('what the disk refuses is no acknowledgement, and its run is asked for all the same', async (t) => {
  const { log, broken, receiver } = bench();
  t.teardown(() => receiver.close());
  broken.disk = true;
  await t.rejects(receiver.answer(forwarded), /the disk refuses/);
  await t.rejects(receiver.answer(forwarded), /the disk refuses/, 'however often it is asked');
  t.ok(log.includes('run'), 'the run has a journal of its own (I10)');
  broken.disk = false;
  t.match(await receiver.answer(forwarded), { standing: 'running' });
  t.ok(log.some((line) => line.startsWith('kept')));
});

t.test('a shutdown that cannot begin is told, and asked for again', async (t) => {
  const { log, broken, receiver } = bench();
  t.teardown(() => receiver.close());
  broken.plan = true;
  await receiver.answer(forwarded);
  await until(() => receiver.refusal !== '', { what: 'it is refused' });
  t.match(await receiver.answer(forwarded), { standing: 'accepted', runId: '', trouble: /plan is damaged/ });
  t.ok(log.some((line) => /alert tethys asks for a shutdown \(rack-a\), and none begins/.test(line)));
  broken.plan = false;
  await until(() => log.includes('run'), { what: 'it is asked for again' });
  await until(() => receiver.refusal === '', { what: 'it is accepted' });
  t.equal(log.at(-1)?.startsWith('alert') ?? false, log.at(-1) === 'alert undefined');
});

t.test('ended between the acceptance of its run and the record of that: it has that run', async (t) => {
  const { log, records, receiver, ports } = bench();
  await receiver.answer(forwarded);
  await until(() => log.includes('run'), { what: 'its run is accepted' });
  await receiver.close();
  const kept = records.find(({ state }) => state.forward?.phase === 'accepted');
  if (!kept) throw new Error('nothing was kept');
  const next = new ForwardReceiver({ state: kept.state, run: undefined }, ports);
  t.teardown(() => next.close());
  next.start();
  t.match(next.state.forward, { phase: 'running', isStarted: true }, 'before anything is asked for');
  t.match(await next.answer(forwarded), { standing: 'running', runId });
  t.equal(log.filter((line) => line === 'run').length, 1, 'no second one begins');
});

t.test('ended while it is taken back: what it had stopped is started at the next start, once', async (t) => {
  const { records, receiver, ports } = bench();
  await receiver.answer(forwarded);
  await until(() => receiver.runId === runId, { what: 'its run is known' });
  const { instance, sequence } = forwarded.trigger;
  await receiver.answer({ type: 'withdrawn', instance, sequence, sentence: 'mains is back' });
  await receiver.close();
  const kept = records.at(-1);
  t.match(kept, { state: { forward: { phase: 'withdrawing' } }, takenBack: /mains is back/ });
  if (!kept) throw new Error('nothing was kept');
  // The run has been aborted meanwhile, and nobody has heard of that.
  const over = bench();
  const next = new ForwardReceiver(kept, over.ports);
  t.teardown(() => next.close());
  next.start();
  t.same(
    over.log.filter((line) => line === 'restored'),
    ['restored'],
  );
  t.equal(next.state.forward?.phase, 'withdrawn');
  await until(() => over.records.at(-1)?.takenBack === undefined && over.records.length > 0, {
    what: 'it is kept',
  });
  const last = over.records.at(-1);
  if (!last) throw new Error('nothing was kept');
  new ForwardReceiver(last, ports).start();
  t.notOk(over.log.filter((line) => line === 'restored').length > 1);
});

t.test('a peer that is revoked: durable, and told', async (t) => {
  const { log, broken, receiver } = bench();
  t.teardown(() => receiver.close());
  await receiver.answer(forwarded);
  await until(() => receiver.runId === runId, { what: 'its run is known' });
  broken.disk = true;
  await t.rejects(receiver.revoke('peer tethys was revoked'), /the disk refuses/);
  broken.disk = false;
  await receiver.revoke('peer tethys was revoked');
  t.equal(log.filter((line) => line.startsWith('kept')).at(-1), 'kept withdrawing');
  t.notOk(receiver.wants(runId));
  await receiver.revoke('peer tethys was revoked');
});

t.test('what was forwarded before a boot begins nothing until its sender is heard (I10)', async (t) => {
  const before = bench();
  before.broken.plan = true;
  await before.receiver.answer(forwarded);
  await before.receiver.close();
  const kept = before.records.at(-1)?.state;
  if (!kept) throw new Error('nothing was kept');
  const { log, ports } = bench();
  const receiver = new ForwardReceiver({ state: resumedReceived(kept, 'next boot'), run: undefined }, ports);
  t.teardown(() => receiver.close());
  receiver.start();
  await new Promise((resolve) => setImmediate(resolve));
  t.notOk(log.includes('run'));
  t.match(await receiver.answer(forwarded), { standing: /accepted|running/ });
  await until(() => log.includes('run'), { what: 'a run is there' });
});
