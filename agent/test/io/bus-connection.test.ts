import { randomBytes } from 'node:crypto';
import t from 'tap';
import { encodeMessage, messageTypes } from '../../src/io/bus-codec.ts';
import { busDaemon, openBus } from '../../src/io/bus-connection.ts';
import { type FakeBusClient, fakeBus } from './support/fake-bus.ts';

const call = { ...busDaemon, member: 'ListNames' };
const gone = { code: 'HEC_BUS_GONE' };

/** A fake that names us and then does `afterwards` at the first other call. */
async function namingBus(afterwards: (client: FakeBusClient) => void): ReturnType<typeof fakeBus> {
  return fakeBus((request, client) => {
    if (request.member === 'Hello') client.reply(request, ':1.1');
    else afterwards(client);
  });
}

/** A header that promises `bytes` of body. */
function promising(bytes: number): Buffer {
  const frame = encodeMessage({
    type: messageTypes.signal,
    serial: 1,
    path: '/',
    interface: 'a.b',
    member: 'C',
  });
  frame.writeUInt32LE(bytes, 4);
  return frame;
}

t.test('garbage from a fake bus ends the connection: all pending reject, the process lives', async (t) => {
  const garbage: Record<string, Buffer> = {
    text: Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'),
    'a header of 4 GiB': promising(0xffff_fff0),
    zeroes: Buffer.alloc(4096),
    'random bytes': Buffer.concat([Buffer.from('l'), randomBytes(4096)]),
    'a descriptor that never came': (() => {
      const frame = encodeMessage({
        type: 4,
        serial: 1,
        path: '/',
        interface: 'a.b',
        member: 'C',
        signature: 'u',
        body: [1],
      });
      frame[frame.indexOf(Buffer.from([1, 0x75, 0])) + 1] = 0x61; // the signature says "a", which is none
      return frame;
    })(),
  };
  for (const [name, bytes] of Object.entries(garbage)) {
    const bus = await namingBus(({ socket }) => socket.write(bytes));
    const connection = await openBus({ address: bus.address });
    const reasons: Error[] = [];
    connection.onClosed((reason) => reasons.push(reason));
    const pending = await Promise.allSettled([1, 2, 3].map(() => connection.call(call)));
    for (const end of pending) t.match(end, { reason: { ...gone, delivery: 'unknown' } }, name);
    t.match(reasons, [{ ...gone, message: /not a D-Bus message/ }], name);
    await t.rejects(connection.call(call), { ...gone, delivery: 'not-sent' }, 'and later calls at once');
    bus.close();
  }
});

t.test('a fake bus that goes away, or falls silent', async (t) => {
  const leaving = await namingBus(({ socket }) => socket.destroy());
  t.teardown(() => leaving.close());
  const left = await openBus({ address: leaving.address });
  await t.rejects(left.call(call), { ...gone, delivery: 'unknown', remedy: /systemctl status dbus/ });
  t.match(await new Promise((resolve) => left.onClosed(resolve)), gone, 'a late listener hears it, too');

  const silent = await namingBus(() => undefined);
  t.teardown(() => silent.close());
  const connection = await openBus({ address: silent.address, callTimeoutMs: 40 });
  t.teardown(() => connection.close());
  await t.rejects(connection.call(call), { code: 'HEC_TIMEOUT', delivery: 'unknown' });
  const many = Array.from({ length: 200 }, () => connection.call(call));
  const ends = await Promise.allSettled(many);
  t.equal(ends.filter(({ status }) => status === 'rejected').length, 200);
  t.match(
    await new Promise((resolve) => connection.onClosed(resolve)),
    { message: /unanswered/ },
    'given up',
  );
});

