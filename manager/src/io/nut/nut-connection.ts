/**
 * One connection to a NUT server: one command at a time, each with its deadline. Whatever goes wrong with the
 * protocol closes this connection and nothing else; what one connection has read never reaches another.
 */
import { connect, type Socket } from 'node:net';
import { StringDecoder } from 'node:string_decoder';
import { connect as connectTls } from 'node:tls';
import { HecateError } from '@hecate/proto/core/errors.ts';
import { NutRefusal } from '../../core/power/nut/nut-error.ts';
import { NutProtocolError, quoted, takeLines } from '../../core/power/nut/nut-line.ts';
import {
  type ExpectedReply,
  type NutReply,
  type NutVariables,
  ReplyReader,
} from '../../core/power/nut/nut-reply.ts';
import { defaultTimeLimitMs, type NutServer, nameOfServer, tlsOptionsOf } from './nut-server.ts';
import { rememberedLookup } from './remembered-address.ts';

interface PendingCommand {
  readonly reader: ReplyReader;
  readonly settle: (reply: NutReply) => void;
  readonly fail: (error: HecateError) => void;
}

/** What a server without TLS says to STARTTLS. */
const withoutTls = new Set([
  'FEATURE-NOT-CONFIGURED',
  'FEATURE-NOT-SUPPORTED',
  'UNKNOWN-COMMAND',
  'TLS-NOT-ENABLED',
]);

export class NutConnection {
  /** For people. */
  readonly server: string;
  readonly #timeLimitMs: number;
  readonly #plain: Socket;
  /** The plain one, or the encrypted one on it. */
  #socket: Socket;
  #decoder = new StringDecoder('utf8');
  #held = '';
  #pending: PendingCommand | undefined;
  #end: HecateError | undefined;
  #isEncrypted = false;

  private constructor(server: NutServer, socket: Socket) {
    this.server = nameOfServer(server);
    this.#timeLimitMs = server.timeLimitMs ?? defaultTimeLimitMs;
    this.#plain = socket;
    this.#socket = socket;
  }

  /**
   * Connects, and wraps the connection in TLS as the server's settings say.
   * @throws HEC_UPS nobody answers, HEC_TLS, HEC_CONFIG, HEC_PROTOCOL what answers is no NUT server
   */
  static async open(server: NutServer): Promise<NutConnection> {
    const { host, port } = server;
    const socket = connect({ host, port, noDelay: true, keepAlive: true, lookup: rememberedLookup });
    const connection = new NutConnection(server, socket);
    connection.#watch(socket);
    await connection.#untilReady(socket, 'connect');
    if (server.tls.mode !== 'off') await connection.#startTls(server);
    return connection;
  }

  get isOpen(): boolean {
    return this.#end === undefined;
  }

  get isEncrypted(): boolean {
    return this.#isEncrypted;
  }

  /**
   * All variables of a UPS, of one moment.
   * @throws NutRefusal; HEC_UPS and HEC_PROTOCOL end the connection
   */
  async listVariables(ups: string): Promise<NutVariables> {
    const reply = await this.#ask(`LIST VAR ${quoted(ups)}`, `LIST VAR ${ups}`, { type: 'variables', ups });
    return reply.type === 'variables' ? reply.variables : new Map();
  }

  /**
   * The commands that a UPS offers (CMD), or its variables that can be set (RW).
   * @throws NutRefusal; HEC_UPS and HEC_PROTOCOL end the connection
   */
  async listNames(kind: 'CMD' | 'RW', ups: string): Promise<ReadonlySet<string>> {
    const expected = { type: 'names', kind, ups } as const;
    const reply = await this.#ask(`LIST ${kind} ${quoted(ups)}`, `LIST ${kind} ${ups}`, expected);
    return reply.type === 'names' ? reply.names : new Set();
  }

  /**
   * Sends a command whose reply is one line.
   * @param words each is quoted as it needs be
   * @param name how messages call the command: never with a secret in it
   * @throws NutRefusal; HEC_UPS and HEC_PROTOCOL end the connection
   */
  async command(words: readonly string[], name: string = words.join(' ')): Promise<string> {
    const reply = await this.#ask(words.map(quoted).join(' '), name, { type: 'line' });
    return reply.type === 'line' ? reply.text : '';
  }

  /** At once. A command that waits fails with HEC_CANCELLED. */
  close(): void {
    this.#close(new HecateError('HEC_CANCELLED', `the connection to ${this.server} was closed here`));
  }

