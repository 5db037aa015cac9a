/**
 * A node that holds an order of a shutdown and is cut off from its manager: it carries out its own part at the order's
 * time, alone, and not before; healed in time it does nothing; killed in between it still does it, once. The manager
 * is a fake one, because a real one would withdraw and renew its orders by itself.
 */
import { join } from 'node:path';
import { makeOpId } from '@hecate/proto/core/names.ts';
import {
  createArmedOperation,
  createArmShutdown,
  createDisarmShutdown,
} from '@hecate/proto/generated/wire.ts';
import { systemClock } from '@hecate/proto/io/system-clock.ts';
import t, { type Test } from 'tap';
import { fleetForTest, skipUnless } from '../nodes/fleet-for-test.ts';
import type { FleetNode } from '../nodes/node.ts';
import { until } from '../nodes/until.ts';
import { freePort } from '../site/manager-process.ts';
import { SiteAgent } from '../site/site-agent.ts';
import { FakeManager } from '../support/fake-manager.ts';
import { activeState } from './support/counted-unit.ts';

const runId = makeOpId(1_800_000_000_000, new Uint8Array(10).fill(7));
/** The agent's: how long the manager must be gone. */
const graceMs = 15_000;
const roomMs = 60_000;
const timeout = 300_000;
t.setTimeout(timeout);

/** Says when it was stopped, in CLOCK_BOOTTIME: a line for each time. */
const witness = (seconds: number): string => `[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/true
ExecStop=/bin/sh -c 'read up rest </proc/uptime; echo $up >>%h/stopped.%n; sleep ${seconds}'
`;
const units = { 'witness.service': witness(0), 'slow.service': witness(4) };

async function stoppedAtMs(node: FleetNode, unit: string): Promise<number[]> {
  const { exitCode, stdout } = await node.run(['cat', join(node.home, `stopped.${unit}`)]);
  if (exitCode !== 0) return [];
  const lines = stdout.split('\n').filter(Boolean);
  return lines.map((line) => Math.round(Number.parseFloat(line) * 1000));
}

async function startWitnesses(node: FleetNode): Promise<void> {
  for (const [name, text] of Object.entries(units)) await node.writeFile(join(node.unitFolder, name), text);
  await node.systemctl('daemon-reload');
  for (const name of Object.keys(units)) await node.systemctl('start', name);
}

interface Setup {
  readonly manager: FakeManager;
  readonly node: FleetNode;
  readonly agent: SiteAgent;
}

const settings = {
  config: ['PlainLoopback=yes', 'NodeName=server1', 'LogLevel=debug'],
  policy: '[Policy]\nPoweroff=yes\n',
};

/** With a bus: without one, an order whose units have to be named is refused. */
async function startAgent(agent: SiteAgent): Promise<void> {
  agent.log = '';
  await agent.start();
  await until(() => agent.log.includes('connected to systemd'), { what: 'the agent has a bus' });
}

async function setUp(t: Test): Promise<Setup> {
  const manager = await FakeManager.listen({ heartbeatIntervalMs: 500 });
  t.teardown(() => manager.close());
  const address = { host: '127.0.0.1', port: manager.port };
  const fleet = await fleetForTest(t, { kind: 'user', names: ['server1'], manager: address });
  const node = fleet.node('server1');
  await startWitnesses(node);
  const agent = new SiteAgent(node, settings);
  await agent.configure();
  t.teardown(() => agent.stop());
  await startAgent(agent);
  return { manager, node, agent };
}

/** @returns when it begins, in the clock that the node shares with this host */
async function arm({ manager }: Setup, beginInMs: number, ...names: string[]): Promise<number> {
  const beginAtClockMs = Math.ceil(systemClock.bootTimeMs() + beginInMs);
  const operations = names.map((unit) => createArmedOperation({ verb: 'stop', unit, timeLimitMs: 20_000 }));
  const order = createArmShutdown({ runId, epoch: 1, beginAtClockMs, reason: 'on battery', operations });
  const { outcome } = await manager.ask({ case: 'armShutdown', value: order });
  if (outcome.case !== 'done') throw new Error(outcome.case);
  return beginAtClockMs;
}

/** Silently; both sides have noticed when this resolves. */
async function cutOff({ node, manager, agent }: Setup): Promise<void> {
  await node.cut();
  const isNoticed = () => manager.sessions.length === 0 && agent.log.includes('the session ended');
  await until(isNoticed, { what: 'both have noticed the cut' });
}

const untilClock = (atMs: number): Promise<true> =>
  until(() => systemClock.bootTimeMs() >= atMs, { what: 'it is time', timeoutMs: roomMs, intervalMs: 100 });

const untilOver = (agent: SiteAgent): Promise<true> =>
  until(() => agent.log.includes('the order of a shutdown is carried out'), {
    what: 'the order is carried out',
    timeoutMs: roomMs,
    intervalMs: 100,
  });

async function stopsOnce(t: Test, node: FleetNode, unit: string, beginAtMs: number): Promise<void> {
  const stops = await stoppedAtMs(node, unit);
  t.equal(stops.length, 1, `${unit} was stopped once`);
  // /proc/uptime is cut to 10 ms, in the unit and here.
  t.ok((stops[0] ?? 0) >= beginAtMs - 10, `${(stops[0] ?? 0) - beginAtMs} ms after its time, not before`);
  t.equal(await activeState(node, unit), 'inactive');
}

