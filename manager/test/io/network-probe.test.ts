import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import t, { type Test } from 'tap';
import { freePort } from '../../../test/site/manager-process.ts';
import { reach, readPage } from '../../src/io/network-probe.ts';

const timeLimitMs = 10_000;

t.test('a port that answers, one that refuses', async (t) => {
  const server = createTcpServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  t.same(await reach('127.0.0.1', port, timeLimitMs), { type: 'connected' });
  t.same(await reach('localhost', port, timeLimitMs), { type: 'connected' }, 'by name');
  t.same(await reach('127.0.0.1', await freePort(), timeLimitMs), { type: 'refused' });
});

t.test('what says nothing about the host', async (t) => {
  t.match(await reach('no-such-host.invalid', 22, timeLimitMs), { type: 'not-tried' });
  t.match(await reach('999.1.1.1', 22, timeLimitMs), { type: 'not-tried' });
});

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

async function serve(t: Test, answer: Answer): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

t.test('pages', async (t) => {
  const url = await serve(t, ({ url: path }, response) => {
    if (path === '/silent') return;
    if (path === '/moved') response.writeHead(302, { location: '/' });
    else if (path === '/readyz') response.writeHead(503);
    if (path === '/endless') {
      const more = () => {
        if (!response.destroyed) response.write('x'.repeat(65536), () => setImmediate(more));
      };
      more();
      return;
    }
    response.end('ok');
  });
  const page = (path: string, limitMs = timeLimitMs) =>
    readPage({ url: `${url}${path}`, isCertificateIgnored: false, timeLimitMs: limitMs });
  t.same(await page('/'), { type: 'page', status: 200, body: 'ok' });
  t.match(await page('/readyz'), { status: 503 });
  t.match(await page('/moved'), { status: 302 }, 'redirects are not followed');
  t.match(await page('/silent', 300), { type: 'no-answer', message: /within 300 ms/ });
  t.match(await page('/endless'), { type: 'page', status: 200 }, 'what is too long is cut');
  const refused = { url: `http://127.0.0.1:${await freePort()}/`, isCertificateIgnored: false, timeLimitMs };
  t.match(await readPage(refused), { type: 'no-answer', message: /ECONNREFUSED/ });
  t.match(await readPage({ ...refused, url: 'nonsense' }), { type: 'no-answer' });
});
