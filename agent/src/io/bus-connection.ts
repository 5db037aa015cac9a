/**
 * One connection to a message bus: connects, authenticates, says Hello, matches calls with replies, hands out
 * signals, and ends once. A time limit stands on everything; whatever ends it rejects all that is pending.
 */
import { connect, type Socket } from 'node:net';
import type { BusData } from '@hecate/proto/core/bus-value.ts';
import { socketPaths } from './bus-address.ts';
import { authenticate } from './bus-authentication.ts';
import { type BusMessage, decodeMessage, encodeMessage, messageFlags, messageTypes } from './bus-codec.ts';
import { BusError } from './bus-error.ts';
import { CallTable } from './call-table.ts';
import { ListenerSet } from './listener-set.ts';
import { MessageFramer } from './message-framer.ts';

export interface BusCall {
  destination: string;
  path: string;
  interface: string;
  member: string;
  signature?: string;
  body?: readonly BusData[];
  timeoutMs?: number;
  /** Let the bus start the destination when it does not run. Default false. */
  autoStart?: boolean;
}

export interface BusOptions {
  /** D-Bus addresses, separated by `;`, tried in order. */
  address: string;
  /** To connect, authenticate and be named. Default 10 s. */
  openTimeoutMs?: number;
  /** For a call that says nothing else. Default 25 s, as in libdbus. */
  callTimeoutMs?: number;
}

export interface BusCounters {
  callsInFlight: number;
  callsQueued: number;
  callsSent: number;
  callsTimedOut: number;
}

export interface BusConnection {
  readonly uniqueName: string;
  /** The reply. @throws BusError, also for an error reply. */
  call(call: BusCall): Promise<BusMessage>;
  onSignal(listener: (signal: BusMessage) => void): () => void;
  /** Called once, soon also when the connection has ended before. */
  onClosed(listener: (reason: BusError) => void): () => void;
  close(reason?: BusError): void;
  counters(): BusCounters;
}

export const busDaemon = {
  destination: 'org.freedesktop.DBus',
  path: '/org/freedesktop/DBus',
  interface: 'org.freedesktop.DBus',
} as const;

const limits = { inFlightMax: 64, queuedMax: 1024, abandonedMax: 32 };
const openTimeoutMsDefault = 10_000;
const callTimeoutMsDefault = 25_000;
const retryRemedy =
  'it is tried again by itself; `systemctl status dbus` on the node tells why the bus is away';

const gone = (message: string, cause?: unknown): BusError =>
  new BusError('HEC_BUS_GONE', message, { delivery: 'not-sent', remedy: retryRemedy, cause });

class Connection implements BusConnection {
  uniqueName = '';
  private readonly socket: Socket;
  private readonly callTimeoutMs: number;
  private readonly framer = new MessageFramer();
  private readonly calls: CallTable;
  private readonly signals = new ListenerSet<BusMessage>();
  private readonly closed = new ListenerSet<BusError>();
  /** Arrived and not handed out yet. */
  private readonly inbox: BusMessage[] = [];
  private turn: NodeJS.Immediate | undefined;
  private reason: BusError | undefined;

  constructor(socket: Socket, callTimeoutMs: number) {
    this.socket = socket;
    this.callTimeoutMs = callTimeoutMs;
    const stuckText = `${limits.abandonedMax} calls were left unanswered, the connection is given up`;
    this.calls = new CallTable(limits, () => this.close(gone(stuckText)));
    socket.on('data', (chunk: Buffer) => this.onData(chunk));
    socket.on('error', (cause) =>
      this.close(gone(`the connection to the bus broke: ${cause.message}`, cause)),
    );
    socket.on('close', () => this.close(gone('the bus closed the connection')));
    socket.resume();
  }

  call(call: BusCall): Promise<BusMessage> {
    const { timeoutMs = this.callTimeoutMs, autoStart = false, ...fields } = call;
    const flags = autoStart ? 0 : messageFlags.noAutoStart;
    return this.calls.call(describe(call), timeoutMs, (serial) => {
      this.socket.write(encodeMessage({ type: messageTypes.call, serial, flags, ...fields }));
    });
  }

  onSignal(listener: (signal: BusMessage) => void): () => void {
    return this.signals.add(listener);
  }

  onClosed(listener: (reason: BusError) => void): () => void {
    const { reason } = this;
    if (reason) queueMicrotask(() => listener(reason));
    return this.closed.add(listener);
  }

