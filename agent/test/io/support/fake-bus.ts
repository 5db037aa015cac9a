/**
 * A fake message bus, for what a real one never does: it authenticates, then sends what the test says, as it is.
 */
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BusMessage, decodeMessage, encodeMessage, messageTypes } from '../../../src/io/bus-codec.ts';
import { MessageFramer } from '../../../src/io/message-framer.ts';

export interface FakeBusClient {
  socket: Socket;
  /** Sends a reply with a string, as Hello's. */
  reply(call: BusMessage, text: string): void;
}

export interface FakeBus {
  address: string;
  close(): void;
}

/** What the fake says to the opening lines; the real ones by default. */
const realGreeting = 'DATA\r\nOK 0123456789abcdef0123456789abcdef\r\n';

/** `onCall` sees every method call, Hello first. */
export async function fakeBus(
  onCall: (call: BusMessage, client: FakeBusClient) => void,
  greeting = realGreeting,
): Promise<FakeBus> {
  const folder = await mkdtemp(join(tmpdir(), 'hecate-fake-bus-'));
  const path = join(folder, 'bus');
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    const framer = new MessageFramer();
    let greeted = false;
    let begun = '';
    const client: FakeBusClient = {
      socket,
      reply: (call, text) => {
        const answer = { type: messageTypes.reply, serial: 1, replySerial: call.serial, signature: 's' };
        socket.write(encodeMessage({ ...answer, body: [text], sender: 'org.freedesktop.DBus' }));
      },
    };
    socket.on('data', (chunk) => {
      let rest = chunk;
      if (!greeted) {
        greeted = true;
        socket.write(greeting);
        return;
      }
      if (begun !== 'BEGIN\r\n') {
        const missing = 7 - begun.length;
        begun += rest.subarray(0, missing).toString('latin1');
        rest = rest.subarray(missing);
      }
      for (const frame of framer.push(rest)) onCall(decodeMessage(frame), client);
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    address: `unix:path=${path}`,
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