async function orderFile({ node }: Setup): Promise<string> {
  return (await node.run(['ls', join(node.home, 'hecate-agent/state')])).stdout;
}

t.test('on user nodes', { skip: await skipUnless('user'), timeout }, async (t) => {
  t.jobs = 3;

  t.test('cut off: its part at its time, and the manager is told when it is back', { timeout }, async (t) => {
    const setup = await setUp(t);
    const { agent, node, manager } = setup;
    const beginAtMs = await arm(setup, 25_000, 'witness.service', 'slow.service');
    t.match(await orderFile(setup), /armed-order\.json/);
    await cutOff(setup);
    await untilOver(agent);
    await stopsOnce(t, node, 'witness.service', beginAtMs);
    await stopsOnce(t, node, 'slow.service', beginAtMs);
    t.notMatch(await orderFile(setup), /armed-order\.json/);
    await node.heal();
    await until(() => manager.reports.length === 2, { what: 'the outcomes are reported' });
    t.match(manager.reports, [{ status: 'done' }, { status: 'done' }]);
  });

  t.test('healed before its time: nothing, until the manager goes for good', { timeout }, async (t) => {
    const setup = await setUp(t);
    const { agent, node, manager } = setup;
    const beginAtMs = await arm(setup, 12_000, 'witness.service');
    await cutOff(setup);
    await node.heal();
    await manager.session();
    await untilClock(beginAtMs + 3000);
    t.equal(await activeState(node, 'witness.service'), 'active');
    t.ok(systemClock.bootTimeMs() > beginAtMs);
    const goneAtMs = systemClock.bootTimeMs();
    await cutOff(setup);
    await untilOver(agent);
    await stopsOnce(t, node, 'witness.service', goneAtMs + graceMs);
  });

  t.test('withdrawn: nothing, however long it is cut off', { timeout }, async (t) => {
    const setup = await setUp(t);
    const { node, manager } = setup;
    const beginAtMs = await arm(setup, 18_000, 'witness.service');
    const disarm = createDisarmShutdown({ runId, epoch: 1 });
    t.match((await manager.ask({ case: 'disarmShutdown', value: disarm })).outcome, { case: 'done' });
    t.notMatch(await orderFile(setup), /armed-order\.json/);
    await cutOff(setup);
    await untilClock(beginAtMs + 5000);
    t.same(await stoppedAtMs(node, 'witness.service'), []);
  });

  t.test(
    'the agent is killed before its time, and once more in its middle: still, and once',
    { timeout },
    async (t) => {
      const setup = await setUp(t);
      const { agent, node } = setup;
      const beginAtMs = await arm(setup, 20_000, 'slow.service', 'witness.service');
      await cutOff(setup);
      await agent.stop('SIGKILL');
      await agent.start();
      await until(async () => (await stoppedAtMs(node, 'slow.service')).length > 0, {
        what: 'its part has begun',
        timeoutMs: roomMs,
      });
      await agent.stop('SIGKILL');
      t.equal(await activeState(node, 'slow.service'), 'deactivating', 'killed while the first job runs');
      agent.log = '';
      await agent.start();
      await untilOver(agent);
      t.match(agent.log, /had begun, and goes on/);
      await stopsOnce(t, node, 'slow.service', beginAtMs);
      await stopsOnce(t, node, 'witness.service', beginAtMs);
    },
  );
});

t.test('a booted node powers itself off, once', { skip: await skipUnless('booted'), timeout }, async (t) => {
  const port = await freePort();
  const address = { host: '127.0.0.1', port };
  const fleet = await fleetForTest(t, { kind: 'booted', names: ['server1'], manager: address });
  const node = fleet.node('server1');
  await startWitnesses(node);
  const agent = new SiteAgent(node, settings);
  await agent.configure();
  await startAgent(agent);
  const program = join(node.repository, 'test/e2e/support/arming-manager.ts');
  const manager = await node.spawn(['node', program, String(port), '18000', runId]);
  let said = '';
  manager.child.stdout?.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  await until(() => said === 'done\n', { what: 'the order is armed' });
  const beginAtMs = JSON.parse(
    await node.readFile(join(agent.folder, 'state/armed-order.json')),
  ).beginAtClockMs;
  manager.kill('SIGKILL');
  await node.waitUntilOff(roomMs);
  t.match(node.power().at(-1), { event: 'off', isOrderly: true }, 'in order, through logind');
  await agent.stop();

  await node.boot();
  const [stopped = 0, ...others] = await stoppedAtMs(node, 'witness.service');
  t.ok(
    stopped >= beginAtMs - 10 && others.length === 0,
    `${stopped - beginAtMs} ms after its time, not before`,
  );
  await startAgent(agent);
  const now = systemClock.bootTimeMs();
  await untilClock(now + graceMs + 3000);
  t.ok(node.isUp(), 'and stays on in its next boot');
  const { stdout } = await node.run(['ls', join(agent.folder, 'state')]);
  t.match(stdout, /armed-order\.json/, 'and tells of it until a manager has heard of it');
  t.match(agent.log, /an order of a shutdown has powered this host off/);
  await agent.stop();
});
