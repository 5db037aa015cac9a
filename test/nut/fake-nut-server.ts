/**
 * A fake NUT server: says whatever a test wants, also what no upsd would. What a real one says is tested with
 * a real one (upsd.ts).
 */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Scope } from './upsd.ts';

/** Answers a line from a client. `connection` counts from 1. */
export type FakeAnswer = (line: string, socket: Socket, connection: number) => void;

export class FakeNutServer {
  readonly host = '127.0.0.1';
  readonly port: number;
  /** All lines that clients sent, each with the number of its connection. */
  readonly received: { readonly connection: number; readonly line: string }[] = [];
  answer: FakeAnswer;
  /** Connections so far. */
  connections = 0;
  private readonly server: Server;
  private readonly open = new Set<Socket>();

  private constructor(server: Server, port: number, answer: FakeAnswer) {
    this.server = server;
    this.port = port;
    this.answer = answer;
    server.on('connection', (socket) => this.serve(socket));
  }

  static async start(scope: Scope, answer: FakeAnswer): Promise<FakeNutServer> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const fake = new FakeNutServer(server, address.port, answer);
    scope.teardown(() => fake.close());
    return fake;
  }

  get openConnections(): number {
    return this.open.size;
  }

  private serve(socket: Socket): void {
    this.connections += 1;
    const connection = this.connections;
    this.open.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => this.open.delete(socket));
    const lines = createInterface({ input: socket });
    lines.on('error', () => undefined);
    lines.on('line', (line) => {
      this.received.push({ connection, line });
      if (!socket.destroyed) this.answer(line, socket, connection);
    });
  }

  private async close(): Promise<void> {
    for (const socket of this.open) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }
}

/** What upsd would say to a LIST VAR, for this UPS and these variables. */
export function listOfVariables(ups: string, variables: Readonly<Record<string, string>>): string {
  const lines = Object.entries(variables).map(([name, value]) => `VAR ${ups} ${name} "${value}"\n`);
  return `BEGIN LIST VAR ${ups}\n${lines.join('')}END LIST VAR ${ups}\n`;
}
