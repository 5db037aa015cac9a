/**
 * An idle link goes silent without a trace. Both sides know within two heartbeat intervals and a second, the session
 * is back within two seconds of the link's return, and meanwhile nothing of the node is taken for known (I12).
 * Asserted with room; the raw figures are comments.
 */
import t, { type Test } from 'tap';
import { skipUnless } from '../nodes/fleet-for-test.ts';
import type { NodeKind } from '../nodes/node.ts';
import { until } from '../nodes/until.ts';
import { type Site, siteForTest } from '../site/site.ts';
import { countedUnit } from './support/counted-unit.ts';
import { operate } from './support/operations.ts';

/** With heartbeats every second the promise is 3 s to notice and 2 s to be back. */
const heartbeatInterval = '1s';
const noticedMsMax = 5000;
const backMsMax = 6000;

interface UnitJson {
  node: string;
  unit: string;
  active_state: string;
  sub_state: string;
  is_stale: boolean;
}

const rounded = (ms: number): string => `${ms.toFixed(0)} ms`;

/** Sessions that the agent's log says have ended, whichever way. */
const sessionsEnded = (site: Site): number =>
  site
    .agent('server1')
    .log.split('\n')
    .filter((line) => line.includes('the session ended')).length;

async function since(beganMs: number, condition: () => boolean | Promise<boolean>, what: string) {
  await until(condition, { what, intervalMs: 10 });
  return performance.now() - beganMs;
}

const connection = async (site: Site, wanted: string): Promise<boolean> =>
  (await site.connections()).server1 === wanted;

async function bothSidesNotice(t: Test, site: Site): Promise<void> {
  const endedBefore = sessionsEnded(site);
  await site.node('server1').cut();
  const cutAtMs = performance.now();
  const [managerMs, agentMs] = await Promise.all([
    since(cutAtMs, () => connection(site, 'offline'), 'the manager knows that server1 is cut off'),
    since(cutAtMs, () => sessionsEnded(site) > endedBefore, 'the agent knows that it is cut off'),
  ]);
  t.comment(`noticed by the manager after ${rounded(managerMs)}, by the agent after ${rounded(agentMs)}`);
  t.ok(managerMs < noticedMsMax, 'the manager noticed in time');
  t.ok(agentMs < noticedMsMax, 'the agent noticed in time');
}

async function nothingIsTakenForKnown(t: Test, site: Site): Promise<void> {
  const { exitCode, stdout } = await site.manager.ctl(['list-units', 'server1', '--all', '-o', 'json']);
  const units = JSON.parse(stdout) as UnitJson[];
  t.ok(
    units.some(({ unit }) => unit === 'kept.service'),
    'what was known is still listed',
  );
  t.ok(
    units.every((unit) => unit.active_state === 'unknown' && unit.sub_state === 'unknown' && unit.is_stale),
    'every unit is unknown',
  );
  t.equal(exitCode, 69, 'and the exit status says that the node is not heard');
  for (const unit of ['kept', 'never-heard-of']) {
    const asked = await site.manager.ctl(['is-active', 'server1', unit]);
    t.equal(asked.stdout.trim(), 'unknown', `${unit}: neither active nor inactive`);
    t.equal(asked.exitCode, 69);
    t.equal((await site.manager.ctl(['is-failed', 'server1', unit])).exitCode, 69);
  }
  const [node] = await site.json<{ connection: string; offline_reason: string }[]>('list-nodes', 'server1');
  t.equal(node?.connection, 'offline');
  t.match(node?.offline_reason, /heartbeat|silent|heard/i, 'and says why');
}

const untilSeenActive = (site: Site): Promise<boolean> =>
  until(async () => (await site.manager.ctl(['is-active', 'server1', 'kept'])).stdout.trim() === 'active', {
    what: 'the manager sees kept.service active',
  });

async function backAfterHeal(t: Test, site: Site): Promise<void> {
  await site.node('server1').heal();
  const healedAtMs = performance.now();
  const backMs = await since(healedAtMs, () => connection(site, 'online'), 'server1 is back');
  t.comment(`online again ${rounded(backMs)} after the link`);
  t.ok(backMs < backMsMax, 'back in time');
  await untilSeenActive(site);
}

function cutAndHeal(kind: NodeKind) {
  return async (t: Test): Promise<void> => {
    const site = await siteForTest(t, {
      kind,
      names: ['server1'],
      config: { heartbeat_interval: heartbeatInterval },
      units: { 'kept.service': countedUnit(0) },
    });
    t.equal((await operate(site, 'start', 'server1', 'kept')).status, 'done');
    await untilSeenActive(site);
    for (const round of ['first', 'second']) {
      await t.test(`${round} cut`, async (t) => {
        await bothSidesNotice(t, site);
        await nothingIsTakenForKnown(t, site);
        await backAfterHeal(t, site);
      });
    }
  };
}

t.test('a user node behind a proxy', { skip: await skipUnless('user') }, cutAndHeal('user'));
t.test('a booted node behind a dead switch', { skip: await skipUnless('booted') }, cutAndHeal('booted'));
