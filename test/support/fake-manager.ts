/**
 * A fake manager for agents: takes their sessions on a loopback port, keeps what they tell, asks what a test wants
 * asked, and misbehaves on demand. No TLS, no fleet, no journal: the real ones are tested elsewhere.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Item, Method, Outcome } from '@hecate/proto/core/frames.ts';
import { subprotocol } from '@hecate/proto/core/limits.ts';
import {
  createWelcome,
  type Hello,
  type Notice,
  type Operation,
  type OperationOutcome,
  type UnitState,
} from '@hecate/proto/generated/wire.ts';
import { Session } from '@hecate/proto/io/session-host.ts';
import { systemClock } from '@hecate/proto/io/system-clock.ts';
import type { FrameTransport } from '@hecate/proto/io/transport.ts';
import { webSocketOptions, webSocketTransport } from '@hecate/proto/io/websocket-transport.ts';
import { WebSocketServer } from 'ws';
import { until } from '../nodes/until.ts';

export interface FakeManagerOptions {
  epoch?: number;
  heartbeatIntervalMs?: number;
  /** 0: any that is free. */
  port?: number;
}

export class FakeManager {
  epoch: number;
  /** Not to acknowledge is not to answer with Done. */
  acknowledgesReports = true;
  /** Instead of a welcome. */
  refusal: { code: 'HEC_TLS' | 'HEC_EPOCH'; message: string } | undefined;
  readonly hellos: Hello[] = [];
  readonly notices: Notice[] = [];
  readonly reports: OperationOutcome[] = [];
  /** Established ones, oldest first; ended ones leave. */
  readonly sessions: Session[] = [];
  readonly #heartbeatIntervalMs: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, options: FakeManagerOptions) {
    this.#server = server;
    this.epoch = options.epoch ?? 1;
    this.#heartbeatIntervalMs = options.heartbeatIntervalMs ?? 5000;
    const upgrades = new WebSocketServer({
      noServer: true,
      ...webSocketOptions,
      handleProtocols: () => subprotocol,
    });
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => this.#sockets.delete(socket));
    });
    server.on('upgrade', (request, socket: Socket, head) => {
      upgrades.handleUpgrade(request, socket, head, (webSocket) => {
        this.#serve(webSocketTransport(webSocket, socket, 'agent'));
      });
    });
  }

  static async listen(options: FakeManagerOptions = {}): Promise<FakeManager> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));
    return new FakeManager(server, options);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The newest established session; waits for one. */
  session(): Promise<Session> {
    return until(() => this.sessions.at(-1), { what: 'an agent has a session' });
  }

  /** Asks the newest session, with all stream items that came before the answer. */
  async ask(method: Method, timeLimitMs = 30_000): Promise<{ outcome: Outcome; items: Item[] }> {
    const session = await this.session();
    const items: Item[] = [];
    const onItem = (item: Item): void => void items.push(item);
    return { outcome: await session.call(method, { timeLimitMs, onItem }), items };
  }

  async apply(operation: Operation): Promise<{ outcome: OperationOutcome; items: Item[] }> {
    const { outcome, items } = await this.ask({ case: 'apply', value: operation });
    if (outcome.case !== 'operation') throw new Error(`an apply was answered with ${outcome.case}`);
    return { outcome: outcome.value, items };
  }

  /** What the agent's stream says of its units, folded as the real manager folds it. */
  units(): Map<string, UnitState> {
    let units = new Map<string, UnitState>();
    let arriving = new Map<string, UnitState>();
    for (const { notice } of this.notices) {
      if (notice.case === 'unitsSnapshot') {
        for (const unit of notice.value.units) arriving.set(unit.name, unit);
        if (!notice.value.last) continue;
        units = arriving;
        arriving = new Map();
      } else if (notice.case === 'unitsChanged') {
        for (const unit of notice.value.units) units.set(unit.name, unit);
        for (const name of notice.value.removed) units.delete(name);
      }
    }
    return units;
  }

  /** As if the network broke: every connection ends with RST. */
  resetAll(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async close(): Promise<void> {
    this.resetAll();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #serve(transport: FrameTransport): void {
    const session: Session = new Session('acceptor', transport, systemClock, {
      onHello: (hello) => this.#greet(session, hello),
      onNotice: (notice) => void this.notices.push(notice),
      onRequest: ({ method }) => this.#answer(method),
      onEnded: () => {
        const index = this.sessions.indexOf(session);
        if (index >= 0) this.sessions.splice(index, 1);
      },
    });
    session.open();
  }

  #greet(session: Session, hello: Hello): void {
    this.hellos.push(hello);
    if (this.refusal) {
      session.end(this.refusal.code, this.refusal.message);
      return;
    }
    session.accept(
      'agent',
      createWelcome({
        protocol: 1,
        epoch: this.epoch,
        heartbeatIntervalMs: this.#heartbeatIntervalMs,
        sessionId: `session-${this.hellos.length}`,
        role: 'agent',
        clockMs: 1,
        site: 'fake',
        // Before every OpId of the tests.
        wallClockMs: 1_600_000_000_000,
      }),
    );
    this.sessions.push(session);
  }

  #answer(method: Method): Promise<Outcome> {
    if (method.case !== 'reportOutcomes')
      return Promise.reject(new Error(`the fake does not answer ${method.case}`));
    this.reports.push(...method.value.outcomes);
    if (!this.acknowledgesReports) return Promise.reject(new Error('not acknowledged'));
    return Promise.resolve({ case: 'done', value: {} });
  }
}
