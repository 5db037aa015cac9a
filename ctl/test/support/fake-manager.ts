/**
 * A stand-in for the manager: takes operators on a Unix socket and answers their requests from a table that
 * the test brings. What it can do that the real one does not: answer anything, badly, late, or not at all.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Method, Outcome } from '@hecate/proto/core/frames.ts';
import { createWelcome, type Hello, type Welcome } from '@hecate/proto/generated/wire.ts';
import { type IncomingRequest, Session } from '@hecate/proto/io/session-host.ts';
import { streamTransport } from '@hecate/proto/io/stream-transport.ts';
import { systemClock } from '@hecate/proto/io/system-clock.ts';

type Case = Method['case'];
type ValueOf<C extends Case> = Extract<Method, { case: C }>['value'];

/** Answers of one kind of request; `request` has its stream, its time limit and its cancellation. */
export type Answers = {
  [C in Case]?: (value: ValueOf<C>, request: IncomingRequest, session: Session) => Promise<Outcome> | Outcome;
};

export interface FakeManagerOptions {
  readonly answers?: Answers;
  readonly welcome?: Partial<Welcome>;
  /** 'silent': takes the connection and says nothing. A code: ends the session with it. */
  readonly greeting?:
    | 'welcome'
    | 'silent'
    | { code: 'HEC_VERSION' | 'HEC_REVOKED' | 'HEC_ROLE'; message: string };
}

export class FakeManager {
  readonly socketPath: string;
  readonly hellos: Hello[] = [];
  readonly requests: Method[] = [];
  /** Requests that the caller cancelled. */
  cancelled = 0;
  /** How sessions were ended by the caller: code and message. */
  readonly goodbyes: { code: string; message: string; byPeer: boolean }[] = [];
  readonly #folder: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #options: FakeManagerOptions;

  private constructor(options: FakeManagerOptions) {
    this.#options = options;
    this.#folder = mkdtempSync(join(tmpdir(), 'hecate-fake-'));
    this.socketPath = join(this.#folder, 'manager.sock');
    this.#server = createServer((socket) => this.#serve(socket));
  }

  static async start(options: FakeManagerOptions = {}): Promise<FakeManager> {
    const manager = new FakeManager(options);
    await new Promise<void>((resolve) => manager.#server.listen(manager.socketPath, resolve));
    return manager;
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    const session: Session = new Session('acceptor', streamTransport(socket, 'test'), systemClock, {
      onHello: (hello) => this.#greet(session, hello),
      onRequest: (request) => this.#answer(session, request),
      onEnded: (end) => this.goodbyes.push(end),
    });
    session.open();
  }

  #greet(session: Session, hello: Hello): void {
    this.hellos.push(hello);
    const greeting = this.#options.greeting ?? 'welcome';
    if (greeting === 'silent') return;
    if (greeting !== 'welcome') {
      session.end(greeting.code, greeting.message);
      return;
    }
    session.accept(
      'operator',
      createWelcome({
        protocol: 1,
        epoch: 7,
        heartbeatIntervalMs: 5000,
        sessionId: 'fake',
        softwareVersion: '0.1.0',
        role: 'admin',
        requestsInFlightMax: 64,
        clockMs: 1,
        site: 'lab',
        ...this.#options.welcome,
      }),
    );
  }

  async #answer(session: Session, request: IncomingRequest): Promise<Outcome> {
    this.requests.push(request.method);
    request.signal.addEventListener('abort', () => {
      this.cancelled += 1;
    });
    const answer = this.#options.answers?.[request.method.case] as
      | ((value: unknown, request: IncomingRequest, session: Session) => Promise<Outcome> | Outcome)
      | undefined;
    if (!answer) throw new Error(`the fake manager has no answer to ${request.method.case}`);
    return answer(request.method.value, request, session);
  }

  /** Cuts every connection, as a manager that is killed does. */
  dropAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.dropAll();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
