/** What a node says in its hello, that its dead man's order has powered it off, before anything is sent to it. */
import type { OpId } from '@hecate/proto/core/names.ts';
import { createOperationOutcome } from '@hecate/proto/generated/wire.ts';
import { systemClock } from '@hecate/proto/io/system-clock.ts';
import t from 'tap';
import { until } from '../../../test/nodes/until.ts';
import { FleetStore } from '../../src/fleet-store.ts';
import type { OperationRunner } from '../../src/operation-runner.ts';
import { RunOperations } from '../../src/runs/run-operations.ts';
import { managerBench } from '../support/manager-bench.ts';
import { node, poweroff } from '../support/run-plans.ts';
import { agentOf, agentsOf, ended, execute, stateOf } from '../support/runs-bench.ts';

t.setTimeout(120_000);

const names = ['node-a', 'node-b'];
const off = (name: string) => ({
  name: `off-${name}`,
  steps: [{ poweroff: { nodes: [name] }, timeout: '2s', on_failure: 'continue' }],
});
const config = {
  inventory: [
    { name: 'node-a', units: ['x.service'], address: '127.0.0.1' },
    { name: 'node-b', role: 'coordinator', address: '127.0.0.1' },
  ],
  sequences: {
    shutdown: {
      stages: [
        { name: 'stop', steps: [{ stop: { nodes: ['node-a'] }, timeout: '30s', on_failure: 'continue' }] },
        ...names.map(off),
      ],
    },
  },
};

t.test('hosts that are on again after their orders: the run ends, and nobody is powered off', async (t) => {
  const bench = await managerBench(t, config);
  const agents = await agentsOf(bench, names);
  const first = agents.get('node-a');
  if (!first) throw new Error('no agent');
  first.onApply = () => new Promise<never>(() => undefined);
  const operator = await bench.operator('admin');
  const { run } = await execute(operator, 'shutdown');
  const runId = run?.summary?.runId ?? '';
  await until(() => first.applied.length === 1 && first.armed, { what: 'it has begun' });
  await bench.stop();
  await bench.start();
  const hello = { carriedOutRunId: runId };
  const back = await Promise.all(names.map((name) => agentOf(bench, { name, hello })));
  const report = await ended(await bench.operator('admin'), runId);
  t.equal(stateOf(report), 'degraded', JSON.stringify(report.degradations));
  t.match(report.degradations, [/node-a/], 'which is not off any more, and nothing else');
  t.same(
    back.map(({ applied }) => applied),
    [[], []],
    'nothing is asked of them',
  );
  t.same(
    back.map(({ armed }) => armed),
    [undefined, undefined],
    'nor are they given an order',
  );
});

t.test('while that is being recorded, nothing is sent', async (t) => {
  for (const isGivenUp of [true, false]) {
    const submitted: string[] = [];
    const recordingOperations = {
      known: () => undefined,
      submit: async ({ opId }: { opId: OpId }) => {
        submitted.push(opId);
        return createOperationOutcome({ opId, status: 'done' });
      },
    } as unknown as OperationRunner;
    const operations = new RunOperations({
      clock: systemClock,
      fleet: new FleetStore(),
      operations: recordingOperations,
      logLines: () => 0,
    });
    t.teardown(() => operations.close());
    let hear: () => void = () => undefined;
    operations.holdBack(node('a'), new Promise((resolve) => (hear = resolve)));
    const controller = new AbortController();
    const apply = (name: string) =>
      operations.apply(
        {
          opId: `01HF7YAT2D000000000000000${name}` as OpId,
          operation: poweroff(name),
          timeLimitMs: 60_000,
          requestedBy: 'test',
          requestedFrom: '',
          reason: '',
          isSentUnrecorded: true,
          signal: controller.signal,
        },
        () => undefined,
      );
    const held = apply('a');
    t.equal((await apply('b')).status, 'done', 'another node does not wait');
    t.equal(submitted.length, 1);
    if (isGivenUp) controller.abort();
    hear();
    const end = await held;
    t.equal(end.code, isGivenUp ? 'HEC_CANCELLED' : '');
    t.equal(submitted.length, isGivenUp ? 1 : 2);
    t.equal((await apply('a')).code, isGivenUp ? 'HEC_CANCELLED' : '', 'held back once');
  }
});
