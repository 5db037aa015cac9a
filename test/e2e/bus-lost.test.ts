/**
 * The node's D-Bus daemon is killed, or systemd executes itself again, at rest and while a job runs. The agent finds
 * back by itself, its session to the manager lives on, and the outcome is true.
 */
import t, { type Test } from 'tap';
import { skipUnless } from '../nodes/fleet-for-test.ts';
import type { FleetNode, NodeKind } from '../nodes/node.ts';
import { until } from '../nodes/until.ts';
import { type Site, siteForTest } from '../site/site.ts';
import { activeState, countedUnit, startsOf } from './support/counted-unit.ts';
import { type Answer, answerRoomMs, finalOutcome, operate } from './support/operations.ts';

/** The process that `systemctl show dbus` names, or of this id of systemd's own; a new one is a new bus. */
async function busPid(node: FleetNode): Promise<number> {
  const { stdout } = await node.systemctl('show', '--value', '--property=MainPID', 'dbus.service');
  return Number(stdout.trim());
}

interface Fault {
  readonly name: string;
  /** Resolves when it has happened. */
  readonly happen: (node: FleetNode) => Promise<void>;
}

const faults: readonly Fault[] = [
  {
    name: 'dbus-daemon is killed',
    async happen(node) {
      const before = await busPid(node);
      await node.runOrThrow(['kill', '-KILL', String(before)]);
      await until(async () => (await busPid(node)) !== before, { what: 'the old dbus-daemon is gone' });
    },
  },
  {
    name: 'dbus-daemon is restarted',
    async happen(node) {
      const before = await busPid(node);
      // It may cut off systemctl itself, which speaks over it on a system bus.
      await node.systemctl('restart', 'dbus.service');
      await until(async () => ![0, before].includes(await busPid(node)), { what: 'another dbus-daemon' });
    },
  },
  {
    name: 'daemon-reexec',
    async happen(node) {
      const { exitCode, stderr } = await node.systemctl('daemon-reexec');
      if (exitCode !== 0) throw new Error(`daemon-reexec ended with ${exitCode}: ${stderr}`);
    },
  },
];

interface NodeJson {
  connection: string;
  is_bus_connected: boolean;
  is_complete: boolean;
}

async function untilBusIsBack(site: Site): Promise<void> {
  await until(
    async () => {
      const [node] = await site.json<NodeJson[]>('list-nodes', 'server1');
      return node?.connection === 'online' && node.is_bus_connected && node.is_complete;
    },
    { what: 'the agent has found its bus again', intervalMs: 100 },
  );
}

async function atRest(t: Test, site: Site, { happen }: Fault, unit: string): Promise<void> {
  const node = site.node('server1');
  const agentPid = site.agent('server1').pid;
  await happen(node);
  await untilBusIsBack(site);
  // What happens on the node without us is still seen: the agent has subscribed again.
  await node.systemctl('start', unit);
  await until(
    async () => (await site.manager.ctl(['is-active', 'server1', unit])).stdout.trim() === 'active',
    {
      what: 'a unit that was started on the node itself is seen',
    },
  );
  const answer = await operate(site, 'restart', 'server1', unit, '--timeout', '20s');
  t.equal(answer.status, 'done');
  t.equal(await startsOf(node, unit), 2, 'one start on the node, one by the agent');
  t.equal(site.agent('server1').pid, agentPid, 'by the same agent');
}

interface RunningJobs {
  /** A job that will succeed and one that will fail; both have begun. */
  readonly succeeding: Promise<Answer>;
  readonly failing: Promise<Answer>;
}

async function startJobs(site: Site, number: number): Promise<RunningJobs> {
  const node = site.node('server1');
  const start = (unit: string) => operate(site, 'start', 'server1', `${unit}${number}`, '--timeout', '30s');
  const jobs = { succeeding: start('slow'), failing: start('doomed') };
  for (const unit of [`slow${number}`, `doomed${number}`]) {
    await until(async () => (await activeState(node, unit)) === 'activating', {
      what: `${unit} is starting`,
    });
  }
  return jobs;
}

