/** An agent between a manager and a systemd, both fake: sessions, streams, operations, restarts. */
import { createVerbOptions } from '@hecate/proto/generated/wire.ts';
import { systemClock } from '@hecate/proto/io/system-clock.ts';
import t from 'tap';
import { until } from '../../../test/nodes/until.ts';
import { FakeSystemd } from '../../../test/support/fake-systemd.ts';
import type { OperationRecord } from '../../src/core/operation-record.ts';
import { defaultPolicy } from '../../src/core/policy.ts';
import { memoryEpoch } from '../../src/io/epoch-file.ts';
import { fakeUnits, linkTo, makeAgent, setUp, sharedJournal } from '../support/agent-under-test.ts';
import { operation, opId } from '../support/operations.ts';

/** In the clock of this host. */
const soon = () => ({ notAfterClockMs: Math.floor(systemClock.bootTimeMs()) + 60_000 });
let count = 0;
const order = (fields = {}) => {
  count += 1;
  return operation({ opId: opId(count), epoch: 1, ...soon(), ...fields });
};

t.test('a session: hello, a whole list, then changes', async (t) => {
  const { manager, systemd } = await setUp(t);
  await manager.session();
  t.match(manager.hellos, [{ peerKind: 'agent', name: 'alpha', softwareVersion: '0.1.0', protocolMin: 1 }]);
  t.ok(Math.abs((manager.hellos[0]?.clockMs ?? 0) - systemClock.bootTimeMs()) < 10_000);
  await until(() => manager.units().size === fakeUnits.length, { what: 'the list has come' });
  t.match(manager.units().get('web.service'), { description: 'A web server', activeState: 'inactive' });
  systemd.change('web.service', 'active', 'running');
  await until(() => manager.units().get('web.service')?.activeState === 'active', {
    what: 'the change has come',
  });
  t.equal(manager.units().get('web.service')?.description, 'A web server', 'changes are whole');
});

t.test('operations: accepted, then the outcome', async (t) => {
  const { manager, systemd } = await setUp(t);
  const started = await manager.apply(order());
  t.match(started.outcome, { status: 'done', result: 'done' });
  t.match(started.items, [{ case: 'accepted', value: { jobId: 1 } }]);
  const failed = await manager.apply(order({ unit: 'bad.service', logLines: 5 }));
  t.match(failed.outcome, {
    status: 'failed',
    result: 'failed',
    evidence: { activeState: 'failed', result: 'exit-code', execMainStatus: 3 },
    logLines: ['it broke'],
    remedy: /status alpha bad\.service/,
  });
  t.match((await manager.apply(order({ unit: 'none.service' }))).outcome, {
    status: 'failed',
    code: 'HEC_NO_SUCH_UNIT',
  });
  t.match((await manager.apply(order({ verb: 'enable' }))).outcome, {
    status: 'done',
    changes: [{ change: 'symlink' }],
  });
  t.same(systemd.calls, [
    'start web.service',
    'start bad.service',
    'start none.service',
    'enable web.service',
  ]);
});

t.test('reset-failed without a unit means all that failed', async (t) => {
  const { manager, systemd } = await setUp(t);
  await manager.apply(order({ unit: 'bad.service' }));
  t.match((await manager.apply(order({ verb: 'reset-failed', unit: '' }))).outcome, { status: 'done' });
  t.equal(systemd.calls.at(-1), 'reset-failed bad.service');
});

t.test('the same OpId twice is applied once (I2)', async (t) => {
  const { manager, systemd } = await setUp(t);
  const one = order();
  const both = await Promise.all([manager.apply(one), manager.apply(one)]);
  t.match(both, [{ outcome: { status: 'done' } }, { outcome: { status: 'done' } }]);
  t.match((await manager.apply(one)).outcome, { status: 'done', replayed: true });
  t.same(systemd.calls, ['start web.service']);
});

t.test('expired in the agent’s own clock, and an older epoch: refused', async (t) => {
  const { manager, systemd } = await setUp(t, { manager: { epoch: 4 } });
  const late = order({ epoch: 4, notAfterClockMs: 1 });
  t.match((await manager.apply(late)).outcome, { status: 'refused', code: 'HEC_EXPIRED' });
  t.match((await manager.apply(order({ epoch: 3 }))).outcome, { status: 'refused', code: 'HEC_EPOCH' });
  t.same(systemd.calls, []);
});

t.test('a lost JobRemoved is found by polling', async (t) => {
  const { manager, systemd } = await setUp(t);
  systemd.loseSignals();
  t.match((await manager.apply(order())).outcome, { status: 'done', inferred: true });
});

t.test('the session ends while a job runs: the outcome is reported to the next one', async (t) => {
  const { manager, systemd } = await setUp(t);
  const stuck = order({ unit: 'stuck.service' });
  const asked = manager.apply(stuck);
  await until(() => systemd.calls.length === 1, { what: 'systemd has the job' });
  manager.resetAll();
  await t.rejects(asked, { code: 'HEC_CONNECTION' });
  await manager.session();
  const resolve = { epoch: 1, opIds: [stuck.opId, opId(9999)] };
  const { outcome } = await manager.ask({ case: 'resolveOperations', value: resolve });
  t.match(outcome, {
    value: { operations: [{ resolution: 'running' }, { resolution: 'never-applied' }] },
  });
  systemd.release('stuck.service');
  await until(() => manager.reports.length > 0, { what: 'the outcome is reported' });
  t.match(manager.reports, [{ opId: stuck.opId, status: 'done' }]);
  t.same(systemd.calls, ['start stuck.service']);
});

