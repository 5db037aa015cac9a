/** The dead man's order in a whole agent, between a fake manager and a fake systemd, on a clock of the test's own. */
import { setImmediate as turn } from 'node:timers/promises';
import { createArmedOperation, createDisarmShutdown } from '@hecate/proto/generated/wire.ts';
import { systemClock } from '@hecate/proto/io/system-clock.ts';
import type { Clock } from '@hecate/proto/io/transport.ts';
import t, { type Test } from 'tap';
import { until } from '../../../test/nodes/until.ts';
import { FakeSystemd } from '../../../test/support/fake-systemd.ts';
import type { ArmedOrder } from '../../src/core/armed-order.ts';
import { deadManLimits } from '../../src/core/dead-man-state.ts';
import type { OperationRecord } from '../../src/core/operation-record.ts';
import { defaultPolicy } from '../../src/core/policy.ts';
import type { ArmedOrderStore } from '../../src/io/armed-order-file.ts';
import { memoryEpoch } from '../../src/io/epoch-file.ts';
import { linkTo, makeAgent, setUp, sharedJournal } from '../support/agent-under-test.ts';
import { armedOrder, openPolicy, part, runId } from '../support/dead-man.ts';

const stop = (unit: string) => createArmedOperation({ verb: 'stop', unit, timeLimitMs: 5000 });
const operations = [stop('web.service'), stop('once.service')];

class JumpingClock implements Clock {
  bootOffsetMs = 0;
  wallOffsetMs = 0;
  nowMs = () => systemClock.nowMs();
  bootTimeMs = () => systemClock.bootTimeMs() + this.bootOffsetMs;
  wallMs = () => systemClock.wallMs() + this.wallOffsetMs;
}

/** In memory, but as durable as its owner. */
function keptOrder(found?: ArmedOrder): ArmedOrderStore & { kept: ArmedOrder | undefined } {
  const keep = (order: ArmedOrder | undefined): void => {
    store.kept = order;
  };
  const store = {
    order: found,
    kept: found,
    save: async (order: ArmedOrder) => keep(order),
    remove: async () => keep(undefined),
  };
  return store;
}

async function armed(t: Test) {
  const clock = new JumpingClock();
  const store = keptOrder();
  const records: OperationRecord[] = [];
  const journal = sharedJournal(records);
  const agent = { clock, armedOrder: store, policy: openPolicy, journal };
  const setup = await setUp(t, { agent, manager: { epoch: 5 } });
  const order = part({ operations, beginAtClockMs: Math.ceil(clock.bootTimeMs()) + 3_600_000 });
  t.match((await setup.manager.ask({ case: 'armShutdown', value: order })).outcome, { case: 'done' });
  return { ...setup, clock, store, order, records };
}

const aWhile = deadManLimits.graceMs + 1000;

t.test('durable when it is answered; told in the log and in the status of the node', async (t) => {
  const { manager, store, log } = await armed(t);
  t.match(store.kept, { runId, epoch: 5, next: 0, begunAtClockMs: null });
  t.match(log.join(''), /an order of a shutdown is armed/);
  const nodeStatus = { query: { case: 'nodeStatus', value: {} } } as const;
  const { outcome } = await manager.ask({ case: 'query', value: nodeStatus });
  const lines =
    outcome.case === 'queryResult' && outcome.value.result?.case === 'nodeStatus'
      ? outcome.value.result.value.policySummary
      : [];
  t.match(
    lines.at(-1),
    /^Armed=run .*: 2 operations, due in (1 h|59 min( \d+ s)?), unless a manager is there$/,
  );
});

t.test(
  'alone at its time: through the operation machine, and told to the manager that comes back',
  async (t) => {
    const { manager, link, clock, systemd, agent, store, records } = await armed(t);
    link.close();
    await until(() => manager.sessions.length === 0, { what: 'the session has ended' });
    clock.wallOffsetMs = 10 * 365 * 86_400_000;
    agent.setPolicy(openPolicy);
    clock.bootOffsetMs = 3_500_000;
    agent.setPolicy(openPolicy);
    await turn();
    t.same(systemd.calls, [], 'no earlier; and the wall clock says nothing');
    clock.bootOffsetMs = 3_600_000 + aWhile;
    agent.setPolicy(openPolicy);
    await until(() => store.kept === undefined, { what: 'the order is carried out' });
    t.same(systemd.calls, ['stop web.service', 'stop once.service']);
    t.equal(records.filter(({ type }) => type === 'begun').length, 2, 'each is in the journal (I2)');

    const next = makeAgent({ journal: sharedJournal(records), epoch: memoryEpoch(5) }).agent;
    t.teardown(() => next.close());
    next.busConnected(systemd);
    const again = linkTo(next, [manager.port]);
    t.teardown(() => again.close());
    await until(() => manager.reports.length === 2, { what: 'the outcomes are reported' });
    t.match(manager.reports, [{ status: 'done' }, { status: 'done' }]);
  },
);

