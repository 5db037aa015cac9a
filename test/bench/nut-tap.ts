/** Between a NUT client and its server: says when the client was first told something. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export class NutTap {
  readonly host = '127.0.0.1';
  readonly port: number;
  readonly #server: Server;
  readonly #open = new Set<Socket>();
  #words: string | undefined;
  #told: PromiseWithResolvers<number> = Promise.withResolvers();

  private constructor(server: Server, upstreamPort: number) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    server.on('connection', (client) => this.#join(client, connect(upstreamPort, '127.0.0.1')));
  }

  static async open(upstreamPort: number): Promise<NutTap> {
    const server = createServer({ noDelay: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new NutTap(server, upstreamPort);
  }

  #join(client: Socket, upstream: Socket): void {
    upstream.setNoDelay(true);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      this.#open.add(from);
      from.on('error', () => undefined);
      from.once('close', () => {
        this.#open.delete(from);
        to.destroy();
      });
    }
    client.on('data', (bytes: Buffer) => upstream.write(bytes));
    upstream.on('data', (bytes: Buffer) => {
      client.write(bytes);
      if (this.#words !== undefined && bytes.includes(this.#words)) {
        this.#words = undefined;
        this.#told.resolve(performance.now());
      }
    });
  }

  /** When an answer with these words was handed to the client, in the clock of `performance`; from now on. */
  whenTold(words: string): Promise<number> {
    this.#words = words;
    this.#told = Promise.withResolvers();
    return this.#told.promise;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#open) socket.destroy();
  }
}