t.test('a report that is not acknowledged is repeated in the next session', async (t) => {
  const { manager, systemd } = await setUp(t);
  manager.acknowledgesReports = false;
  const stuck = order({ unit: 'stuck.service', timeLimitMs: 50 });
  t.match((await manager.apply(stuck)).outcome, { status: 'timeout', code: 'HEC_TIMEOUT' });
  systemd.release('stuck.service');
  await until(() => manager.reports.length === 1, { what: 'the first report' });
  manager.acknowledgesReports = true;
  manager.resetAll();
  await until(() => manager.reports.length === 2, { what: 'the second report' });
  t.match(manager.reports[1], { opId: stuck.opId, status: 'done' });
});

t.test('killed after systemd took the job: not applied again, and its end is told', async (t) => {
  const records: OperationRecord[] = [];
  const systemd = new FakeSystemd({ units: fakeUnits });
  const first = await setUp(t, { systemd, agent: { journal: sharedJournal(records) } });
  const stuck = order({ unit: 'stuck.service' });
  const asked = first.manager.apply(stuck);
  await until(() => records.some(({ type }) => type === 'job'), { what: 'the job is recorded' });
  first.link.close();
  await t.rejects(asked);
  const { agent } = makeAgent({ journal: sharedJournal(records) });
  const link = linkTo(agent, [first.manager.port]);
  t.teardown(() => link.close());
  agent.busConnected(systemd);
  await first.manager.session();
  t.match((await Promise.all([first.manager.apply(stuck), systemd.release('stuck.service')]))[0].outcome, {
    status: 'done',
  });
  t.same(systemd.calls, ['start stuck.service']);
  await agent.close();
});

t.test('the bus goes and comes back', async (t) => {
  const { manager, systemd, agent } = await setUp(t);
  await until(() => manager.units().size > 0, { what: 'the list' });
  systemd.disconnect();
  agent.busLost('the fake bus is gone');
  await until(() => manager.notices.some(({ notice }) => notice.case === 'busState'), { what: 'it is told' });
  t.match((await manager.apply(order())).outcome, { status: 'refused', code: 'HEC_BUS_GONE' });
  const status = await manager.ask({ case: 'query', value: { query: { case: 'nodeStatus', value: {} } } });
  t.match(status.outcome, { value: { result: { value: { busConnected: false, systemState: 'unknown' } } } });
  agent.busConnected(new FakeSystemd({ units: [{ name: 'new.service' }] }));
  await until(() => manager.units().has('new.service'), { what: 'the new list' });
  t.equal(manager.units().size, 1);
  t.match((await manager.apply(order({ unit: 'new.service' }))).outcome, { status: 'done' });
});

t.test('the policy has the last word, also when it is read again', async (t) => {
  const { manager, agent } = await setUp(t);
  t.match((await manager.apply(order())).outcome, { status: 'done' });
  const text = 'Deny=start';
  agent.setPolicy({ ...defaultPolicy, deny: [{ verbs: ['start'], units: ['*'], text }], read: false });
  t.match((await manager.apply(order())).outcome, {
    status: 'refused',
    code: 'HEC_POLICY',
    message: /Deny=start/,
  });
  await t.rejects(
    manager.ask({
      case: 'query',
      value: { query: { case: 'readUnitFile', value: { unit: 'web.service' } } },
    }),
    { code: 'HEC_POLICY', message: /logs, properties and unit files/ },
  );
  t.same(
    (await manager.apply(order({ verb: 'restart', unit: 'bad.service', logLines: 9 }))).outcome.logLines,
    [],
  );
  const exec = { verb: 'exec', unit: '', options: createVerbOptions({ argv: ['id'] }) } as const;
  t.match((await manager.apply(order(exec))).outcome, { code: 'HEC_POLICY', message: /exec/ });
});

t.test('the epoch is durable before the session counts, and is shown in the next hello (I6)', async (t) => {
  const epoch = memoryEpoch(2);
  const { manager, link } = await setUp(t, { manager: { epoch: 7 }, agent: { epoch } });
  await manager.session();
  t.equal(manager.hellos[0]?.highestEpoch, 2);
  await until(() => epoch.highest === 7, { what: 'the epoch is written' });
  link.handOver();
  await until(() => manager.hellos.length === 2, { what: 'the next hello' });
  t.equal(manager.hellos[1]?.highestEpoch, 7);
});

t.test('a state directory that cannot be written ends the session, and not the agent', async (t) => {
  const epoch = { highest: 0, raise: () => Promise.reject(new Error('no space left')) };
  const { manager, log } = await setUp(t, { agent: { epoch } });
  await until(() => manager.hellos.length >= 2, { what: 'it tries again' });
  t.equal(log.length, 0, 'the link tells it, not the agent');
});

t.test('the log level at run time', async (t) => {
  const { manager, agent } = await setUp(t);
  const set = (level: string) =>
    manager.ask({ case: 'setAgentLogLevel', value: { level, nodes: [] } }).then(({ outcome }) => outcome);
  t.match(await set('debug'), { value: { before: 'debug', after: 'debug' } });
  t.match(await set('warn'), { value: { before: 'debug', after: 'warn' } });
  t.match(await set(''), { value: { before: 'warn', after: 'warn' } });
  await t.rejects(set('loud'), { code: 'HEC_USAGE', remedy: /error, warn, info, debug/ });
  t.notOk(agent.isBusy);
});

t.test('1,000 operations leave nothing behind (I14)', async (t) => {
  const { manager, agent, systemd } = await setUp(t);
  await manager.session();
  for (let batch = 0; batch < 25; batch += 1) {
    const verb = batch % 2 ? 'stop' : 'start';
    const all = await Promise.all(Array.from({ length: 40 }, () => manager.apply(order({ verb }))));
    t.ok(all.every(({ outcome }) => outcome.status === 'done'));
  }
  t.equal(systemd.calls.length, 1000);
  t.notOk(agent.isBusy);
});
