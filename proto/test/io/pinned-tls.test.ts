import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createTcpServer, type Server } from 'node:net';
import { connect, createServer, type TlsOptions } from 'node:tls';
import t, { type Test } from 'tap';
import { fingerprintOf } from '../../src/io/certificate.ts';
import { clientTlsOptions, connectPinned } from '../../src/io/pinned-tls.ts';
import {
  authoritiesForTest,
  type Made,
  makeCertificate,
  serverExtensions,
} from '../support/openssl-authority.ts';

const { folder, authority, foreign, web1 } = authoritiesForTest(t);
const local = 'DNS:localhost,IP:127.0.0.1,IP:::1';
const server = makeCertificate(folder, { extensions: serverExtensions(local), issuer: authority });
const fingerprint = fingerprintOf(new X509Certificate(authority.certificatePem));

interface Running {
  readonly port: number;
  /** All bytes that any client sent inside TLS. */
  readonly received: () => string;
}

async function listen(listener: Server): Promise<number> {
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function serve(
  t: Test,
  leaf: Made,
  chain: readonly Made[],
  options: TlsOptions = {},
): Promise<Running> {
  let received = '';
  const cert = [leaf, ...chain].map((each) => each.certificatePem).join('');
  const listener = createServer({ key: leaf.privateKeyPem, cert, ...options }, (socket) => {
    socket.on('data', (bytes) => {
      received += bytes.toString();
      socket.write('heard');
    });
    socket.on('error', () => undefined);
  });
  listener.on('tlsClientError', () => undefined);
  const port = await listen(listener);
  t.teardown(() => listener.close());
  return { port, received: () => received };
}

const pinned = (port: number, part: Partial<Parameters<typeof connectPinned>[0]> = {}) =>
  connectPinned({ host: '127.0.0.1', port, fingerprint, nowMs: Date.now(), ...part });

t.test('the pinned manager, by address and by name', async (t) => {
  const running = await serve(t, server, [authority]);
  for (const host of ['127.0.0.1', 'localhost']) {
    const socket = await pinned(running.port, { host });
    socket.write('secret');
    const [answer] = await once(socket, 'data');
    t.equal(String(answer), 'heard');
    t.equal(socket.getProtocol(), 'TLSv1.3');
    socket.destroy();
  }
  t.equal(running.received(), 'secretsecret');
});

t.test('everybody else gets nothing', async (t) => {
  const leafAsAuthority = makeCertificate(folder, { extensions: serverExtensions(local), issuer: web1 });
  const issue = (extensions: string[], issuer: Made) => makeCertificate(folder, { extensions, issuer });
  const self = makeCertificate(folder, { extensions: serverExtensions(local) });
  const forged = issue(serverExtensions(local), foreign);
  const unlinked = issue([...serverExtensions(local), 'authorityKeyIdentifier=none'], foreign);
  const elsewhere = issue(serverExtensions('DNS:other.example,IP:127.0.0.2'), authority);
  const dnsOnly = issue(serverExtensions('DNS:127.0.0.1'), authority);
  const wrong: [string, Made, Made[], RegExp][] = [
    ['another authority of the same name', forged, [foreign], /another authority/],
    ['signed by another, shows the pinned one', forged, [authority], /another authority/],
    ['the same, without the key identifier that gives it away', unlinked, [authority], /not signed/],
    ['shows no authority', server, [], /another authority/],
    ['a node of the site as the manager', web1, [authority], /not one for a server/],
    ['a node as an authority', leafAsAuthority, [web1, authority], /another authority/],
    ['the authority as the server', authority, [], /another authority/],
    ['another host name', elsewhere, [authority], /not one for 127/],
    ['the address only as a DNS name', dnsOnly, [authority], /not one for 127/],
    ['signed by itself', self, [authority], /another authority/],
  ];
  for (const [title, leaf, chain, message] of wrong) {
    const running = await serve(t, leaf, chain);
    await t.rejects(pinned(running.port), { code: 'HEC_TLS', message }, title);
    t.equal(running.received(), '', title);
  }
});

t.test('the dates count', async (t) => {
  const running = await serve(t, server, [authority]);
  const dayMs = 86_400_000;
  await t.rejects(pinned(running.port, { nowMs: Date.now() + 2 * dayMs }), {
    code: 'HEC_TLS',
    message: /expired/,
  });
  await t.rejects(pinned(running.port, { nowMs: Date.now() - 2 * dayMs }), {
    code: 'HEC_TLS',
    message: /not valid before/,
  });
});

t.test('older TLS, no TLS, silence and nobody', async (t) => {
  const old = await serve(t, server, [authority], { maxVersion: 'TLSv1.2' });
  await t.rejects(pinned(old.port), { code: 'HEC_CONNECTION' });

  const sockets = new Set<{ destroy: () => void }>();
  const plain = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).end('HTTP/1.1 400 Bad Request\r\n\r\n');
  });
  await t.rejects(pinned(await listen(plain)), { code: 'HEC_CONNECTION' });
  plain.close();

  const hangup = createTcpServer((socket) => socket.destroy());
  await t.rejects(pinned(await listen(hangup)), { code: 'HEC_CONNECTION' });
  hangup.close();

  const silent = createTcpServer((socket) => sockets.add(socket));
  const silentPort = await listen(silent);
  await t.rejects(pinned(silentPort, { timeoutMs: 50 }), {
    code: 'HEC_CONNECTION',
    message: /no answer in 50 ms/,
  });
  for (const socket of sockets) socket.destroy();
  silent.close();
  await once(silent, 'close');
  await t.rejects(pinned(silentPort), { code: 'HEC_CONNECTION', message: /ECONNREFUSED/ });
});

t.test('a session with the stored identity', async (t) => {
  const stored = { ...web1, authorityPem: authority.certificatePem };
  const mutual = { requestCert: true, rejectUnauthorized: true, ca: authority.certificatePem };
  const running = await serve(t, server, [authority], mutual);
  for (const host of ['127.0.0.1', 'localhost']) {
    const socket = connect({ host, port: running.port, ...clientTlsOptions(stored, host) });
    await once(socket, 'secureConnect');
    socket.write('x');
    t.equal(String((await once(socket, 'data'))[0]), 'heard');
    socket.destroy();
  }
  const refused: [string, Made, RegExp][] = [
    [
      'a forged manager',
      makeCertificate(folder, { extensions: serverExtensions(local), issuer: foreign }),
      /CERT|certificate/,
    ],
    ['a node as the manager', web1, /PURPOSE|purpose/],
    [
      'another host',
      makeCertificate(folder, { extensions: serverExtensions('DNS:other'), issuer: authority }),
      /IP|altnames/,
    ],
  ];
  for (const [title, leaf, message] of refused) {
    const other = await serve(t, leaf, []);
    const socket = connect({ host: '127.0.0.1', port: other.port, ...clientTlsOptions(stored, '127.0.0.1') });
    const [error] = await once(socket, 'error', { signal: AbortSignal.timeout(10_000) }).catch((thrown) => [
      thrown,
    ]);
    t.match(`${error.code} ${error.message}`, message, title);
    t.equal(other.received(), '');
  }
});
