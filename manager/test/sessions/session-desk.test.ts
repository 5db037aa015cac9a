/** The desk on its own, over pairs of real sockets: every proof of identity, without a single certificate. */
import { once } from 'node:events';
import { encodeFrame } from '@hecate/proto/core/codec.ts';
import { HecateError } from '@hecate/proto/core/errors.ts';
import type { Method } from '@hecate/proto/core/frames.ts';
import type { NodeName } from '@hecate/proto/core/names.ts';
import { createJoin, createRequest, createTellStanding } from '@hecate/proto/generated/wire.ts';
import { streamTransport } from '@hecate/proto/io/stream-transport.ts';
import t from 'tap';
import { until } from '../../../test/nodes/until.ts';
import type { Credential } from '../../src/core/admission.ts';
import type { AcceptedPeer } from '../../src/trust/peer-identity.ts';
import { ask, deskBench, nodeA, report } from '../support/desk-bench.ts';
import { failureOf } from '../support/manager-bench.ts';

const alice: Credential = { kind: 'operator', name: 'alice', role: 'viewer' };
const stranger: Credential = {
  kind: 'stranger',
  reason: 'no-certificate',
  detail: 'no certificate was shown',
};
const peerOf = (name: string): AcceptedPeer => ({
  accepted: true,
  identity: { kind: 'node', name } as AcceptedPeer['identity'],
  serial: name,
  fingerprint: name,
  notAfterMs: 0,
});

t.test('an agent', async (t) => {
  const bench = await deskBench(t);
  const { session, welcome } = await bench.dial(nodeA, {}, peerOf('node-a'));
  t.match(welcome, { epoch: 5, role: 'agent', site: 'bench', protocol: 1, heartbeatIntervalMs: 5000 });
  t.ok(bench.desk.sessionOf('node-a' as NodeName));
  await ask(session, report);
  session.notify({ notice: { case: 'busState', value: { connected: true, reason: '' } } });
  await until(() => bench.seen.length === 3, { what: 'the notice is there' });
  session.end('HEC_SHUTTING_DOWN', 'going home');
  await until(() => bench.seen.length === 4, { what: 'it is gone' });
  t.same(bench.seen, [
    'node-a comes',
    'node-a with a certificate asks reportOutcomes',
    'node-a tells busState',
    'node-a goes: going home',
  ]);
  t.equal(bench.desk.sessionOf('node-a' as NodeName), undefined);
  t.match(bench.desk.countByKind(), { agent: 0, waiting: 0 });
});

t.test('a clock that was set back does not hide how late operations were asked for (I12)', async (t) => {
  const bench = await deskBench(t);
  const now = Date.now();
  const before = (await bench.dial(nodeA)).welcome?.wallClockMs ?? 0;
  t.ok(before >= now && before < now + 60_000, 'as a rule what the clock shows');
  bench.latestOperationMs = now + 3_600_000;
  t.equal((await bench.dial(nodeA)).welcome?.wallClockMs, now + 3_600_000);
});

t.test('an operator and a joiner', async (t) => {
  const bench = await deskBench(t);
  const operator = await bench.dial(alice, { peerKind: 'operator', name: 'root' });
  t.match(operator.welcome, { role: 'viewer' });
  await ask(operator.session, { case: 'getHealth', value: {} });
  const joiner = await bench.dial(stranger, { peerKind: 'joiner', name: 'node-b' });
  t.match(joiner.welcome, { role: 'joiner' });
  await ask(joiner.session, { case: 'join', value: createJoin({ tokenId: 'x' }) });
  t.same(bench.seen, ['alice (viewer) asks getHealth', 'joiner node-b asks join']);
  await joiner.ended;
  t.match(bench.desk.countByKind(), { agent: 0, operator: 1, joiner: 0, waiting: 0 });
});

t.test('a frame that its sender may not send ends its session, and no other', async (t) => {
  const bench = await deskBench(t);
  const other = await bench.dial(alice, { peerKind: 'operator' });
  const operator = await bench.dial(alice, { peerKind: 'operator' });
  t.match(await failureOf(ask(operator.session, report)), { code: 'HEC_PROTOCOL' });
  t.match(await operator.ended, {
    code: 'HEC_PROTOCOL',
    message: /reportOutcomes cannot be asked by an operator/,
  });
  t.match(bench.seen, [/^protocol error: reportOutcomes/]);
  await ask(other.session, { case: 'getHealth', value: {} });
});

