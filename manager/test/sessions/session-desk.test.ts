/** The desk on its own, over pairs of real sockets: every proof of identity, without a single certificate. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { encodeFrame } from '@hecate/proto/core/codec.ts';
import { HecateError } from '@hecate/proto/core/errors.ts';
import type { Method, Outcome } from '@hecate/proto/core/frames.ts';
import type { NodeName } from '@hecate/proto/core/names.ts';
import { createJoin, createRequest, type Hello, type Welcome } from '@hecate/proto/generated/wire.ts';
import { Session } from '@hecate/proto/io/session-host.ts';
import { streamTransport } from '@hecate/proto/io/stream-transport.ts';
import { systemClock } from '@hecate/proto/io/system-clock.ts';
import t, { type Test } from 'tap';
import { until } from '../../../test/nodes/until.ts';
import type { Credential } from '../../src/core/admission.ts';
import { SessionDesk } from '../../src/sessions/session-desk.ts';
import type { AcceptedPeer } from '../../src/trust/peer-identity.ts';
import { helloOf } from '../support/fleet-fixtures.ts';
import { failureOf } from '../support/manager-bench.ts';

interface Dialled {
  readonly session: Session;
  readonly welcome: Welcome | undefined;
  readonly ended: Promise<{ code: string; message: string }>;
}

class DeskBench {
  readonly seen: string[] = [];
  readonly expired = new Set<AcceptedPeer>();
  readonly proven: (string | undefined)[] = [];
  /** Of the next one who comes. */
  remote = 'test:1';
  joinerTimeLimitMs = 20_000;
  leavingTimeLimitMs = 20_000;
  latestOperationMs = 0;
  readonly desk: SessionDesk;
  readonly #server = createServer();
  readonly #sockets: Socket[] = [];
  #next: { credential: Credential; peer: AcceptedPeer | undefined } | undefined;
  answer: (method: Method) => Promise<Outcome> = async () => ({ case: 'done', value: {} });

  constructor() {
    const answered = (who: string, method: Method) => {
      this.seen.push(`${who} asks ${method.case}`);
      return this.answer(method);
    };
    const bench = this;
    this.desk = new SessionDesk({
      clock: systemClock,
      epoch: 5,
      softwareVersion: '0.1.0',
      site: () => 'bench',
      heartbeatIntervalMs: () => 5000,
      allowedNodes: () => new Set(['node-a', 'node-b']),
      isStillGood: (peer) => !this.expired.has(peer),
      onAgent: (node, _id, _hello, _remote, takesOver) =>
        this.seen.push(`${node} ${takesOver ? 'goes on' : 'comes'}`),
      onAgentGone: (node, _id, reason) => this.seen.push(`${node} goes: ${reason}`),
      onNotice: (node, _id, { notice }) => this.seen.push(`${node} tells ${notice.case}`),
      answerAgent: (node, peer, { method }) =>
        answered(`${node} ${peer ? 'with' : 'without'} a certificate`, method),
      answerOperator: ({ who, role }, { method }) => answered(`${who} (${role})`, method),
      get joinerTimeLimitMs() {
        return bench.joinerTimeLimitMs;
      },
      get leavingTimeLimitMs() {
        return bench.leavingTimeLimitMs;
      },
      answerJoiner: (claim, _remote, { method }) => answered(`joiner ${claim}`, method),
      onRefused: ({ name }, _remote, { reason }, proven) => {
        this.seen.push(`${name} refused: ${reason}`);
        this.proven.push(proven);
      },
      onForeignEpoch: (epoch) => this.seen.push(`foreign epoch ${epoch}`),
      latestOperationMs: () => this.latestOperationMs,
      onProtocolError: (_remote, message) => this.seen.push(`protocol error: ${message}`),
    });
    this.#server.on('connection', (socket) => {
      const proof = this.#next;
      if (!proof) throw new Error('nobody was expected');
      this.desk.welcome(streamTransport(socket, this.remote), () => proof);
    });
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  async connect(credential: Credential, peer?: AcceptedPeer): Promise<Socket> {
    this.#next = { credential, peer };
    const address = this.#server.address();
    const socket = connect(typeof address === 'object' && address ? address.port : 0, '127.0.0.1');
    this.#sockets.push(socket);
    await Promise.all([once(socket, 'connect'), once(this.#server, 'connection')]);
    return socket;
  }

  async dial(
    credential: Credential,
    hello: Partial<Hello> = {},
    peer?: AcceptedPeer,
    onRequest?: () => Promise<Outcome>,
  ): Promise<Dialled> {
    const socket = await this.connect(credential, peer);
    return new Promise((resolve) => {
      let end: (ended: { code: string; message: string }) => void = () => undefined;
      const ended = new Promise<{ code: string; message: string }>((done) => (end = done));
      const session: Session = new Session('dialler', streamTransport(socket, 'test:2'), systemClock, {
        ...(onRequest ? { onRequest } : {}),
        onEstablished: (welcome) => resolve({ session, welcome, ended }),
        onEnded: (why) => {
          end(why);
          resolve({ session, welcome: undefined, ended });
        },
      });
      session.open(helloOf('node-a', hello));
    });
  }

  close(): void {
    this.desk.close();
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}

async function deskBench(t: Test): Promise<DeskBench> {
  const bench = new DeskBench();
  t.teardown(() => bench.close());
  await bench.listen();
  return bench;
}

const nodeA: Credential = { kind: 'node', name: 'node-a' };
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
const report: Method = { case: 'reportOutcomes', value: { outcomes: [] } };
const ask = (session: Session, method: Method) => session.call(method, { timeLimitMs: 20_000 });

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

const setLevel: Method = { case: 'setAgentLogLevel', value: { level: '', nodes: [] } };

/** The first session of node-a, on which a request is open, and the answer that ends it. */
async function withOpenRequest(bench: DeskBench) {
  const answer = Promise.withResolvers<Outcome>();
  const first = await bench.dial(nodeA, {}, undefined, () => answer.promise);
  const asked = bench.desk.sessionOf('node-a' as NodeName)?.call(setLevel, { timeLimitMs: 20_000 });
  if (!asked) throw new Error('no session');
  return { first, asked, answer, takesOverSessionId: first.welcome?.sessionId ?? '' };
}

t.test('a session that takes over: what is in flight on the one before is finished there', async (t) => {
  const bench = await deskBench(t);
  const { first, asked, answer, takesOverSessionId } = await withOpenRequest(bench);
  const second = await bench.dial(nodeA, { takesOverSessionId });
  t.ok(second.welcome);
  t.ok(first.session.isEstablished(), 'both are there');
  await ask(second.session, report);
  answer.resolve({ case: 'done', value: {} });
  t.match(await asked, { case: 'done' });
  t.match(await first.ended, { code: 'HEC_REPLACED', message: /took over/ });
  t.ok(bench.desk.sessionOf('node-a' as NodeName)?.isEstablished());
  await until(() => bench.seen.length === 4, { what: 'its end is told' });
  t.same(bench.seen, [
    'node-a comes',
    'node-a goes on',
    'node-a without a certificate asks reportOutcomes',
    'node-a goes: a newer session of this agent took over',
  ]);
  t.match(bench.desk.countByKind(), { agent: 1 });
});

t.test('taken over from, it has a limited time, and one of a node at a time (I14)', async (t) => {
  const bench = await deskBench(t);
  bench.leavingTimeLimitMs = 50;
  const short = await withOpenRequest(bench);
  const shortEnds = t.rejects(short.asked, { code: 'HEC_REPLACED' });
  await bench.dial(nodeA, { takesOverSessionId: short.takesOverSessionId });
  await shortEnds;

  bench.leavingTimeLimitMs = 20_000;
  const long = await withOpenRequest(bench);
  const longEnds = t.rejects(long.asked, { code: 'HEC_REPLACED' });
  const second = await bench.dial(nodeA, { takesOverSessionId: long.takesOverSessionId });
  await bench.dial(nodeA, { takesOverSessionId: second.welcome?.sessionId ?? '' });
  await longEnds;
  t.match(await second.ended, { code: 'HEC_REPLACED' }, 'at once, where nothing is in flight');
});

t.test('only the session that the node has can be taken over from', async (t) => {
  const bench = await deskBench(t);
  const a = await bench.dial(nodeA);
  const b: Credential = { kind: 'node', name: 'node-b' };
  await bench.dial(b, { name: 'node-b', takesOverSessionId: a.welcome?.sessionId ?? '' });
  t.ok(a.session.isEstablished(), 'not that of another node');
  await bench.dial(nodeA, { takesOverSessionId: 'of a manager before this one' });
  t.same(bench.seen, ['node-a comes', 'node-b comes', 'node-a comes']);
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