  #ask(line: string, name: string, expected: ExpectedReply): Promise<NutReply> {
    if (this.#end) return Promise.reject(this.#end);
    if (this.#pending) throw new TypeError('one command at a time');
    return new Promise<NutReply>((resolve, reject) => {
      const timer = setTimeout(
        () => this.#close(this.#lost(`no reply to ${name} ${this.#inTime}`)),
        this.#timeLimitMs,
      );
      const finish = (): void => {
        clearTimeout(timer);
        this.#pending = undefined;
      };
      this.#pending = {
        reader: new ReplyReader(expected),
        settle: (reply) => {
          finish();
          if (reply.type === 'refused') reject(new NutRefusal(reply.code, name, this.server));
          else resolve(reply);
        },
        fail: (error) => {
          finish();
          reject(error);
        },
      };
      this.#socket.write(`${line}\n`);
    });
  }

  #receive(bytes: Buffer): void {
    try {
      const { lines, held } = takeLines(this.#held, this.#decoder.write(bytes));
      this.#held = held;
      for (const line of lines) this.#readLine(line);
      // Nothing is due: whoever sends now would answer the next command before it was asked, or, before a
      // handshake, would be taken for the other end of the encrypted connection.
      if (!this.#pending && held !== '') throw new NutProtocolError('it speaks unasked');
    } catch (error) {
      if (!(error instanceof NutProtocolError)) throw error;
      this.#close(new NutProtocolError(`${this.server} broke the NUT protocol: ${error.message}`));
    }
  }

  #readLine(line: string): void {
    if (!this.#pending) throw new NutProtocolError('it speaks unasked');
    const reply = this.#pending.reader.read(line);
    if (reply) this.#pending.settle(reply);
  }

  async #startTls(server: NutServer): Promise<void> {
    try {
      const reply = await this.command(['STARTTLS']);
      if (!/^OK( |$)/.test(reply)) throw new NutProtocolError(`${this.server} answered STARTTLS with no OK`);
    } catch (error) {
      const isWithoutTls = error instanceof NutRefusal && withoutTls.has(error.nutCode ?? '');
      if (isWithoutTls && server.tls.mode === 'optional') return;
      throw this.#closed(error);
    }
    await this.#wrap(server);
  }

  async #wrap(server: NutServer): Promise<void> {
    this.#plain.removeAllListeners('data');
    try {
      const socket = connectTls({ ...tlsOptionsOf(server), socket: this.#plain });
      this.#watch(socket);
      this.#socket = socket;
      // Nothing that came in the clear is read as if it had come encrypted.
      this.#decoder = new StringDecoder('utf8');
      this.#held = '';
      await this.#untilReady(socket, 'secureConnect');
      this.#isEncrypted = true;
    } catch (error) {
      throw this.#closed(asTlsError(error, this.server));
    }
  }

  #untilReady(socket: Socket, event: 'connect' | 'secureConnect'): Promise<void> {
    return new Promise((resolve, reject) => {
      const finish = (end: () => void): void => {
        clearTimeout(timer);
        socket.off(event, onReady).off('close', onClose);
        end();
      };
      const onReady = (): void => finish(resolve);
      const onClose = (): void => finish(() => reject(this.#end));
      const what = event === 'connect' ? 'no connection' : 'no TLS handshake';
      const timer = setTimeout(() => this.#close(this.#lost(`${what} ${this.#inTime}`)), this.#timeLimitMs);
      socket.once(event, onReady).once('close', onClose);
    });
  }

  #watch(socket: Socket): void {
    socket.on('data', (bytes: Buffer) => this.#receive(bytes));
    socket.on('error', (error) => this.#close(this.#lost(messageOf(error), error)));
    socket.on('end', () => this.#close(this.#lost('it closed the connection')));
    socket.on('close', () => this.#close(this.#lost('it closed the connection')));
  }

  get #inTime(): string {
    return `within ${this.#timeLimitMs} ms`;
  }

  #lost(why: string, cause?: unknown): HecateError {
    const remedy = `see that upsd runs there and listens for this host (LISTEN in upsd.conf, firewall)`;
    return new HecateError('HEC_UPS', `${this.server}: ${why}`, remedy, cause);
  }

  #closed(error: unknown): unknown {
    this.#close(error instanceof HecateError ? error : this.#lost(messageOf(error), error));
    return error;
  }

  #close(error: HecateError): void {
    if (this.#end) return;
    this.#end = error;
    this.#socket.destroy();
    this.#plain.destroy();
    this.#pending?.fail(error);
  }
}

/** Of a name with several addresses each has its own error; Node's sum of them has no text. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}

function asTlsError(error: unknown, server: string): unknown {
  if (!(error instanceof HecateError) || error.code !== 'HEC_UPS') return error;
  const message = `no TLS with ${server}: ${messageOf(error.cause ?? error)}`;
  const remedy =
    'see the certificate of the NUT server, the authority file and the server name configured here';
  return new HecateError('HEC_TLS', message, remedy, error);
}
