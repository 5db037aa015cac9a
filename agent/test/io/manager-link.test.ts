/** One session to a manager, kept: several addresses, managers that refuse, that are gone, that are of the past. */
import { createServer } from 'node:net';
import { systemClock } from '@hecate/proto/io/system-clock.ts';
import t from 'tap';
import { until } from '../../../test/nodes/until.ts';
import { FakeManager } from '../../../test/support/fake-manager.ts';
import { FaultProxy } from '../../../test/support/fault-proxy.ts';
import { dialerLimits } from '../../src/core/dialer.ts';
import { memoryEpoch } from '../../src/io/epoch-file.ts';
import { linkTo, makeAgent, setUp } from '../support/agent-under-test.ts';
import { operation, opId } from '../support/operations.ts';

t.test('the addresses in order; the first again after a loss', async (t) => {
  const first = await FakeManager.listen();
  const second = await FakeManager.listen({ epoch: 2 });
  const { port } = first;
  await first.close();
  const { agent } = makeAgent();
  const link = linkTo(agent, [port, second.port]);
  t.teardown(async () => {
    link.close();
    await second.close();
  });
  await second.session();
  const back = await FakeManager.listen({ port, epoch: 3 });
  t.teardown(() => back.close());
  second.resetAll();
  await back.session();
  t.equal(link.lastFailure, '');
});

t.test('a manager that comes back is found again', async (t) => {
  const { manager, link } = await setUp(t);
  await manager.session();
  for (let round = 2; round <= 5; round += 1) {
    manager.resetAll();
    await until(() => manager.hellos.length === round && link.session, { what: `session ${round}` });
  }
});

t.test('a refusal is told, and tried again', async (t) => {
  const { manager, link } = await setUp(t);
  await manager.session();
  manager.refusal = { code: 'HEC_TLS', message: 'this certificate is for beta' };
  manager.resetAll();
  await until(() => link.lastFailure.includes('for beta'), { what: 'it is told' });
  t.match(link.lastFailure, /^HEC_TLS: 127\.0\.0\.1:\d+ refused this agent: this certificate is for beta$/);
  manager.refusal = undefined;
  await until(() => link.session, { what: 'it is taken' });
});

t.test('a link that goes silent ends the session; healed, it is back', async (t) => {
  const manager = await FakeManager.listen({ heartbeatIntervalMs: 200 });
  const proxy = new FaultProxy({ host: '127.0.0.1', port: manager.port });
  await proxy.listen();
  const { agent } = makeAgent();
  const link = linkTo(agent, [proxy.address().port]);
  t.teardown(async () => {
    link.close();
    await proxy.close();
    await manager.close();
  });
  await until(() => link.session, { what: 'the session' });
  proxy.cut();
  await until(() => !link.session && manager.sessions.length === 0, { what: 'both sides know' });
  t.match(link.lastFailure, /HEC_HEARTBEAT: nothing heard|no TCP|hecate\.v1/);
  proxy.heal();
  await until(() => link.session, { what: 'the next session' });
});

t.test(
  'a manager of the past: with another address, that one; alone, its operations are refused',
  async (t) => {
    const old = await FakeManager.listen({ epoch: 1 });
    const newer = await FakeManager.listen({ epoch: 9 });
    t.teardown(async () => {
      await old.close();
      await newer.close();
    });
    const { agent } = makeAgent({ epoch: memoryEpoch(5) });
    const link = linkTo(agent, [old.port, newer.port]);
    t.teardown(() => link.close());
    await until(() => newer.sessions.length === 1, { what: 'the newer one has it' });
    t.equal(agent.highestEpoch, 9);
    const { agent: other } = makeAgent({ epoch: memoryEpoch(5) });
    const alone = linkTo(other, [old.port]);
    t.teardown(() => alone.close());
    const { outcome } = await old.ask({ case: 'query', value: { query: { case: 'nodeStatus', value: {} } } });
    t.equal(outcome.case, 'queryResult', 'it may look');
    t.equal(other.highestEpoch, 5, 'and lowers nothing (I6)');
  },
);

t.test('closed: no session, no timer, no dial', async (t) => {
  const { manager, link } = await setUp(t);
  await manager.session();
  link.close();
  await until(() => manager.sessions.length === 0, { what: 'the session ended' });
  t.equal(link.session, undefined);
  t.equal(manager.hellos.length, 1);
});

t.test('closed while it dials', async (t) => {
  const silent = createServer();
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  t.teardown(() => silent.close());
  const address = silent.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const connected = new Promise<void>((resolve) => {
    silent.on('connection', (socket) => {
      socket.on('error', () => undefined).on('close', () => resolve());
      link.close();
    });
  });
  const link = linkTo(makeAgent().agent, [address.port]);
  await connected;
  t.equal(link.session, undefined);
});

t.test(
  'a session that takes over: known as the next of the one before, which stays until it is let go',
  async (t) => {
    const { manager, link, log } = await setUp(t);
    const first = await manager.session();
    const former = await until(() => link.session, { what: 'the first session' });
    link.handOver();
    await until(() => manager.sessions.length === 2 && link.session !== former, { what: 'both are there' });
    t.same(
      manager.hellos.map(({ takesOverSessionId }) => takesOverSessionId),
      ['', 'session-1'],
    );
    await until(() => link.session?.isEstablished(), { what: 'the second is welcomed' });
    t.ok(former.isEstablished(), 'the first goes on');
    first.end('HEC_REPLACED', 'a newer session took over');
    await until(() => !former.isEstablished(), { what: 'the first has ended' });
    t.ok(link.session?.isEstablished(), 'and it was nobody who is missed');
    t.equal(link.lastFailure, '');
    t.equal(manager.hellos.length, 2);
    t.notMatch(log.join(''), /session ended/);
    manager.resetAll();
    await until(() => manager.hellos.length === 3 && link.session, { what: 'after a loss, a session' });
    t.equal(manager.hellos[2]?.takesOverSessionId, '', 'that takes over from nobody');
  },
);

t.test('a request of the session before is answered there, while the next one is served', async (t) => {
  const { manager, link, systemd } = await setUp(t);
  const first = await manager.session();
  const notAfterClockMs = Math.floor(systemClock.bootTimeMs()) + 60_000;
  const [slow, quick] = ['stuck.service', 'web.service'].map((unit, index) =>
    operation({ opId: opId(index + 1), epoch: 1, unit, notAfterClockMs, timeLimitMs: 60_000 }),
  );
  if (!slow || !quick) throw new Error('two operations');
  const answer = first.call({ case: 'apply', value: slow }, { timeLimitMs: 60_000 });
  await until(() => systemd.calls.length === 1, { what: 'it has begun' });
  link.handOver();
  await until(() => manager.sessions.length === 2, { what: 'both are there' });
  t.match((await manager.apply(quick)).outcome, { status: 'done' }, 'over the newer one');
  systemd.release('stuck.service');
  t.match(await answer, { case: 'operation', value: { status: 'done', replayed: false } });
});

t.test('a manager that refuses the next session: the one that is there stays', async (t) => {
  const { manager, link } = await setUp(t, { limits: { ...dialerLimits, handoverBackoffMsMax: 50 } });
  await manager.session();
  const former = await until(() => link.session, { what: 'the session' });
  manager.refusal = { code: 'HEC_TLS', message: 'this certificate is too new' };
  link.handOver();
  await until(() => manager.hellos.length >= 4, { what: 'it is tried again' });
  t.equal(link.session, former);
  t.equal(link.lastFailure, '', 'there is a session');
  manager.refusal = undefined;
  await until(() => link.session !== former, { what: 'it is taken over from' });
});
