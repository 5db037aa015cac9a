/** Dialling a manager: plain to loopback only, TLS to the right one only, each step within its time. */
import { createServer as createHttp } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { createServer as createTcp } from 'node:net';
import t from 'tap';
import { encodeFrame } from '../../src/core/codec.ts';
import { type DialOptions, dialWebSocket } from '../../src/io/dial-websocket.ts';
import { clientTlsOptions } from '../../src/io/pinned-tls.ts';
import type { FrameTransport } from '../../src/io/transport.ts';
import { authoritiesForTest, makeCertificate, serverExtensions } from '../support/openssl-authority.ts';
import { echo, listen } from '../support/websocket-listener.ts';

const { folder, authority, foreign, web1 } = authoritiesForTest(t);
const local = serverExtensions('DNS:localhost,IP:127.0.0.1');
const server = makeCertificate(folder, { extensions: local, issuer: authority });
const stranger = makeCertificate(folder, { extensions: local, issuer: foreign });
const elsewhere = makeCertificate(folder, {
  extensions: serverExtensions('DNS:other.lan'),
  issuer: authority,
});
const identity = {
  authorityPem: authority.certificatePem,
  certificatePem: web1.certificatePem,
  privateKeyPem: web1.privateKeyPem,
};

const frame = encodeFrame({ case: 'cancel', value: { id: 7 } });

const dial = (port: number, part: Partial<DialOptions> = {}): Promise<FrameTransport> =>
  dialWebSocket({
    address: { host: '127.0.0.1', port },
    tls: 'plain-loopback',
    connectTimeLimitMs: 10_000,
    greetingTimeLimitMs: 10_000,
    ...part,
  });

const answer = (transport: FrameTransport): Promise<Uint8Array> =>
  new Promise((resolve) => {
    transport.onFrame = resolve;
    transport.send(frame);
  });

t.test('plain, to loopback', async (t) => {
  const transport = await dial(await listen(t, echo(createHttp())));
  t.same(Buffer.from(await answer(transport)), Buffer.from(frame));
  const closed = new Promise((resolve) => {
    transport.onClose = resolve;
  });
  transport.close();
  await closed;
});

t.test('plain to anywhere else is refused before a byte is sent', async (t) => {
  for (const host of ['10.0.0.1', 'manager.lan', '127.0.0.1.evil.example', '::2']) {
    await t.rejects(dial(1, { address: { host, port: 1 } }), {
      code: 'HEC_TLS',
      message: /never dialled without TLS/,
    });
  }
});

t.test('TLS, with our own certificate shown', async (t) => {
  let shown = '';
  const listener = createHttps({
    key: server.privateKeyPem,
    cert: server.certificatePem,
    ca: authority.certificatePem,
    requestCert: true,
  });
  echo(listener, (socket) => {
    if ('getPeerX509Certificate' in socket && typeof socket.getPeerX509Certificate === 'function')
      shown = socket.getPeerX509Certificate()?.subjectAltName ?? '';
  });
  const port = await listen(t, listener);
  for (const host of ['127.0.0.1', 'localhost']) {
    const transport = await dial(port, { address: { host, port }, tls: clientTlsOptions(identity, host) });
    t.same(Buffer.from(await answer(transport)), Buffer.from(frame), host);
    t.match(shown, /urn:hecate:node:web1/);
    transport.abort();
  }
});

t.test('an abort is a reset, under TLS too: nothing that waits may arrive later', async (t) => {
  const listener = createHttps({ key: server.privateKeyPem, cert: server.certificatePem });
  const reset = new Promise<string>((resolve) => {
    echo(listener, (socket) =>
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(String(error.code))),
    );
  });
  const transport = await dial(await listen(t, listener), { tls: clientTlsOptions(identity, '127.0.0.1') });
  transport.abort();
  t.equal(await reset, 'ECONNRESET');
});

t.test('who is not the manager is not believed', async (t) => {
  for (const [name, made] of Object.entries({ stranger, elsewhere })) {
    const listener = createHttps({ key: made.privateKeyPem, cert: made.certificatePem });
    const port = await listen(t, echo(listener));
    await t.rejects(
      dial(port, { tls: clientTlsOptions(identity, '127.0.0.1') }),
      {
        code: 'HEC_TLS',
        message: /not the manager that this side trusts/,
        remedy: /clocks/,
      },
      name,
    );
  }
});

t.test('who says nothing is given up, at every step', async (t) => {
  const silent = await listen(t, createTcp());
  const tls = clientTlsOptions(identity, '127.0.0.1');
  await t.rejects(dial(silent, { tls, greetingTimeLimitMs: 50 }), {
    code: 'HEC_CONNECTION',
    message: /no TLS connection.*no answer in/,
  });
  await t.rejects(dial(silent, { greetingTimeLimitMs: 50 }), {
    code: 'HEC_CONNECTION',
    message: /does not speak hecate\.v1/,
  });
  // TEST-NET-1 of RFC 5737 is routed nowhere; where there is no route at all it fails at once.
  const nowhere = { address: { host: '192.0.2.1', port: 9 }, tls, connectTimeLimitMs: 50 };
  await t.rejects(dial(9, nowhere), { code: 'HEC_CONNECTION' });
});

t.test('who speaks something else', async (t) => {
  const http = createHttp((_request, response) => response.writeHead(404).end());
  await t.rejects(dial(await listen(t, http)), { code: 'HEC_CONNECTION', message: /HTTP 404/ });
  const noise = createTcp((socket) => void socket.end('SSH-2.0-OpenSSH\r\n'));
  await t.rejects(dial(await listen(t, noise)), { code: 'HEC_CONNECTION' });
  const tls = clientTlsOptions(identity, '127.0.0.1');
  await t.rejects(
    dial(
      await listen(
        t,
        createTcp((socket) => void socket.end('no TLS')),
      ),
      { tls },
    ),
  );
});

t.test('nobody there', async (t) => {
  const gone = createTcp();
  const port = await listen(t, gone);
  gone.close();
  await t.rejects(dial(port), { code: 'HEC_CONNECTION', message: /ECONNREFUSED/, remedy: /firewall/ });
});

t.test('given up by the caller', async (t) => {
  const silent = await listen(t, createTcp());
  const stop = new AbortController();
  const dialling = dial(silent, { signal: stop.signal });
  setImmediate(() => stop.abort());
  await t.rejects(dialling);
  await t.rejects(dial(silent, { signal: AbortSignal.abort() }), { code: 'HEC_CANCELLED' });
});
