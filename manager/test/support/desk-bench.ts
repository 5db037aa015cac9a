/** A session desk on its own, over pairs of real sockets: every proof of identity, without a single certificate. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { Method, Outcome } from '@hecate/proto/core/frames.ts';
import type { Hello, Welcome } from '@hecate/proto/generated/wire.ts';
import { Session } from '@hecate/proto/io/session-host.ts';
import { streamTransport } from '@hecate/proto/io/stream-transport.ts';
import { systemClock } from '@hecate/proto/io/system-clock.ts';
import type { Test } from 'tap';
import type { Credential } from '../../src/core/admission.ts';
import { SessionDesk } from '../../src/sessions/session-desk.ts';
import type { AcceptedPeer } from '../../src/trust/peer-identity.ts';
import { helloOf } from './fleet-fixtures.ts';

export interface Dialled {
  readonly session: Session;
  readonly welcome: Welcome | undefined;
  readonly ended: Promise<{ code: string; message: string }>;
}

export class DeskBench {
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
      answerPeer: ({ name }, { method }) => answered(`peer ${name}`, method),
      onPeerGone: (name) => this.seen.push(`peer ${name} goes`),
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

export async function deskBench(t: Test): Promise<DeskBench> {
  const bench = new DeskBench();
  t.teardown(() => bench.close());
  await bench.listen();
  return bench;
}

export const nodeA: Credential = { kind: 'node', name: 'node-a' };
export const report: Method = { case: 'reportOutcomes', value: { outcomes: [] } };
export const ask = (session: Session, method: Method) => session.call(method, { timeLimitMs: 20_000 });