async function outcomesAreTrue(t: Test, site: Site, jobs: RunningJobs, number: number): Promise<void> {
  const node = site.node('server1');
  const [succeeded, failed] = await Promise.all([jobs.succeeding, jobs.failing]);
  t.equal(succeeded.status, 'done', succeeded.message ?? 'done');
  t.equal(succeeded.exitCode, 0);
  t.equal(failed.status, 'failed', failed.message ?? 'done');
  t.equal(failed.exitCode, 1);
  t.match(failed.evidence, { active_state: 'failed', result: 'exit-code' });
  t.comment(`inferred: ${succeeded.is_inferred}, ${failed.is_inferred}`);
  for (const { op_id, status } of [succeeded, failed])
    t.equal((await finalOutcome(site, op_id)).status, status, 'and that is recorded');
  for (const unit of [`slow${number}.service`, `doomed${number}.service`])
    t.equal(await startsOf(node, unit), 1, `${unit} ran once`);
}

async function whileJobsRun(t: Test, site: Site, fault: Fault, number: number): Promise<void> {
  const jobs = await startJobs(site, number);
  await fault.happen(site.node('server1'));
  await outcomesAreTrue(t, site, jobs, number);
}

/** Both jobs end while nobody listens: what became of them is looked up, and said to be looked up. */
async function jobsEndUnheard(t: Test, site: Site, number: number): Promise<void> {
  const node = site.node('server1');
  const jobs = await startJobs(site, number);
  await node.systemctl('stop', 'dbus.socket', 'dbus.service');
  await until(async () => (await activeState(node, `slow${number}`)) === 'active', { what: 'one has ended' });
  await until(async () => (await activeState(node, `doomed${number}`)) === 'failed', {
    what: 'the other, too',
  });
  await node.systemctl('start', 'dbus.socket');
  await outcomesAreTrue(t, site, jobs, number);
  t.equal((await jobs.succeeding).is_inferred, true);
  t.equal((await jobs.failing).is_inferred, true);
}

/** Nothing is guessed and nothing is kept for later while there is no bus (I12). */
async function withoutBus(t: Test, site: Site): Promise<void> {
  const node = site.node('server1');
  // systemctl as root does not need the bus.
  await node.systemctl('stop', 'dbus.socket', 'dbus.service');
  await until(
    async () => {
      const [known] = await site.json<NodeJson[]>('list-nodes', 'server1');
      return known?.connection === 'online' && !known.is_bus_connected;
    },
    { what: 'the manager knows that the agent has no bus' },
  );
  const asked = await site.manager.ctl(['is-active', 'server1', 'away']);
  t.equal(asked.stdout.trim(), 'unknown');
  t.equal(asked.exitCode, 69);
  const refused = await operate(site, 'start', 'server1', 'away', '--timeout', '20s');
  t.equal(refused.status, 'refused');
  t.equal(refused.code, 'HEC_BUS_GONE');
  t.ok(refused.tookMs < answerRoomMs, 'without waiting for the time limit');
  const doctor = await site.manager.ctl(['doctor', 'server1']);
  t.match(doctor.stdout + doctor.stderr, /D-Bus/);
  t.not(doctor.exitCode, 0);

  await node.systemctl('start', 'dbus.socket');
  await untilBusIsBack(site);
  t.equal(await startsOf(node, 'away.service'), 0, 'what was refused is not made up for');
  t.equal((await operate(site, 'start', 'server1', 'away', '--timeout', '20s')).status, 'done');
}

function faultsOf(kind: NodeKind) {
  return async (t: Test): Promise<void> => {
    const numbered = (name: string) => [...faults, 'unheard'].map((_, index) => `${name}${index}.service`);
    const make = (names: string[], text: string) => Object.fromEntries(names.map((name) => [name, text]));
    const site = await siteForTest(t, {
      kind,
      names: ['server1'],
      units: {
        ...make(numbered('quick'), countedUnit(0)),
        ...make(numbered('slow'), countedUnit(2)),
        ...make(numbered('doomed'), countedUnit(2, { exitStatus: 3 })),
        'away.service': countedUnit(0),
        // More restarts in ten seconds than systemd allows by default.
        'dbus.service.d/restarts.conf': '[Unit]\nStartLimitIntervalSec=0\n',
      },
    });
    for (const [index, fault] of faults.entries()) {
      await t.test(`${fault.name}, at rest`, (t) => atRest(t, site, fault, `quick${index}.service`));
      await t.test(`${fault.name}, while jobs run`, (t) => whileJobsRun(t, site, fault, index));
      await untilBusIsBack(site);
    }
    await t.test('no bus while jobs end', (t) => jobsEndUnheard(t, site, faults.length));
    await t.test('no bus for a while', (t) => withoutBus(t, site));
  };
}

t.test("a user's bus", { skip: await skipUnless('user') }, faultsOf('user'));
t.test('the system bus', { skip: await skipUnless('booted') }, faultsOf('booted'));
