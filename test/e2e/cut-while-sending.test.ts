/**
 * The link goes silent, or the agent is frozen, at the moment a command is sent. The caller is told within its time
 * limit, and what it was told as not done does not run when the link is back, however late the frame arrives. On user
 * nodes a proxy is silent; on booted ones a dead switch, over which TCP itself sends the frame again.
 */
import t, { type Test } from 'tap';
import { skipUnless } from '../nodes/fleet-for-test.ts';
import type { NodeKind } from '../nodes/node.ts';
import { until } from '../nodes/until.ts';
import { type Site, siteForTest } from '../site/site.ts';
import { countedUnit, startsOf } from './support/counted-unit.ts';
import { type Answer, answerRoomMs, finalOutcome, operate, untilConnection } from './support/operations.ts';

t.setTimeout(300_000);

/** Enough units for each way of losing a command to have its own. */
const units = Object.fromEntries(
  ['late', 'lost', 'frozen', 'before', 'after'].map((name) => [`${name}.service`, countedUnit(0)]),
);

/** A command that is sent into silence: told in time, never applied, and the next one works. */
async function isNeverApplied(
  t: Test,
  site: Site,
  unit: string,
  fault: { begin: () => Promise<void>; end: () => Promise<void> },
): Promise<void> {
  const node = site.node('server1');
  const attempt = async (): Promise<Answer> => {
    await site.untilOnline();
    await fault.begin();
    const told = await operate(site, 'start', 'server1', unit, '--timeout', '1s');
    await fault.end();
    return told;
  };
  let told = await attempt();
  // On a busy machine the manager may know of the silence before hecatectl has begun: then nothing is sent, and nothing
  // is shown of what this is about.
  for (let left = 2; told.status === 'offline' && left > 0; left -= 1) told = await attempt();
  t.equal(told.status, 'unknown', `the caller is told that nobody knows: ${told.message}`);
  t.equal(told.exitCode, 70);
  t.ok(told.tookMs < 1000 + answerRoomMs, `within its time limit of 1 s: ${told.tookMs.toFixed(0)} ms`);

  const final = await finalOutcome(site, told.op_id);
  t.equal(final.status, 'refused', `the true outcome: ${final.message}`);
  t.equal(final.code, 'HEC_EXPIRED');
  t.equal(final.exitCode, 124);
  await site.untilOnline();
  const next = await operate(site, 'start', 'server1', 'after');
  t.equal(next.status, 'done', 'what is asked for now is done');
  t.equal(await startsOf(node, `${unit}.service`), 0, 'it did not run when the link was back');
}

/** Sessions that the agent has opened since it was started. */
const sessionsOpened = (site: Site): number =>
  site
    .agent('server1')
    .log.split('\n')
    .filter((line) => line.includes('connected to the manager')).length;

/** Whether something that was sent to the node has not reached it. */
async function isHeldByTheCut(site: Site): Promise<boolean> {
  const node = site.node('server1');
  if (node.kind === 'user') return (site.userNode('server1').proxy?.counters().bytesHeld ?? 0) > 0;
  // The manager's end of the connection: what its kernel has sent and nobody has acknowledged.
  const { stdout } = await site.network.run(['ss', '--tcp', '--numeric', '--no-header', 'dst', node.address]);
  return stdout.split('\n').some((line) => Number(line.trim().split(/\s+/)[2]) > 0);
}

function outlivesTheFault(kind: NodeKind) {
  return async (t: Test): Promise<void> => {
    // Heartbeats so slow that the session is still there after the cut: the very frame arrives, late.
    const site = await siteForTest(t, {
      kind,
      names: ['server1'],
      config: { heartbeat_interval: '10s' },
      units,
    });
    const node = site.node('server1');

    await t.test('a silent cut', async (t) => {
      const sessions = sessionsOpened(site);
      await isNeverApplied(t, site, 'late', { begin: () => node.cut(), end: () => node.heal() });
      t.equal(sessionsOpened(site), sessions, 'over the same connection');
    });

    await t.test('a frozen agent', async (t) => {
      const { pid } = site.agent('server1');
      await isNeverApplied(t, site, 'frozen', {
        begin: async () => node.freeze(pid),
        end: async () => node.thaw(pid),
      });
    });
  };
}

function endsMeanwhile(kind: NodeKind) {
  return async (t: Test): Promise<void> => {
    const site = await siteForTest(t, {
      kind,
      names: ['server1'],
      config: { heartbeat_interval: '2s' },
      units,
    });
    const node = site.node('server1');
    const offline = () => untilConnection(site, 'server1', 'offline').then(() => undefined);

    await t.test('a silent cut', async (t) => {
      await isNeverApplied(t, site, 'lost', {
        begin: () => node.cut(),
        end: async () => {
          await offline();
          await node.heal();
        },
      });
    });

    await t.test('a frozen agent', async (t) => {
      const { pid } = site.agent('server1');
      await isNeverApplied(t, site, 'frozen', {
        begin: async () => node.freeze(pid),
        end: async () => {
          await offline();
          node.thaw(pid);
        },
      });
    });

    await t.test('a node that is known to be offline: nothing is sent', async (t) => {
      await node.cut();
      await offline();
      const told = await operate(site, 'start', 'server1', 'before', '--timeout', '20s');
      t.equal(told.status, 'offline');
      t.equal(told.exitCode, 69);
      t.ok(told.tookMs < answerRoomMs, `at once: ${told.tookMs.toFixed(0)} ms`);
      await node.heal();
      await site.untilOnline();
      t.equal((await operate(site, 'start', 'server1', 'after')).status, 'done');
      t.equal(await startsOf(node, 'before.service'), 0);
    });

    await t.test('healed before the deadline: done, once, and the caller hears it', async (t) => {
      await site.untilOnline();
      const startsBefore = await startsOf(node, 'late.service');
      await node.cut();
      const answer = operate(site, 'restart', 'server1', 'late', '--timeout', '20s');
      await until(() => isHeldByTheCut(site), { what: 'something waits in the cut' });
      await node.heal();
      const told = await answer;
      const starts = (await startsOf(node, 'late.service')) - startsBefore;
      t.equal(told.status === 'done' ? 1 : 0, starts, told.message ?? 'done');
      t.ok(['done', 'refused', 'offline'].includes(told.status), `a definite answer: ${told.status}`);
    });
  };
}

for (const kind of ['user', 'booted'] as const) {
  const skip = await skipUnless(kind);
  t.test(`a session that outlives the fault, ${kind} node`, { skip }, outlivesTheFault(kind));
  t.test(`a session that ends meanwhile, ${kind} node`, { skip }, endsMeanwhile(kind));
}
