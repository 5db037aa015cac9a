import { spawnSync } from 'node:child_process';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
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

const script = join(import.meta.dirname, 'network-probe-without-link.ts');
const unshareFlags = process.getuid?.() === 0 ? ['-n'] : ['-Urn'];
const canLink = spawnSync('unshare', [...unshareFlags, 'ip', 'link']).status === 0;
const skip = canLink ? false : 'a network of its own is not allowed here';

t.test('silence counts on a link only: the switch goes first in a power cut (I12)', { skip }, async (t) => {
  const shell = `set -e
    for name in lan bridge; do
      ip link add $name type veth peer name $name-port
      ip link set $name up; ip link set $name-port up
    done
    ip address add 192.0.2.1/24 dev lan; ip address add 198.51.100.1/24 dev bridge
    "$1" "$2" 192.0.2.9
    ip link set lan-port down
    "$1" "$2" 192.0.2.9`;
  const argv = [...unshareFlags, 'sh', '-c', shell, 'sh', process.execPath, script];
  const { stdout, stderr } = spawnSync('unshare', argv, { encoding: 'utf8' });
  t.equal(stderr, '');
  const [linked, unlinked] = stdout.trim().split('\n');
  t.same(JSON.parse(linked ?? ''), { type: 'silent', code: 'TIMEOUT' });
  t.match(JSON.parse(unlinked ?? ''), { type: 'not-tried', message: /192\.0\.2\.1 has no link/ });
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
