/** Several addresses in order: which one is taken, and what is said when none is. */
import { createServer as createHttps } from 'node:https';
import { createServer as createTcp } from 'node:net';
import t, { type Test } from 'tap';
import { HecateError } from '../../src/core/errors.ts';
import { dialFirstManager } from '../../src/io/dial-first-manager.ts';
import type { FrameTransport } from '../../src/io/transport.ts';
import { authoritiesForTest, makeCertificate, serverExtensions } from '../support/openssl-authority.ts';
import { echo, listen } from '../support/websocket-listener.ts';

const { folder, authority, web1 } = authoritiesForTest(t);
const server = makeCertificate(folder, { extensions: serverExtensions('IP:127.0.0.1'), issuer: authority });
const identity = { ...web1, authorityPem: authority.certificatePem };

const manager = (t: Test): Promise<number> =>
  listen(t, echo(createHttps({ key: server.privateKeyPem, cert: server.certificatePem })));

/** A port that answers with a reset. */
async function nobody(t: Test): Promise<number> {
  const gone = createTcp();
  const port = await listen(t, gone);
  gone.close();
  return port;
}

function dial(
  t: Test,
  ports: readonly number[],
  greet = async (transport: FrameTransport) => transport.remote,
  signal = new AbortController().signal,
): Promise<string> {
  return dialFirstManager({
    addresses: ports.map((port) => ({ host: '127.0.0.1', port })),
    identity,
    connectTimeLimitMs: 30_000,
    greetingTimeLimitMs: 30_000,
    signal,
    greet: (transport) => {
      t.teardown(() => transport.abort());
      return greet(transport);
    },
  });
}

t.test('the first that answers is taken, and the others are let be', async (t) => {
  const [gone, first, second] = [await nobody(t), await manager(t), await manager(t)];
  t.equal(await dial(t, [gone, first, second]), `127.0.0.1:${first}`);
  t.equal(await dial(t, [second, first]), `127.0.0.1:${second}`);
});

t.test('one that refuses the greeting has failed, and the next one is tried', async (t) => {
  const [first, second] = [await manager(t), await manager(t)];
  const greet = async ({ remote }: FrameTransport) => {
    if (remote.endsWith(`:${first}`)) throw new HecateError('HEC_REVOKED', 'it was revoked');
    return remote;
  };
  t.equal(await dial(t, [first, second], greet), `127.0.0.1:${second}`);
});

t.test('when none is left, each tells why, and the last says how it ends', async (t) => {
  const [first, gone] = [await manager(t), await nobody(t)];
  const greet = () => Promise.reject(new HecateError('HEC_REVOKED', 'it was revoked', 'ask for another'));
  await t.rejects(dial(t, [first, gone], greet), {
    code: 'HEC_CONNECTION',
    message: `127.0.0.1:${first}: it was revoked; no TCP connection to 127.0.0.1:${gone}: connect ECONNREFUSED 127.0.0.1:${gone}`,
    remedy: /firewall/,
  });
  await t.rejects(dial(t, [gone, first], greet), { code: 'HEC_REVOKED', remedy: 'ask for another' });
  await t.rejects(dial(t, []), { code: 'HEC_USAGE', remedy: /manager1\.lan:2020/ });
});

t.test('given up by the caller, no further one is tried', async (t) => {
  const stop = new AbortController();
  const dialled: string[] = [];
  const greet = async ({ remote }: FrameTransport): Promise<string> => {
    dialled.push(remote);
    stop.abort();
    throw new HecateError('HEC_CANCELLED', 'interrupted');
  };
  const ports = [await manager(t), await manager(t)];
  await t.rejects(dial(t, ports, greet, stop.signal), { code: 'HEC_CANCELLED', message: 'interrupted' });
  t.same(dialled, [`127.0.0.1:${ports[0]}`]);
});
