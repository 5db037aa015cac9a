import { connect, createServer, type Server, type Socket } from 'node:net';
import { FaultPipe, type Weather } from './fault-pipe.ts';

/** Where to dial. */
export interface ProxyAddress {
  host: string;
  port: number;
}

/** What has gone through a proxy so far. */
export interface ProxyCounters {
  /** Connections taken since the start. */
  accepted: number;
  /** Connections with at least one open end. */
  open: number;
  /** Bytes that reached the target. */
  bytesToTarget: number;
  /** Bytes that reached the clients. */
  bytesToClients: number;
  /** Bytes on their way: read and not yet passed on. */
  bytesHeld: number;
}

/** More than this at once is refused with a reset. */
const connectionLimit = 4_096;

interface Connection {
  client: Socket;
  target: Socket | undefined;
  up: FaultPipe;
  down: FaultPipe | undefined;
}

/**
 * A TCP proxy on loopback with bad weather: a network between one client host and one server that a test can
 * cut without a trace, slow down or reset. What is in flight during a cut arrives when it is healed, as TCP
 * retransmission would have it.
 */
export class FaultProxy {
  /** Where new connections go; may be changed (a manager that came back on another port). */
  target: ProxyAddress;
  private readonly weather: Weather = { isCut: false, delayMs: 0, bytesPerSecond: Number.POSITIVE_INFINITY };
  private readonly connections = new Set<Connection>();
  private readonly server: Server;
  private port = 0;
  private accepted = 0;
  private finished = { up: 0, down: 0 };

  constructor(target: ProxyAddress) {
    this.target = target;
    this.server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.accept(client));
  }

  /** Starts listening on a free loopback port, the same one for the proxy's life; idempotent. */
  listen(): Promise<ProxyAddress> {
    if (this.server.listening) return Promise.resolve(this.address());
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(this.port, '127.0.0.1', () => {
        this.server.off('error', reject);
        this.server.unref();
        const address = this.server.address();
        this.port = address !== null && typeof address === 'object' ? address.port : 0;
        resolve(this.address());
      });
    });
  }

  /** Where clients dial. @throws Error before listen(). */
  address(): ProxyAddress {
    if (this.port === 0) throw new Error('the fault proxy has no port yet: await listen() first');
    return { host: '127.0.0.1', port: this.port };
  }

  get isCut(): boolean {
    return this.weather.isCut;
  }

  counters(): ProxyCounters {
    const all = [...this.connections];
    const sum = (of: (connection: Connection) => number): number =>
      all.reduce((total, one) => total + of(one), 0);
    return {
      accepted: this.accepted,
      open: all.length,
      bytesToTarget: this.finished.up + sum(({ up }) => up.deliveredBytes),
      bytesToClients: this.finished.down + sum(({ down }) => down?.deliveredBytes ?? 0),
      bytesHeld: sum(({ up, down }) => up.heldBytes + (down?.heldBytes ?? 0)),
    };
  }

  /**
   * Silence in both directions. Open connections stay open and hear nothing, not even that the other end went
   * away; a new one gets no further than an empty accept.
   */
  cut(): void {
    this.weather.isCut = true;
  }

  /** The link is back: what was in flight arrives, new connections that are still wanted reach the target. */
  heal(): void {
    this.weather.isCut = false;
    for (const connection of this.connections) {
      if (connection.target === undefined) this.dial(connection);
      else this.pump(connection);
    }
  }

  /** Resets every connection at both ends, even during a cut. New ones are taken. */
  reset(): void {
    for (const { client, target } of this.connections) {
      client.resetAndDestroy();
      target?.resetAndDestroy();
    }
  }

  /** Adds `delayMs` to each direction for bytes that arrive from now on; 0 ends it. */
  delay(delayMs: number): void {
    this.weather.delayMs = delayMs;
  }

  /** Limits each direction of each connection; Infinity ends it. */
  throttle(bytesPerSecond: number): void {
    if (!(bytesPerSecond > 0))
      throw new Error(`throttle needs more than 0 bytes per second, got ${bytesPerSecond}`);
    this.weather.bytesPerSecond = bytesPerSecond;
    for (const connection of this.connections) this.pump(connection);
  }

  /** Ends everything; idempotent. */
  close(): Promise<void> {
    this.reset();
    return new Promise((resolve) => {
      if (this.server.listening) this.server.close(() => resolve());
      else resolve();
    });
  }

  private pump({ up, down }: Connection): void {
    up.pump();
    down?.pump();
  }

  private accept(client: Socket): void {
    this.accepted += 1;
    if (this.connections.size >= connectionLimit) {
      client.resetAndDestroy();
      return;
    }
    const up = new FaultPipe(client, this.weather);
    const connection: Connection = { client, target: undefined, up, down: undefined };
    this.connections.add(connection);
    this.watch(connection, client);
    if (!this.weather.isCut) this.dial(connection);
  }

  private dial(connection: Connection): void {
    // A client that gave up before its SYN got through never reaches the target.
    if (connection.client.destroyed || connection.up.hasEnded) {
      connection.client.destroy();
      return;
    }
    const target = connect({ ...this.target, allowHalfOpen: true, noDelay: true });
    connection.target = target;
    connection.down = new FaultPipe(target, this.weather);
    this.watch(connection, target);
    connection.down.attach(connection.client);
    target.once('connect', () => connection.up.attach(target));
  }

  /** Passes on resets, and forgets a connection when both its ends are gone. */
  private watch(connection: Connection, socket: Socket): void {
    socket.on('error', () => {}); // 'close' follows, and says that there was one
    socket.once('close', (hadError) => {
      const { client, target, up, down } = connection;
      const [fromHere, other] = socket === client ? [up, target] : [down, client];
      if (hadError) {
        fromHere?.discard();
        // A reset is lost in a cut; the other end learns of it when its own bytes meet no one.
        if (!this.weather.isCut) other?.resetAndDestroy();
      }
      const clientGone = client.destroyed;
      const targetGone = target === undefined ? clientGone : target.destroyed;
      if (clientGone && targetGone && this.connections.delete(connection)) {
        this.finished.up += up.deliveredBytes;
        this.finished.down += down?.deliveredBytes ?? 0;
        up.discard();
        down?.discard();
      }
    });
  }
}