t.test('refused: told why, remembered for the doctor', async (t) => {
  const bench = await deskBench(t);
  const { welcome, ended } = await bench.dial({ kind: 'node', name: 'node-b' });
  t.equal(welcome, undefined);
  t.match(await ended, {
    code: 'HEC_TLS',
    message: /certificate is for node-b, the hello says node-a; set NodeName=node-b/,
  });
  t.same(bench.seen, ['node-a refused: other-name']);
  t.match(bench.desk.refusals.of('node-a'), [
    { address: 'test:1', reason: /^other-name: the certificate/, remedy: /NodeName/ },
  ]);
  t.match(bench.desk.countByKind(), { agent: 0, waiting: 0 });
  await bench.dial(nodeA);
  t.same(bench.desk.refusals.of('node-a'), [], 'forgotten when it has come');
});

t.test('I6: who may say that there is a newer manager', async (t) => {
  const bench = await deskBench(t);
  await bench.dial({ kind: 'node', name: 'node-b' }, { highestEpoch: 9 });
  await bench.dial(stranger, { highestEpoch: 9 });
  await bench.dial(nodeA, { highestEpoch: 9_000_000_000 });
  t.notOk(
    bench.seen.some((line) => line.startsWith('foreign')),
    'not one who is refused for another reason',
  );
  const { ended } = await bench.dial(nodeA, { highestEpoch: 9 });
  t.match(await ended, { code: 'HEC_EPOCH' });
  t.ok(bench.seen.includes('foreign epoch 9'));
});

t.test('a second session of a node', async (t) => {
  const bench = await deskBench(t);
  const first = await bench.dial(nodeA);
  const second = await bench.dial(nodeA);
  bench.desk.replace(first.welcome?.sessionId ?? '');
  t.match(await first.ended, { code: 'HEC_REPLACED' });
  t.equal(bench.desk.sessionOf('node-a' as NodeName)?.isEstablished(), true);
  bench.desk.replace('not-there');
  await ask(second.session, report);
});

t.test('the manager of another site: one session, the newest, until it is revoked', async (t) => {
  const bench = await deskBench(t);
  const tethys = { kind: 'peer', name: 'tethys' } as const;
  const dial = () => bench.dial(tethys, { peerKind: 'peer', name: 'tethys' }, peerOf('tethys'));
  const first = await dial();
  t.match(first.welcome, { role: 'peer' });
  await ask(first.session, { case: 'tellStanding', value: createTellStanding() });
  const second = await dial();
  t.match(await first.ended, { code: 'HEC_REPLACED' });
  t.match(bench.desk.countByKind(), { peer: 1 });
  bench.desk.endSessionsOf('operator', 'tethys', 'an operator of this name was revoked');
  t.ok(second.session.isEstablished());
  bench.desk.endSessionsOf('peer', 'tethys', 'peer tethys was revoked');
  t.match(await second.ended, { code: 'HEC_REVOKED' });
  t.same(bench.seen.slice(0, 2), ['peer tethys asks tellStanding', 'peer tethys goes']);
});

t.test('revoked, not allowed any more, over', async (t) => {
  const bench = await deskBench(t);
  const peers = { a: peerOf('node-a'), b: peerOf('node-b'), alice: peerOf('alice') };
  const [a, b] = [
    await bench.dial(nodeA, {}, peers.a),
    await bench.dial({ kind: 'node', name: 'node-b' }, { name: 'node-b' }, peers.b),
  ];
  const remote = await bench.dial(alice, { peerKind: 'operator' }, peers.alice);
  const local = await bench.dial({ kind: 'local', role: 'admin' }, { peerKind: 'operator', name: 'alice' });
  bench.desk.endSessionsOf('node', 'node-a', 'node node-a was revoked');
  t.match(await a.ended, { code: 'HEC_REVOKED', message: 'node node-a was revoked' });
  bench.desk.endSessionsOf('operator', 'alice', 'operator alice was revoked');
  t.match(await remote.ended, { code: 'HEC_REVOKED' });
  bench.desk.endSessionsOf('operator', 'local:alice', 'no such certificate');
  await ask(local.session, { case: 'getHealth', value: {} });
  bench.expired.add(peers.b);
  bench.desk.endExpired();
  t.match(await b.ended, { code: 'HEC_TLS', message: /certificate of this session has ended/ });
  t.match(bench.desk.countByKind(), { agent: 0, operator: 1 });
});

