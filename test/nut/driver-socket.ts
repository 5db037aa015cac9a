/** The socket between upsd and a driver (docs/sock-protocol.txt of NUT): to change what a dummy UPS says, at once. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { until } from '../nodes/until.ts';

const quote = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;

/**
 * One connection for the driver's whole life: NUT 2.8.0's drivers crash on writing to one that was closed
 * (`bit out of range 0 - FD_SETSIZE`).
 */
export class DriverSocket {
  /** What the driver says of its UPS; it tells each change. */
  readonly values = new Map<string, string>();
  private readonly socket: Socket;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('error', () => undefined);
    const lines = createInterface({ input: socket });
    lines.on('error', () => undefined);
    lines.on('line', (line) => {
      const [, name = '', value = ''] = /^SETINFO (\S+) "(.*)"$/.exec(line) ?? [];
      if (name !== '') this.values.set(name, value.replace(/\\(.)/g, '$1'));
    });
    socket.write('DUMPALL\n');
  }

  /** @throws Error when no driver listens there */
  static async open(path: string): Promise<DriverSocket> {
    const socket = connect(path);
    await once(socket, 'connect');
    return new DriverSocket(socket);
  }

  /**
   * Resolves when the driver says so; what upsd knows follows within milliseconds. One variable comes after the
   * other: a look in between sees half of it.
   */
  async set(changes: Readonly<Record<string, string>>): Promise<void> {
    const commands = Object.entries(changes).map(([variable, value]) => `SET ${variable} ${quote(value)}\n`);
    this.socket.write(commands.join(''));
    await this.untilItSays(changes);
  }

  async untilItSays(values: Readonly<Record<string, string>>): Promise<void> {
    const isSaid = () =>
      Object.entries(values).every(([variable, value]) => this.values.get(variable) === value);
    const what = `the driver says ${JSON.stringify(values)}: variables that NUT does not have it takes from nobody`;
    await until(isSaid, { what, intervalMs: 2 });
  }

  close(): void {
    this.socket.destroy();
  }
}
