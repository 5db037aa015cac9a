import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { until } from '../nodes/until.ts';
import { FaultProxy } from './fault-proxy.ts';

/** One end of a connection, with what it has heard so far. */
interface End {
  socket: Socket;
  heard: string;
  ended: boolean;
  error: string | undefined;
}

function listenTo(socket: Socket): End {
  const end: End = { socket, heard: '', ended: false, error: undefined };
  socket.on('data', (bytes: Buffer) => {
    end.heard += bytes.toString('latin1');
  });
  socket.on('end', () => {
    end.ended = true;
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    end.error = error.code;
  });
  return end;
}

interface Bench {
  proxy: FaultProxy;
  /** The server's ends, in the order they were accepted. */
  accepted: End[];
  dial(): Promise<End>;
}

async function bench(t: Test): Promise<Bench> {
  const accepted: End[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => accepted.push(listenTo(socket)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy = new FaultProxy({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
  await proxy.listen();
  const clients: End[] = [];
  t.teardown(async () => {
    for (const { socket } of [...clients, ...accepted]) socket.destroy();
    await proxy.close();
    server.close();
  });
  const dial = async (): Promise<End> => {
    const end = listenTo(connect({ ...proxy.address(), allowHalfOpen: true }));
    clients.push(end);
    await once(end.socket, 'connect');
    return end;
  };
  return { proxy, accepted, dial };
}

async function pair({ accepted, dial }: Bench): Promise<{ client: End; server: End }> {
  const before = accepted.length;
  const client = await dial();
  const server = await until(() => accepted[before], { what: 'the server has the connection' });
  return { client, server };
}

/** Long enough for anything on loopback that is going to arrive, to arrive. */
const silence = () => sleep(150);

t.test('passes bytes, half-closes and counts', async (t) => {
  const b = await bench(t);
  const { client, server } = await pair(b);
  client.socket.write('question');
  await until(() => server.heard === 'question', { what: 'the server heard' });
  client.socket.end();
  await until(() => server.ended, { what: 'the half-close arrived' });
  server.socket.end('answer');
  await until(() => client.heard === 'answer' && client.ended, { what: 'the answer arrived' });
  await until(() => b.proxy.counters().open === 0, { what: 'the connection was forgotten' });
  t.strictSame(b.proxy.counters(), {
    accepted: 1,
    open: 0,
    bytesToTarget: 8,
    bytesToClients: 6,
    bytesHeld: 0,
  });
});

t.test('a cut is silent, and what was in flight arrives after it', async (t) => {
  const b = await bench(t);
  const { client, server } = await pair(b);
  b.proxy.cut();
  client.socket.write('to the server;');
  server.socket.write('to the client;');
  client.socket.write('more');
  await silence();
  t.equal(server.heard + client.heard, '', 'nothing got through');
  t.equal(client.error ?? server.error, undefined, 'and nobody was told');
  t.equal(b.proxy.counters().bytesHeld, 32);
  b.proxy.heal();
  await until(() => server.heard === 'to the server;more' && client.heard === 'to the client;', {
    what: 'the held bytes arrived, in order',
  });
  client.socket.write('!');
  await until(() => server.heard.endsWith('!'), { what: 'the same connection works on' });
});

t.test('an end that closes during a cut is heard of only after it', async (t) => {
  const b = await bench(t);
  const { client, server } = await pair(b);
  b.proxy.cut();
  client.socket.end('last words');
  await silence();
  t.equal(server.ended, false);
  b.proxy.heal();
  await until(() => server.ended, { what: 'the FIN arrived' });
  t.equal(server.heard, 'last words', 'after the bytes before it');
});

t.test('what an end sent before it reset the connection in a cut never arrives', async (t) => {
  const b = await bench(t);
  const { client, server } = await pair(b);
  b.proxy.cut();
  client.socket.write('start the unit');
  await until(() => b.proxy.counters().bytesHeld > 0, { what: 'the bytes are in flight' });
  client.socket.resetAndDestroy();
  await until(() => b.proxy.counters().bytesHeld === 0, { what: 'the reset was seen' });
  b.proxy.heal();
  await silence();
  t.equal(server.heard, '');
  t.equal(server.error, undefined, 'the reset itself was lost as well');
  server.socket.write('are you there?');
  await until(() => server.error === 'ECONNRESET', { what: 'the dead end answers with a reset' });
});

t.test('connections made during a cut', async (t) => {
  const b = await bench(t);
  b.proxy.cut();
  const patient = await b.dial();
  patient.socket.write('hello');
  const hasty = await b.dial();
  hasty.socket.destroy();
  await silence();
  t.equal(b.accepted.length, 0, 'reach no one');
  b.proxy.heal();
  await until(() => b.accepted[0]?.heard === 'hello', { what: 'the one still wanted gets through' });
  await silence();
  t.equal(b.accepted.length, 1, 'the one that gave up does not');
});

t.test('reset() resets both ends, and new connections work', async (t) => {
  const b = await bench(t);
  const { client, server } = await pair(b);
  b.proxy.reset();
  await until(() => client.error === 'ECONNRESET' && server.error === 'ECONNRESET', {
    what: 'both heard of it',
  });
  await pair(b);
  t.equal(b.proxy.counters().open, 1);
});

t.test('a reset by one end reaches the other; a target that refuses resets the client', async (t) => {
  const b = await bench(t);
  const { client, server } = await pair(b);
  server.socket.resetAndDestroy();
  await until(() => client.error === 'ECONNRESET', { what: 'the client heard of it' });
  const spare = createServer().listen(0, '127.0.0.1');
  await once(spare, 'listening');
  const { port } = spare.address() as AddressInfo;
  await new Promise((resolve) => spare.close(resolve));
  b.proxy.target = { host: '127.0.0.1', port };
  const refused = listenTo(connect(b.proxy.address()));
  await until(() => refused.error === 'ECONNRESET', { what: 'the refusal came through' });
  t.equal(b.proxy.counters().open, 0);
});

t.test('delay() keeps bytes back, in both directions, in order', async (t) => {
  const b = await bench(t);
  const { client, server } = await pair(b);
  b.proxy.delay(200);
  const start = performance.now();
  client.socket.write('one');
  await sleep(20);
  client.socket.write('two');
  await until(() => server.heard === 'onetwo', { what: 'both arrived', intervalMs: 2 });
  t.ok(performance.now() - start >= 200, 'not before the delay');
  server.socket.write('back');
  const back = performance.now();
  await until(() => client.heard === 'back', { what: 'the answer arrived', intervalMs: 2 });
  t.ok(performance.now() - back >= 200);
});

t.test('throttle() limits the flow', async (t) => {
  const b = await bench(t);
  const { client, server } = await pair(b);
  b.proxy.throttle(100_000);
  const start = performance.now();
  client.socket.write(Buffer.alloc(50_000, 'x'));
  await until(() => server.heard.length === 50_000, { what: 'all arrived' });
  t.ok(performance.now() - start >= 450, '50 kB at 100 kB/s take half a second');
  t.throws(() => b.proxy.throttle(0), /more than 0/);
  b.proxy.throttle(Number.POSITIVE_INFINITY);
  client.socket.write('y');
  await until(() => server.heard.endsWith('y'), { what: 'the limit is gone' });
});

t.test('bounded: a sender in a cut is held back, and nothing is lost', async (t) => {
  const b = await bench(t);
  const { client, server } = await pair(b);
  b.proxy.cut();
  const sizeBytes = 64 * 1024 * 1024;
  client.socket.write(Buffer.alloc(sizeBytes, 'z'));
  await until(() => b.proxy.counters().bytesHeld > 4 * 1024 * 1024, { what: 'the proxy is full' });
  await silence();
  t.ok(b.proxy.counters().bytesHeld < 6 * 1024 * 1024, 'it holds about a send buffer');
  b.proxy.heal();
  await until(() => server.heard.length === sizeBytes, { what: 'all of it arrived' });
  t.pass('all arrived');
});

t.test('the port stays the same, and listen() again is harmless', async (t) => {
  const proxy = new FaultProxy({ host: '127.0.0.1', port: 9 });
  t.throws(() => proxy.address(), /listen\(\) first/);
  const first = await proxy.listen();
  t.strictSame(await proxy.listen(), first);
  await proxy.close();
  t.strictSame(await proxy.listen(), first);
  await proxy.close();
  await proxy.close();
});
