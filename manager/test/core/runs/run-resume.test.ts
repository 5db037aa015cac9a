/** What a manager that was restarted asks, sends again, and leaves alone. */
import t from 'tap';
import {
  gate,
  hook,
  operations,
  planOf,
  requestOf,
  runIdOf,
  step,
  stop,
  stopAll,
} from '../../support/run-plans.ts';
import { RunsDesk } from '../../support/runs-desk.ts';

const begun = (...stages: Parameters<typeof planOf>[0]): RunsDesk => {
  const desk = new RunsDesk();
  desk.request(requestOf(planOf(stages, { kind: 'sequence' })));
  return desk;
};

t.test(
  'operations without an end are asked for; what was never sent is sent under the same id',
  async (t) => {
    const desk = begun([step(stopAll('a', 'b', 'c'), { parallelism: 1 })]);
    desk.end('a');
    const ids = ['b', 'c'].map((name) => desk.opIdOf(name));
    desk.restart();
    t.same(
      desk.take('recall').map(({ opId }) => opId),
      ids,
    );
    t.same(desk.applied(), [], 'nothing before the answers');
    desk.step({ type: 'operation-unknown', opId: desk.opIdOf('c') });
    t.same(desk.applied(), [], 'b may be going on: one at a time');
    desk.step({ type: 'operation-unknown', opId: desk.opIdOf('b') });
    const [sent] = desk.take('apply');
    t.equal(sent?.opId, ids[0]);
    t.equal(sent?.operation.node, 'b');
    desk.end('b');
    t.equal(desk.take('apply')[0]?.opId, ids[1]);
  },
);

t.test('one that has ended meanwhile is not sent again', async (t) => {
  const desk = begun([step(stopAll('a')), step(stopAll('b'))]);
  desk.restart();
  desk.end('a');
  t.same(desk.applied(), ['stop b x.service']);
});

t.test('an acceptance counts again where a gate decides', async (t) => {
  const byGate = operations([stop('a'), stop('b')], { successBy: 'gate' });
  const desk = begun([step(byGate), step(stopAll('c'))]);
  desk.accept('a');
  desk.restart();
  desk.accept('b');
  t.same(desk.applied(), []);
  desk.accept('a');
  t.same(desk.applied(), ['stop c x.service']);
});

t.test('gates look again, and count anew', async (t) => {
  const desk = begun([step(gate(['a'], 'online', { consecutive: 2 }))]);
  desk.observe();
  desk.restart();
  t.match(desk.take('observe'), [{ round: 1 }]);
  t.equal(desk.run().running?.look?.held, 0);
});

t.test('hooks', async (t) => {
  await t.test('one that may be run again is', async (t) => {
    const desk = begun([step(hook(true))]);
    desk.take('run-hook');
    desk.nowMs += 10_000;
    desk.restart();
    t.match(desk.take('run-hook'), [{ stepId: '1.1', timeLimitMs: 50_000 }]);
  });
  await t.test('of the others it is not known whether they ended', async (t) => {
    const desk = begun([step([hook(false), stopAll('a')])]);
    desk.restart();
    t.same(desk.take('run-hook'), []);
    t.same(desk.applied(), ['stop a x.service'], 'the next method');
    t.match(desk.events('method-failed'), [{ why: /whether cordon ended is not known/ }]);
  });
});

t.test('a retry whose pause was cut short is made after a new one', async (t) => {
  const desk = begun([step(stopAll('a'), { onFailure: 'retry' })]);
  desk.end('a', 'failed');
  desk.restart();
  t.same(desk.applied(), []);
  desk.pass(2000);
  t.same(desk.applied(), ['stop a x.service']);
});

t.test('a restart is recorded once for each, and told', async (t) => {
  const desk = begun([step(stopAll('a'))]);
  desk.restart();
  desk.restart();
  t.equal(desk.journal.filter(({ type }) => type === 'resumed').length, 2);
  t.equal(desk.events('run-resumed').length, 1);
  t.equal(desk.run().request.runId, runIdOf(1));
});
