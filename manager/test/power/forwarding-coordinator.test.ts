/** A coordinator that stays up, at a site whose triggers go to another one: its own last turn is its own site's matter. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createOperationOutcome } from '@hecate/proto/generated/wire.ts';
import t from 'tap';
import { until } from '../../../test/nodes/until.ts';
import { skipWithoutUpsd } from '../../../test/nut/nut-programs.ts';
import { startUpsd } from '../../../test/nut/upsd.ts';
import type { FakeAgent } from '../../../test/support/fake-agent.ts';
import { settleMs } from '../../src/core/power/ups/ups-decision.ts';
import { powerRecordsText, readPowerRecords } from '../../src/power/power-records.ts';
import { managerBench } from '../support/manager-bench.ts';
import { failMains, full, untilPhase } from '../support/power-bench.ts';
import { agentsOf, ended, listRuns, stateOf } from '../support/runs-bench.ts';

t.setTimeout(200_000);

/** Of a host that goes off when it is told to. */
function obey(agent: FakeAgent | undefined): FakeAgent {
  if (!agent) throw new Error('no agent');
  agent.onApply = async ({ opId, verb }) => {
    if (verb === 'poweroff') setImmediate(() => agent.leave());
    return createOperationOutcome({ opId, status: 'done', result: 'done' });
  };
  return agent;
}

const off = (node: string) => ({
  name: node,
  steps: [{ poweroff: { nodes: [node] }, timeout: '10s', on_failure: 'continue' }],
});

const poweroffsOf = ({ applied }: FakeAgent): number =>
  applied.filter(({ verb }) => verb === 'poweroff').length;

t.test(
  'nobody answers: hosts go first, the coordinator when the rest of the battery does',
  {
    skip: skipWithoutUpsd(),
  },
  async (t) => {
    const upsd = await startUpsd(t, { upses: { rack: { kind: 'dev', values: full } } });
    const bench = await managerBench(t, {
      inventory: [
        { name: 'node-a', address: '127.0.0.1' },
        { name: 'node-b', role: 'coordinator', address: '127.0.0.1' },
      ],
      sequences: { shutdown: { stages: [off('node-a'), off('node-b')] } },
      power: {
        upses: [{ name: 'rack-a', ups: `rack@127.0.0.1:${upsd.port}` }],
        ...{ poll_interval: '200ms', debounce_polls: 2, budget: '10s' },
        ...{ coordinator: 'stays-up', coordinator_halt: '1m' },
        forward: {
          to: ['127.0.0.1:1'],
          identity: '/nowhere',
          acknowledge_within: '1s',
          local_shutdown: true,
        },
      },
    });
    const agents = await agentsOf(bench, ['node-a', 'node-b']);
    const host = obey(agents.get('node-a'));
    const coordinator = obey(agents.get('node-b'));
    const operator = await bench.operator('admin');
    await untilPhase(operator, 'online');
    await failMains(upsd, operator);
    const first = await until(async () => (await listRuns(operator))[0], {
      what: 'this site shuts itself down',
    });
    t.match(stateOf(await ended(operator, first.runId)), /^(done|degraded)$/, 'by the rung that still fits');
    t.equal(poweroffsOf(host), 1);
    t.equal(poweroffsOf(coordinator), 0, 'it stays up');
    await untilPhase(operator, 'hosts-off');

    // What the load takes to settle, without waiting for it: the manager is started again, that much later.
    await bench.stop();
    const file = join(bench.folder, 'state/power.json');
    const { records } = readPowerRecords(readFileSync(file, 'utf8'));
    const moved = [...records].map(([ups, { state, ...rest }]) => {
      const phaseSinceMs = state.phaseSinceMs - settleMs;
      return [ups, { ...rest, state: { ...state, phaseSinceMs } }] as const;
    });
    t.equal(moved.length, 1);
    writeFileSync(file, powerRecordsText(new Map(moved)));
    await bench.start();
    const again = obey((await agentsOf(bench, ['node-b'])).get('node-b'));
    const after = await bench.operator('admin');
    // Where its turn has come before its agent was there, it is asked again when the load has settled once more.
    await until(() => poweroffsOf(again) > 0, {
      what: 'the coordinator goes off in order',
      timeoutMs: 120_000,
    });
    const [last] = await listRuns(after);
    if (!last) throw new Error('its run is not remembered');
    t.match(last.reason, /this site shuts itself down/);
    const touched = (await ended(after, last.runId)).stages.flatMap(({ steps }) =>
      steps.flatMap(({ operations }) => operations.map(({ node }) => node)),
    );
    t.same([...new Set(touched)], ['node-b'], 'and nothing is asked of hosts that are off');
  },
);
