import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { streamTransport } from '../../src/io/stream-transport.ts';
import type { FrameTransport } from '../../src/io/transport.ts';

interface Pair {
  readonly sender: FrameTransport;
  readonly senderSocket: Socket;
  readonly receiver: FrameTransport;
}

async function pairOf(t: Test): Promise<Pair> {
  const folder = mkdtempSync(join(tmpdir(), 'hecate-stream-'));
  const path = join(folder, 'socket');
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
  const senderSocket = connect(path);
  const [receiverSocket] = await Promise.all([accepted, once(senderSocket, 'connect')]);
  t.teardown(() => {
    senderSocket.destroy();
    receiverSocket.destroy();
    server.close();
    rmSync(folder, { recursive: true });
  });
  return {
    sender: streamTransport(senderSocket, 'a'),
    senderSocket,
    receiver: streamTransport(receiverSocket, 'b'),
  };
}

/** The texts of so many frames. */
const framesOf = (receiver: FrameTransport, count: number): Promise<string[]> =>
  new Promise((resolve) => {
    const texts: string[] = [];
    receiver.onFrame = (bytes) => {
      texts.push(Buffer.from(bytes).toString());
      if (texts.length === count) resolve(texts);
    };
  });

t.test('frames of one turn arrive in order, and wake the peer once', async (t) => {
  const { sender, senderSocket, receiver } = await pairOf(t);
  const received = framesOf(receiver, 3);
  const { bytesWritten } = senderSocket;
  sender.send(Buffer.from('one'));
  await null;
  sender.send(Buffer.from('two'));
  t.equal(senderSocket.bytesWritten - bytesWritten, 14, 'nothing is forgotten');
  t.equal(senderSocket.writableCorked, 1, 'nor sent before the turn is over');
  await new Promise(setImmediate);
  t.equal(senderSocket.writableCorked, 0);
  sender.send(Buffer.from('three'));
  t.same(await received, ['one', 'two', 'three']);
});

for (const end of ['abort', 'close'] as const) {
  t.test(`what was sent before ${end} arrives`, async (t) => {
    const { sender, receiver } = await pairOf(t);
    const received = framesOf(receiver, 2);
    const closed = new Promise<string>((resolve) => {
      receiver.onClose = resolve;
    });
    sender.send(Buffer.from('why it ends'));
    sender.send(Buffer.from('goodbye'));
    sender[end]();
    t.same(await received, ['why it ends', 'goodbye']);
    await closed;
  });
}

t.test(
  'a peer that announces too large a frame is not read any further, and what was to be told is sent',
  async (t) => {
    const { sender, senderSocket, receiver } = await pairOf(t);
    const told = framesOf(sender, 1);
    const closed = new Promise<string>((resolve) => {
      receiver.onClose = resolve;
    });
    receiver.onFrame = () => receiver.send(Buffer.from('an answer'));
    const frame = Buffer.concat([Buffer.from([0, 0, 0, 1]), Buffer.from('x')]);
    senderSocket.write(Buffer.concat([frame, Buffer.from([255, 255, 255, 255])]));
    t.match(await closed, /allowed are/);
    t.same(await told, ['an answer']);
  },
);
