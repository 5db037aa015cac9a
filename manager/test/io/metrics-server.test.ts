import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { type MetricsServer, openMetricsServer } from '../../src/io/metrics-server.ts';

interface Pages {
  healthy: boolean;
  text: () => Promise<string>;
}

async function start(t: Test): Promise<{ server: MetricsServer; url: string; pages: Pages }> {
  const pages: Pages = { healthy: true, text: async () => 'hecate_epoch 1\n' };
  const listen = { host: '127.0.0.1', port: 0 };
  const server = await openMetricsServer(listen, {
    text: () => pages.text(),
    isHealthy: () => pages.healthy,
  });
  t.teardown(() => server.close());
  return { server, url: `http://127.0.0.1:${server.address.port}`, pages };
}

/** A raw connection; gives what came until the other side closed it. */
function raw(t: Test, server: MetricsServer, send: string): { socket: Socket; closed: Promise<string> } {
  const socket = connect(server.address.port, '127.0.0.1');
  t.teardown(() => socket.destroy());
  let received = '';
  socket.on('data', (data) => {
    received += data.toString();
  });
  socket.on('error', () => undefined);
  if (send !== '') socket.write(send);
  const closed = new Promise<string>((resolve) => socket.once('close', () => resolve(received)));
  return { socket, closed };
}

t.test('pages', async (t) => {
  const { url, pages } = await start(t);
  const metrics = await fetch(`${url}/metrics?x=1`);
  t.equal(metrics.status, 200);
  t.equal(metrics.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
  t.equal(await metrics.text(), 'hecate_epoch 1\n');
  t.equal((await fetch(`${url}/healthz`)).status, 200);
  pages.healthy = false;
  const unhealthy = await fetch(`${url}/healthz`);
  t.equal(unhealthy.status, 503);
  t.equal(await unhealthy.text(), 'not healthy\n');
  for (const path of ['/', '/metrics/', '/metricsx', '/../metrics/x', '//', '/%2e']) {
    t.equal((await fetch(url + path)).status, 404, path);
  }
  const head = await fetch(`${url}/metrics`, { method: 'HEAD' });
  t.equal(head.status, 200);
  t.equal(await head.text(), '');
  const post = await fetch(`${url}/metrics`, { method: 'POST', body: 'x' });
  t.equal(post.status, 405);
  t.equal(post.headers.get('allow'), 'GET, HEAD');
});

t.test('a page that cannot be made is 500, and the next one is fine', async (t) => {
  const { url, pages } = await start(t);
  const good = pages.text;
  pages.text = async () => {
    throw new Error('inner thoughts');
  };
  const answer = await fetch(`${url}/metrics`);
  t.equal(answer.status, 500);
  t.notMatch(await answer.text(), 'inner thoughts');
  pages.text = good;
  t.equal((await fetch(`${url}/metrics`)).status, 200);
});

t.test('garbage and too large headers close their own connection', async (t) => {
  const { server, url } = await start(t);
  t.match(await raw(t, server, '\x16\x03\x01 no http\r\n\r\n').closed, /^HTTP\/1.1 400/);
  t.match(
    await raw(t, server, `GET / HTTP/1.1\r\nx: ${'y'.repeat(10_000)}\r\n\r\n`).closed,
    /^HTTP\/1.1 431/,
  );
  t.equal((await fetch(`${url}/metrics`)).status, 200);
});

t.test(
  'who sends nothing, half a header or keeps the connection is cut off; others are served',
  async (t) => {
    const { server, url } = await start(t);
    const waiting = [
      raw(t, server, ''),
      raw(t, server, 'GET /metrics HTTP/1.1\r\nhost: x\r\n'),
      raw(t, server, 'GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n'),
      raw(t, server, 'GET /metrics HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nhalf'),
    ];
    t.equal((await fetch(`${url}/metrics`)).status, 200);
    const answers = await Promise.all(waiting.map(({ closed }) => closed));
    t.match(answers[2], /^HTTP\/1.1 200/);
    t.pass('all four were ended by the server');
  },
);

t.test('connections are bounded, and there is room again afterwards', async (t) => {
  const { server, url } = await start(t);
  const ends = await Promise.all(Array.from({ length: 60 }, () => raw(t, server, 'GET').closed));
  const dropped = ends.filter((received) => received === '');
  t.equal(dropped.length, 28, 'those beyond the limit are dropped without a word');
  t.equal(ends.filter((received) => /^HTTP\/1.1 408/.test(received)).length, 32, 'the others had their time');
  t.equal((await fetch(`${url}/healthz`)).status, 200);
});

t.test('an address in use is a clear error; close ends open connections', async (t) => {
  const { server } = await start(t);
  await t.rejects(openMetricsServer(server.address, { text: async () => '', isHealthy: () => true }), {
    code: 'HEC_CONFIG',
    message: /metrics\.listen: cannot listen on 127\.0\.0\.1:\d+: .*EADDRINUSE/,
    remedy: /ss -ltnp/,
  });
  const { closed, socket } = raw(t, server, '');
  await once(socket, 'connect');
  await server.close();
  await closed;
  await server.close();
  await t.rejects(fetch(`http://127.0.0.1:${server.address.port}/metrics`));
});
