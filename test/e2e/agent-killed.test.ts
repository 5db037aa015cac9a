/**
 * The agent dies while systemd runs a job for it. The caller hears something true in its time, the true outcome is
 * known once the agent is back, and nothing runs twice (I2).
 */
import t from 'tap';
import { skipUnless } from '../nodes/fleet-for-test.ts';
import { until } from '../nodes/until.ts';
import { siteForTest } from '../site/site.ts';
import { activeState, countedUnit, startsOf } from './support/counted-unit.ts';
import { answerRoomMs, finalOutcome, operate, untilConnection } from './support/operations.ts';

t.test('the agent is killed while a job runs', { skip: await skipUnless('user') }, async (t) => {
  const site = await siteForTest(t, {
    names: ['server1'],
    config: { heartbeat_interval: '500ms' },
    units: {
      'slow.service': countedUnit(3),
      'slower.service': countedUnit(3),
      'doomed.service': countedUnit(2, { exitStatus: 7 }),
    },
  });
  const node = site.node('server1');
  const agent = site.agent('server1');
  const untilActivating = (unit: string) =>
    until(async () => (await activeState(node, unit)) === 'activating', { what: `${unit} is starting` });

  await t.test('and comes back at once: the caller still gets the true outcome', async (t) => {
    const answer = operate(site, 'start', 'server1', 'slow', '--timeout', '20s');
    await untilActivating('slow.service');
    await agent.stop('SIGKILL');
    await agent.start();
    const { status, exitCode, tookMs } = await answer;
    t.equal(status, 'done');
    t.equal(exitCode, 0);
    t.ok(tookMs < 20_000, 'within its time limit');
    t.equal(await activeState(node, 'slow.service'), 'active');
    t.equal(await startsOf(node, 'slow.service'), 1);
  });

  await t.test('and comes back too late: unknown, then the true outcome', async (t) => {
    const answer = operate(site, 'start', 'server1', 'slower', '--timeout', '2s');
    await untilActivating('slower.service');
    await agent.stop('SIGKILL');
    const told = await answer;
    t.equal(told.status, 'unknown', 'nobody can know yet');
    t.equal(told.exitCode, 70);
    t.match(told.stderr + told.message, 'server1');
    t.ok(
      told.tookMs < 2000 + answerRoomMs,
      `told within its time limit of 2 s: ${told.tookMs.toFixed(0)} ms`,
    );
    await untilConnection(site, 'server1', 'offline');
    await until(async () => (await activeState(node, 'slower.service')) === 'active', {
      what: 'systemd has finished the job that nobody watched',
    });
    await agent.start();
    const final = await finalOutcome(site, told.op_id);
    t.equal(final.status, 'done');
    t.equal(final.exitCode, 0);
    t.equal(final.is_inferred, true, 'nobody saw its end: it says so');
    t.equal(await startsOf(node, 'slower.service'), 1);
  });

  await t.test('of a unit that fails then: failed, not done', async (t) => {
    await site.untilOnline();
    const answer = operate(site, 'start', 'server1', 'doomed', '--timeout', '1s');
    await untilActivating('doomed.service');
    await agent.stop('SIGKILL');
    const told = await answer;
    t.notSame(told.status, 'done');
    t.not(told.exitCode, 0);
    await until(async () => (await activeState(node, 'doomed.service')) === 'failed', {
      what: 'the unit has failed',
    });
    await agent.start();
    const final = await finalOutcome(site, told.op_id);
    t.equal(final.status, 'failed');
    t.equal(final.exitCode, 1);
    t.match(final.evidence, { active_state: 'failed', result: 'exit-code' });
    t.equal(await startsOf(node, 'doomed.service'), 1);
  });
});