t.test('I14: only so many strangers join at the same time', async (t) => {
  const bench = await deskBench(t);
  const joiners = [];
  for (let i = 0; i < 64; i += 1) {
    bench.remote = `10.0.0.${Math.floor(i / 4)}:${i + 1}`;
    joiners.push(await bench.dial(stranger, { peerKind: 'joiner' }));
  }
  t.ok(joiners.every(({ welcome }) => welcome));
  bench.remote = '10.0.1.1:1';
  const late = await bench.dial(stranger, { peerKind: 'joiner' });
  t.match(await late.ended, { code: 'HEC_BUSY', message: /64 hosts are joining already/ });
  t.same(bench.seen, ['node-a refused: joiners'], 'and it is told');
  joiners[0]?.session.end('HEC_SHUTTING_DOWN', 'joined');
  await until(() => (bench.desk.countByKind().joiner ?? 0) < 64, { what: 'one has left' });
  t.ok((await bench.dial(stranger, { peerKind: 'joiner' })).welcome, 'then there is room again');
});

t.test('I14: few of them from one host', async (t) => {
  const bench = await deskBench(t);
  for (let i = 1; i <= 4; i += 1) {
    bench.remote = `[fd00::1]:${i}`;
    t.ok((await bench.dial(stranger, { peerKind: 'joiner' })).welcome);
  }
  bench.remote = '[fd00::1]:5';
  const late = await bench.dial(stranger, { peerKind: 'joiner' });
  t.match(await late.ended, { code: 'HEC_BUSY', message: /behind one address/ });
  bench.remote = '[fd00::2]:5';
  t.ok((await bench.dial(stranger, { peerKind: 'joiner' })).welcome, 'another host has its own');
});

t.test('a joiner has one request, and little time for it', async (t) => {
  const bench = await deskBench(t);
  const join: Method = { case: 'join', value: createJoin({ tokenId: 'x' }) };
  const answered = await bench.dial(stranger, { peerKind: 'joiner' });
  await ask(answered.session, join);
  t.match(await answered.ended, { code: 'HEC_SHUTTING_DOWN' });
  bench.answer = () => Promise.reject(new HecateError('HEC_TOKEN', 'no such token'));
  const refused = await bench.dial(stranger, { peerKind: 'joiner' });
  t.match(await failureOf(ask(refused.session, join)), { code: 'HEC_TOKEN' }, 'the answer comes first');
  t.match(await refused.ended, { code: 'HEC_SHUTTING_DOWN' });
  bench.joinerTimeLimitMs = 100;
  const idle = await bench.dial(stranger, { peerKind: 'joiner' });
  t.ok(idle.welcome);
  t.match(await idle.ended, { code: 'HEC_TIMEOUT' });
  t.match(bench.desk.countByKind(), { joiner: 0 });
});

t.test('who shows a certificate of this site is told from strangers', async (t) => {
  const bench = await deskBench(t);
  await bench.dial({ kind: 'node', name: 'node-b' });
  await bench.dial({ kind: 'stranger', reason: 'revoked', detail: 'the certificate of node x was revoked' });
  await bench.dial(stranger);
  await bench.dial({ kind: 'stranger', reason: 'unknown-authority', detail: 'not ours' });
  t.same(bench.proven, ['node node-b', 'the certificate of node x was revoked', undefined, undefined]);
});

t.test('connections that say nothing, and the end of the manager', async (t) => {
  const bench = await deskBench(t);
  const silent = await bench.connect(stranger);
  const { ended } = await bench.dial(nodeA);
  t.match(bench.desk.countByKind(), { waiting: 1, agent: 1 });
  silent.resume();
  bench.desk.close();
  t.match(await ended, { code: 'HEC_SHUTTING_DOWN' });
  await once(silent, 'close');
  t.match(bench.desk.countByKind(), { waiting: 0, agent: 0 });
});

t.test('a request before the welcome cannot be', async (t) => {
  const bench = await deskBench(t);
  const socket = await bench.connect(nodeA);
  const transport = streamTransport(socket, 'test:3');
  const closed = new Promise((resolve) => (transport.onClose = resolve));
  transport.send(
    encodeFrame({ case: 'request', value: createRequest({ id: 1, timeLimitMs: 1000, method: report }) }),
  );
  await closed;
  t.match(bench.seen, [/^protocol error: a request frame cannot come from a stranger/]);
});