t.test('opening fails with a reason', async (t) => {
  await t.rejects(openBus({ address: 'unix:path=/nonexistent/bus' }), { ...gone, message: /ENOENT/ });
  await t.rejects(openBus({ address: 'tcp:host=localhost' }), { code: 'HEC_CONFIG' });

  const refusing = await fakeBus(() => undefined, 'REJECTED EXTERNAL\r\n');
  t.teardown(() => refusing.close());
  await t.rejects(openBus({ address: refusing.address }), { ...gone, message: /refused EXTERNAL/ });

  const chatty = await fakeBus(() => undefined, 'x'.repeat(100_000));
  t.teardown(() => chatty.close());
  await t.rejects(openBus({ address: chatty.address }), { ...gone, message: /refused EXTERNAL/ });

  const mute = await fakeBus(() => undefined, '');
  t.teardown(() => mute.close());
  await t.rejects(openBus({ address: mute.address, openTimeoutMs: 50 }), {
    ...gone,
    message: /time ran out/,
  });

  const nameless = await fakeBus(() => undefined);
  t.teardown(() => nameless.close());
  await t.rejects(openBus({ address: nameless.address, openTimeoutMs: 50 }), { code: 'HEC_TIMEOUT' });

  // The library's own connection ends the process here.
  const full = await fakeBus((request, { socket }) => {
    const errorName = 'org.freedesktop.DBus.Error.LimitsExceeded';
    const refusal = { type: messageTypes.error, serial: 1, replySerial: request.serial, errorName };
    socket.write(encodeMessage({ ...refusal, signature: 's', body: ['too many connections'] }));
  });
  t.teardown(() => full.close());
  await t.rejects(openBus({ address: full.address }), { code: 'HEC_BUSY', message: /too many connections/ });

  const second = await namingBus(() => undefined);
  t.teardown(() => second.close());
  const connection = await openBus({ address: `unix:path=/nonexistent;${second.address}` });
  t.equal(connection.uniqueName, ':1.1', 'the second address is tried');
  connection.close();
});

t.test('a method call to us is refused, an unknown message type and a stray reply are ignored', async (t) => {
  const answers: unknown[] = [];
  const bus = await fakeBus((message, client) => {
    if (message.member === 'Hello') client.reply(message, ':1.1');
    else if (message.type === messageTypes.error) answers.push([message.errorName, message.replySerial]);
    else {
      const ping = {
        serial: 9,
        path: '/',
        interface: 'org.freedesktop.DBus.Peer',
        member: 'Ping',
        sender: ':1.5',
      };
      client.socket.write(encodeMessage({ type: messageTypes.reply, serial: 8, replySerial: 4711 }));
      const unknown = encodeMessage({ type: 4, ...ping });
      unknown[1] = 77;
      client.socket.write(unknown);
      client.socket.write(encodeMessage({ type: messageTypes.call, ...ping, flags: 1 }));
      client.socket.write(encodeMessage({ type: messageTypes.call, ...ping }));
      client.reply(message, 'done');
    }
  });
  t.teardown(() => bus.close());
  const connection = await openBus({ address: bus.address });
  t.teardown(() => connection.close());
  t.strictSame((await connection.call(call)).body, ['done']);
  t.strictSame((await connection.call(call)).body, ['done'], 'still open');
  t.match(answers[0], ['org.freedesktop.DBus.Error.UnknownMethod', 9]);
});

t.test('a signal that came after a reply is heard after what is done with the reply', async (t) => {
  const signal = encodeMessage({
    type: messageTypes.signal,
    serial: 5,
    path: '/',
    interface: 'a.b',
    member: 'C',
  });
  const bus = await fakeBus((request, { socket }) => {
    const reply = { type: messageTypes.reply, serial: 1, replySerial: request.serial, signature: 's' };
    const answer = encodeMessage({ ...reply, body: [':1.1'] });
    socket.write(Buffer.concat([signal, answer, signal, signal]));
  });
  t.teardown(() => bus.close());
  const connection = await openBus({ address: bus.address });
  t.teardown(() => connection.close());
  const order: string[] = [];
  connection.onSignal(() => order.push('signal'));
  const heard = new Promise<void>((resolve) => {
    connection.onSignal(() => order.length >= 5 && resolve());
  });
  let reply: Promise<unknown> = connection.call(call);
  for (let hop = 0; hop < 20; hop += 1) reply = reply.then(() => undefined);
  reply.then(() => order.push('reply'));
  await heard;
  // The two of Hello's answer come first.
  t.match(order.slice(-4), ['signal', 'reply', 'signal', 'signal']);
});

t.test('what arrived in front of garbage still counts', async (t) => {
  const signal = encodeMessage({
    type: messageTypes.signal,
    serial: 5,
    path: '/',
    interface: 'a.b',
    member: 'C',
  });
  const bus = await fakeBus((request, { socket }) => {
    const reply = { type: messageTypes.reply, serial: 1, replySerial: request.serial, signature: 's' };
    const answer = encodeMessage({ ...reply, body: [request.member] });
    socket.write(request.member === 'Hello' ? answer : Buffer.concat([answer, signal, Buffer.alloc(64)]));
  });
  t.teardown(() => bus.close());
  const connection = await openBus({ address: bus.address });
  let signals = 0;
  connection.onSignal(() => {
    signals += 1;
  });
  const closed = new Promise((resolve) => connection.onClosed(resolve));
  t.strictSame((await connection.call(call)).body, ['ListNames']);
  t.match(await closed, gone);
  t.equal(signals, 1);
});
