/** A gate does not wait out its time for a host that refused to be powered off, and still waits for all others. */
import { parseNodeName } from '@hecate/proto/core/names.ts';
import t from 'tap';
import type { Leaf } from '../../../src/core/plan/gate.ts';
import type { Action } from '../../../src/core/plan/plan.ts';
import { leavesInVain } from '../../../src/core/runs/leaves-in-vain.ts';
import type { OperationEnd } from '../../../src/core/runs/run.ts';
import {
  gate,
  isNode,
  operations,
  planOf,
  poweroff,
  requestOf,
  step,
  stopAll,
} from '../../support/run-plans.ts';
import { RunsDesk } from '../../support/runs-desk.ts';

const tolerant = { onFailure: 'continue' } as const;
const denied = { code: 'HEC_POLICY', message: 'the policy says no' } as const;

/** Its first step has ended: a is refused, b is done. */
function refused(first: Action, behind: Action, end: Partial<OperationEnd> = denied): RunsDesk {
  const desk = new RunsDesk();
  const stages = [[step(first, tolerant), step(behind, tolerant)], [step(stopAll('c'))]];
  desk.request(requestOf(planOf(stages, { kind: 'sequence' })));
  desk.end('a', 'refused', end);
  desk.end('b');
  desk.take('apply');
  return desk;
}

const powerOffs = operations([poweroff('a'), poweroff('b')]);

t.test('all others are waited for, and then it goes on: degraded, and it is told why', async (t) => {
  const desk = refused(powerOffs, gate(['a', 'b'], 'powered-off', { consecutive: 2 }));
  desk.observe({ a: 'fails', b: 'fails' });
  desk.pass(1000);
  desk.observe({ a: 'fails' });
  desk.pass(1000);
  t.same(desk.applied(), [], 'one look is not two');
  desk.observe({ a: 'fails' });
  t.same(desk.applied(), ['stop c x.service']);
  const [, result] = desk.run().results;
  t.match(result, {
    outcome: 'degraded',
    hasTimedOut: false,
    why: /the rest holds: a fails \(it was refused\)/,
  });
  t.ok(desk.nowMs < 60_000, 'long before its time was over');
});

t.test('what never fails to hold ends it as it should', async (t) => {
  const desk = refused(powerOffs, gate(['a', 'b'], 'powered-off', { consecutive: 2 }));
  desk.observe({ a: 'fails' });
  desk.pass(1000);
  desk.observe();
  t.same(desk.applied(), [], 'what held but for a does not count: the host is seen off once');
  desk.pass(1000);
  desk.observe();
  t.equal(desk.run().results[1]?.outcome, 'done');
});

t.test('only where it was refused for good', async (t) => {
  const busy = { code: 'HEC_BUSY', message: 'not now' } as const;
  for (const [end, first, behind] of [
    [busy, powerOffs, gate(['a', 'b'], 'powered-off')],
    [denied, powerOffs, gate(['a', 'b'], 'offline')],
    [denied, stopAll('a', 'b'), gate(['a', 'b'], 'powered-off')],
  ] as const) {
    const desk = refused(first, behind, end);
    desk.observe({ a: 'fails' });
    desk.pass(50_000);
    t.equal(desk.run().results.length, 1, 'it still waits');
    desk.pass(20_000);
    t.equal(desk.run().results[1]?.hasTimedOut, true);
  }
});

t.test('units that a node refused to stop', async (t) => {
  const desk = refused(stopAll('a', 'b'), gate(['b']));
  const unit = (node: string, states: Extract<Leaf, { type: 'unit' }>['states']): Leaf => ({
    type: 'unit',
    node: parseNodeName(node),
    unit: 'x.service',
    states,
  });
  const leaves = [
    unit('a', ['inactive', 'failed']),
    unit('a', ['active']),
    unit('b', ['inactive']),
    isNode('a', 'offline'),
  ];
  t.same(leavesInVain(desk.run(), leaves), [leaves[0]]);
});
