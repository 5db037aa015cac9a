import t from 'tap';
import { askedOperations } from '../../../src/core/runs/asked-operations.ts';
import { operations, planOf, poweroff, requestOf, step, stop, stopAll } from '../../support/run-plans.ts';
import { RunsDesk } from '../../support/runs-desk.ts';

t.test('of the steps that are over, with what became of each; of several methods the last', async (t) => {
  const desk = new RunsDesk();
  const tolerant = { onFailure: 'continue' } as const;
  const escalated = step([stopAll('a', 'b'), operations([stop('a', 'other.service'), stop('b')])], tolerant);
  desk.request(requestOf(planOf([[escalated, step(operations([poweroff('c')]))]], { kind: 'sequence' })));
  t.same(askedOperations(desk.run()), [], 'nothing is over');
  desk.end('a', 'failed');
  desk.end('b');
  desk.end('a', 'failed');
  desk.end('b');
  t.match(askedOperations(desk.run()), [
    { operation: { node: 'a', unit: 'other.service' }, phase: 'ended', end: { status: 'failed' } },
    { operation: { node: 'b' }, phase: 'ended', end: { status: 'done' } },
  ]);
});
