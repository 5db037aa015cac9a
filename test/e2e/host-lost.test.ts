/**
 * A host goes off, in order or with its plug pulled, while a job runs on it, and is switched on again: offline, then
 * online with another boot id, and the operation it took along is never called done by mistake (I12).
 */
import t, { type Test } from 'tap';
import { skipUnless } from '../nodes/fleet-for-test.ts';
import { until } from '../nodes/until.ts';
import { type Site, siteForTest } from '../site/site.ts';
import { activeState, countedUnit, startsOf } from './support/counted-unit.ts';
import { answerRoomMs, operate, operation, untilConnection } from './support/operations.ts';

const units = {
  'plug.service': countedUnit(60),
  'order.service': countedUnit(60),
  'shielded.service': `${countedUnit(0)}\n[Install]\nWantedBy=multi-user.target\n`,
};

interface NodeJson {
  connection: string;
  boot_id: string;
}

async function bootId(site: Site): Promise<string> {
  const [node] = await site.json<NodeJson[]>('list-nodes', 'server1');
  return node?.boot_id ?? '';
}

/** The host is off: the manager says so, and knows nothing more of its units. */
async function isTakenForOff(t: Test, site: Site): Promise<void> {
  await untilConnection(site, 'server1', 'offline');
  const asked = await site.manager.ctl(['is-active', 'server1', 'shielded']);
  t.equal(asked.stdout.trim(), 'unknown', 'its units are unknown, not inactive');
  t.equal(asked.exitCode, 69);
  const sent = await operate(site, 'start', 'server1', 'shielded', '--timeout', '5s');
  t.equal(sent.status, 'offline');
}

async function switchOn(t: Test, site: Site, bootIdBefore: string): Promise<void> {
  const node = site.node('server1');
  await node.boot();
  await site.agent('server1').start();
  await site.untilOnline();
  const now = await bootId(site);
  t.not(now, bootIdBefore, 'another boot');
  t.equal(now, (await node.readFile('/proc/sys/kernel/random/boot_id')).trim(), 'which is that of the host');
}

/** The last word on an operation that the host took along: true, and not `done`. */
async function isResolved(t: Test, site: Site, opId: string, unit: string): Promise<void> {
  const known = await until(
    async () => {
      const found = await operation(site, opId);
      return found.outcome?.is_inferred || found.outcome?.status === 'failed' ? found : undefined;
    },
    { what: 'the agent has told what it holds of the operation', intervalMs: 100 },
  );
  t.comment(`resolved as ${known.outcome?.status}: ${known.outcome?.message}`);
  t.ok(['unknown', 'failed'].includes(known.outcome?.status ?? ''), 'not done');
  t.ok([70, 1].includes(known.exitCode), 'nor does the exit status say so');
  const node = site.node('server1');
  t.equal(await startsOf(node, `${unit}.service`), 1, 'it was not started again');
  t.equal(await activeState(node, unit), 'inactive');
}

t.test('a host goes off and comes back', { skip: await skipUnless('booted') }, async (t) => {
  const site = await siteForTest(t, {
    kind: 'booted',
    names: ['server1'],
    config: { heartbeat_interval: '500ms' },
    units,
  });
  const node = site.node('server1');

  await t.test('its plug is pulled', async (t) => {
    const before = await bootId(site);
    const enabled = await operate(site, 'enable', 'server1', 'shielded');
    t.equal(enabled.status, 'done');
    const answer = operate(site, 'start', 'server1', 'plug', '--timeout', '4s');
    await until(async () => (await activeState(node, 'plug')) === 'activating', { what: 'plug is starting' });
    await node.pullPlug();
    await isTakenForOff(t, site);
    const told = await answer;
    t.equal(told.status, 'unknown');
    t.equal(told.exitCode, 70);
    t.ok(told.tookMs < 4000 + answerRoomMs, `within its time limit of 4 s: ${told.tookMs.toFixed(0)} ms`);
    await switchOn(t, site, before);
    await isResolved(t, site, told.op_id, 'plug');
    t.equal(await startsOf(node, 'shielded.service'), 1, 'what was enabled before is started by the host');
  });

  await t.test('it is powered off in order', async (t) => {
    const before = await bootId(site);
    const answer = operate(site, 'start', 'server1', 'order', '--timeout', '4s');
    await until(async () => (await activeState(node, 'order')) === 'activating', {
      what: 'order is starting',
    });
    await node.poweroff();
    await isTakenForOff(t, site);
    const told = await answer;
    t.ok(['unknown', 'failed'].includes(told.status), `not done: ${told.status}: ${told.message}`);
    t.not(told.exitCode, 0);
    await switchOn(t, site, before);
    await isResolved(t, site, told.op_id, 'order');
  });

  t.equal((await operate(site, 'restart', 'server1', 'shielded')).status, 'done', 'and it works as before');
});