  close(reason: BusError = gone('the connection to the bus was closed by this side')): void {
    if (this.reason) return;
    this.reason = reason;
    this.socket.destroy();
    // What had arrived before counts: a reply among it is an answer.
    clearImmediate(this.turn);
    for (const message of this.inbox.splice(0)) this.onMessage(message);
    this.calls.end(reason);
    this.closed.emit(reason);
    this.signals.clear();
    this.closed.clear();
  }

  counters(): BusCounters {
    const { inFlight, queued } = this.calls.size;
    const { sent, timedOut } = this.calls.counters;
    return { callsInFlight: inFlight, callsQueued: queued, callsSent: sent, callsTimedOut: timedOut };
  }

  private onData(chunk: Buffer): void {
    try {
      for (const frame of this.framer.push(chunk)) {
        this.inbox.push(decodeMessage(frame));
      }
      this.deliver();
    } catch (cause) {
      // After one message that cannot be read, where the next begins is a guess.
      const why = cause instanceof Error ? cause.message : String(cause);
      this.close(gone(`the bus sent something that is not a D-Bus message: ${why}`, cause));
    }
  }

  /**
   * In the bus's order, also for those who await a reply: what they do with it must be done before a signal that
   * came after it is heard, or a newer state would be taken for an older one. So a signal waits for a turn of
   * the loop when a reply was handed out in this one.
   */
  private deliver(): void {
    if (this.turn) return;
    let replied = false;
    for (let message = this.inbox[0]; message; message = this.inbox[0]) {
      if (replied && message.type === messageTypes.signal) {
        this.turn = setImmediate(() => {
          this.turn = undefined;
          this.deliver();
        });
        return;
      }
      this.inbox.shift();
      replied ||= message.type !== messageTypes.signal;
      this.onMessage(message);
    }
  }

  private onMessage(message: BusMessage): void {
    switch (message.type) {
      case messageTypes.reply:
      case messageTypes.error:
        this.calls.onReply(message);
        return;
      case messageTypes.signal:
        this.signals.emit(message);
        return;
      case messageTypes.call:
        this.refuse(message);
        return;
      default: // the specification: unknown types must be ignored
    }
  }

  /** Nothing is exported here; a caller is told so instead of being left waiting. */
  private refuse(call: BusMessage): void {
    if (call.flags & messageFlags.noReplyExpected || !call.sender) return;
    const errorName = 'org.freedesktop.DBus.Error.UnknownMethod';
    const reply = { type: messageTypes.error, serial: this.calls.nextSerial(), flags: 1, errorName };
    const addressed = { ...reply, replySerial: call.serial, destination: call.sender };
    this.socket.write(encodeMessage({ ...addressed, signature: 's', body: ['nothing is exported here'] }));
  }
}

/** What a call is called in an error: the member and its first text, e.g. `StartUnit("web.service")`. */
function describe(call: BusCall): string {
  const first = call.body?.[0];
  const shown = typeof first === 'string' ? JSON.stringify(first.slice(0, 300)) : '';
  return `${call.member}(${shown})`;
}

/** The first of the addresses that answers. */
async function connectFirst(paths: readonly string[], signal: AbortSignal): Promise<Socket> {
  let last: unknown;
  for (const path of paths) {
    const socket = connect({ path });
    const abort = (): void => void socket.destroy(new Error('time ran out'));
    signal.addEventListener('abort', abort, { once: true });
    try {
      await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
      await authenticate(socket);
      return socket;
    } catch (cause) {
      socket.on('error', () => undefined).destroy();
      last = cause;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }
  throw last;
}

/**
 * Connects to a bus, ready for calls.
 * @throws HEC_CONFIG for an address that cannot be used; HEC_BUS_GONE when nobody answers as a bus does.
 */
export async function openBus(options: BusOptions): Promise<BusConnection> {
  const { address, openTimeoutMs = openTimeoutMsDefault, callTimeoutMs = callTimeoutMsDefault } = options;
  const paths = socketPaths(address);
  const deadline = AbortSignal.timeout(openTimeoutMs);
  let socket: Socket;
  try {
    socket = await connectFirst(paths, deadline);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw gone(`no connection to the bus at ${address}: ${why}`, cause);
  }
  const connection = new Connection(socket, callTimeoutMs);
  try {
    const reply = await connection.call({ ...busDaemon, member: 'Hello', timeoutMs: openTimeoutMs });
    const [name] = reply.body;
    if (typeof name !== 'string') throw gone(`the bus at ${address} gave us no name`);
    connection.uniqueName = name;
    return connection;
  } catch (cause) {
    connection.close();
    throw cause;
  }
}
