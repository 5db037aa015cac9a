/** A gate that holds on silence says of which hosts it does not know that they went off. */
import t from 'tap';
import type { OperationEnd } from '../../../src/core/runs/run.ts';
import { gate, operations, planOf, poweroff, requestOf, step, stopAll } from '../../support/run-plans.ts';
import { RunsDesk } from '../../support/runs-desk.ts';

const tolerant = { onFailure: 'continue' } as const;
const names = ['a', 'b'];
const order = operations(
  names.map((name) => poweroff(name)),
  { successBy: 'gate' },
);

/** a's power-off ends so; b's is taken. Both are silent then. */
function off(end: { status: OperationEnd['status']; change?: Partial<OperationEnd> } | 'accepted'): RunsDesk {
  const desk = new RunsDesk();
  const stages = [
    [step(order, tolerant), step(gate(names, 'powered-off'), tolerant)],
    [step(stopAll('c'), tolerant)],
  ];
  desk.request(requestOf(planOf(stages, { kind: 'sequence' })));
  if (end === 'accepted') desk.accept('a');
  else desk.end('a', end.status, end.change);
  desk.end('b');
  desk.take('apply');
  desk.observe();
  return desk;
}

const gateResult = (desk: RunsDesk) => desk.run().results[1];

t.test('one whose power-off has no answer: the gate holds, and says what it does not know', async (t) => {
  for (const status of ['unknown', 'timeout'] as const) {
    const desk = off({ status });
    t.match(gateResult(desk), {
      outcome: 'done',
      why: 'a is silent, and nobody has heard that it would go off: it may be up, and cut off',
    });
    t.same(desk.applied(), ['stop c x.service'], 'it goes on all the same');
  }
});

t.test('one that was offline when it was to be told', async (t) => {
  const desk = off({ status: 'refused', change: { code: 'HEC_OFFLINE', message: 'a is offline' } });
  t.match(gateResult(desk), { outcome: 'done', why: /^a is silent/ });
});

t.test('of hosts that have said that they go off there is nothing to say', async (t) => {
  t.match(gateResult(off('accepted')), { outcome: 'done', why: '' });
  t.match(gateResult(off({ status: 'done' })), { outcome: 'done', why: '' });
});

t.test('nor where the run itself has not asked for it', async (t) => {
  const desk = new RunsDesk();
  desk.request(requestOf(planOf([[step(gate(['a'], 'powered-off'))]], { kind: 'sequence' })));
  desk.observe();
  t.match(desk.ended().at(-1)?.results, [{ outcome: 'done', why: '' }]);
});

t.test('a restart of the manager knows as much', async (t) => {
  const desk = new RunsDesk();
  const stages = [[step(order, tolerant), step(gate(names, 'powered-off'), tolerant)], [step(stopAll('c'))]];
  desk.request(requestOf(planOf(stages, { kind: 'sequence' })));
  desk.end('a', 'unknown');
  desk.end('b');
  desk.restart();
  desk.observe();
  t.match(gateResult(desk), { outcome: 'done', why: /^a is silent/ });
});