t.test('withdrawn, by this manager and by the next one', async (t) => {
  const { manager, clock, agent, systemd, store, order } = await armed(t);
  const disarm = (epoch: number) =>
    manager.ask({ case: 'disarmShutdown', value: createDisarmShutdown({ runId, epoch }) });
  await t.rejects(disarm(4), { code: 'HEC_EPOCH' });
  await t.rejects(manager.ask({ case: 'armShutdown', value: { ...order, epoch: 4 } }), { code: 'HEC_EPOCH' });
  t.ok(store.kept);
  manager.epoch = 6;
  manager.resetAll();
  await until(() => manager.hellos.length === 2 && manager.sessions.length === 1, {
    what: 'a newer one is here',
  });
  t.ok(store.kept, 'a newer manager that says nothing of it leaves it in force');
  await t.rejects(disarm(5), { code: 'HEC_EPOCH' }, 'and the one before may not withdraw it');
  t.match((await disarm(6)).outcome, { case: 'done' });
  t.equal(store.kept, undefined);
  t.match((await disarm(6)).outcome, { case: 'done' }, 'twice is once');
  manager.resetAll();
  clock.bootOffsetMs = 7_200_000;
  agent.setPolicy(openPolicy);
  await turn();
  t.same(systemd.calls, []);
});

t.test('an order of a higher epoch than any before is a manager’s word, too (I6)', async (t) => {
  const { manager, agent, order } = await armed(t);
  await manager.ask({ case: 'armShutdown', value: { ...order, epoch: 7 } });
  t.equal(agent.highestEpoch, 7);
});

t.test('a manager of the past is none: its session holds nothing back', async (t) => {
  const { manager, link, clock, agent, systemd } = await armed(t);
  link.close();
  await until(() => manager.sessions.length === 0, { what: 'the session has ended' });
  manager.epoch = 2;
  const stale = linkTo(agent, [manager.port]);
  t.teardown(() => stale.close());
  await until(() => manager.sessions.length === 1, { what: 'an older manager has a session' });
  clock.bootOffsetMs = 3_600_000 + aWhile;
  agent.setPolicy(openPolicy);
  await until(() => systemd.calls.length === 2, { what: 'it is carried out' });
});

t.test('the policy is asked when it is armed, and again when it begins', async (t) => {
  const closed = await setUp(t, { agent: { policy: defaultPolicy }, manager: { epoch: 5 } });
  await t.rejects(closed.manager.ask({ case: 'armShutdown', value: part() }), {
    code: 'HEC_POLICY',
    message: /operation 2 of 3 \(exec\)/,
  });
  const { manager, link, clock, agent, systemd, log, store } = await armed(t);
  link.close();
  await until(() => manager.sessions.length === 0, { what: 'the session has ended' });
  const denying = { verbs: [], units: ['web.service'], text: 'Deny=* web.service' };
  agent.setPolicy({ ...openPolicy, deny: [denying] });
  clock.bootOffsetMs = 3_600_000 + aWhile;
  agent.setPolicy({ ...openPolicy, deny: [denying] });
  await until(() => store.kept === undefined, { what: 'the order is over' });
  t.same(systemd.calls, ['stop once.service'], 'what is denied now is left out, and the rest goes on');
  t.match(log.join(''), /HEC_POLICY/);
});

t.test('nothing of it without a bus', async (t) => {
  const { manager, link, clock, agent, store } = await armed(t);
  link.close();
  await until(() => manager.sessions.length === 0, { what: 'the session has ended' });
  agent.busLost('gone');
  clock.bootOffsetMs = 3_600_000 + aWhile;
  agent.setPolicy(openPolicy);
  await until(() => store.kept?.begunAtClockMs, { what: 'it has begun' });
  const systemd = new FakeSystemd({ units: [{ name: 'web.service' }, { name: 'once.service' }] });
  agent.busConnected(systemd);
  await until(() => store.kept === undefined, { what: 'the order is carried out' });
  t.same(systemd.calls, ['stop web.service', 'stop once.service']);
});

t.test('an order that has powered the host off is told in the hello, until it is withdrawn', async (t) => {
  const order = armedOrder({ begunAtClockMs: 600_000, next: 2, bootId: 'the boot before' });
  const store = keptOrder(order);
  const { manager, agent, log } = await setUp(t, { agent: { armedOrder: store }, manager: { epoch: 5 } });
  await until(() => manager.hellos.length > 0, { what: 'it has greeted' });
  t.match(manager.hellos, [{ carriedOutRunId: runId }]);
  t.match(log.join(''), /has powered this host off/);
  t.equal(store.kept, order, 'kept meanwhile');
  await manager.ask({ case: 'disarmShutdown', value: createDisarmShutdown({ runId, epoch: 5 }) });
  t.equal(store.kept, undefined);
  t.equal(agent.hello().carriedOutRunId, '');
});

t.test('an order that is held is told in the hello, until it is withdrawn', async (t) => {
  const bootId = '01234567-89ab-cdef-0123-456789abcdef';
  const store = keptOrder(armedOrder({ bootId, beginAtClockMs: Number.MAX_SAFE_INTEGER }));
  const { manager, agent } = await setUp(t, { agent: { armedOrder: store }, manager: { epoch: 5 } });
  await until(() => manager.hellos.length > 0, { what: 'it has greeted' });
  t.match(manager.hellos, [{ armedRunId: runId, carriedOutRunId: '' }]);
  await manager.ask({ case: 'disarmShutdown', value: createDisarmShutdown({ runId, epoch: 5 }) });
  t.equal(agent.hello().armedRunId, '');
});
