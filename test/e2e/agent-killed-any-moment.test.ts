/**
 * The agent is killed at twenty moments around the arrival of a request: before it is read, while it is recorded,
 * while systemd is asked. Whichever it hits: a definite outcome, at most one start, and the two agree (I2, I9).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { skipUnless } from '../nodes/fleet-for-test.ts';
import { siteForTest } from '../site/site.ts';
import { countedUnit, startsOf } from './support/counted-unit.ts';
import { finalOutcome } from './support/operations.ts';
import { Operator } from './support/operator.ts';

/** Dense where the request is recorded and applied on a quick machine, then over the time that its job takes. */
const delaysMs = [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 18, 21, 25, 30, 36, 43, 51, 60];

t.test('the agent is killed right after a request', { skip: await skipUnless('user') }, async (t) => {
  const site = await siteForTest(t, {
    names: ['server1'],
    config: { heartbeat_interval: '500ms' },
    units: { 'quick@.service': countedUnit(0.1) },
  });
  const node = site.node('server1');
  const agent = site.agent('server1');
  const operator = await Operator.open(site.manager.socket);
  t.teardown(() => operator.close());
  const outcomes: string[] = [];

  const expected: Record<string, number> = { done: 1, failed: 0, refused: 0, offline: 0 };
  const ended = new Map<string, string>();

  for (const delayMs of delaysMs) {
    const unit = `quick@${delayMs}.service`;
    const answer = operator.operate('start', 'server1', unit, 10_000);
    await sleep(delayMs);
    await agent.stop('SIGKILL');
    await agent.start();
    const { outcome } = await answer;
    const final = await finalOutcome(site, outcome?.opId ?? '');
    const starts = await startsOf(node, unit);
    outcomes.push(`${delayMs} ms: ${outcome?.status} → ${final.status} ${final.code ?? ''} (${starts})`);
    ended.set(unit, final.status);
    t.equal(
      starts,
      expected[final.status],
      `${unit}, killed after ${delayMs} ms: ${final.message ?? 'done'}`,
    );
    await site.untilOnline();
  }
  for (const line of outcomes) t.comment(line);
  for (const [unit, status] of ended) {
    t.equal(await startsOf(node, unit), expected[status], `${unit} was not started later either`);
  }
});
