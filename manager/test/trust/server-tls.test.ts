import { once } from 'node:events';
import { connect } from 'node:tls';
import { connectPinned } from '@hecate/proto/io/pinned-tls.ts';
import t from 'tap';
import { rotate, serverTlsOptions } from '../../src/trust/server-tls.ts';
import { joinSite, listen, makeSite, serverMaterial, visit } from './support/site.ts';

async function refusalOf(port: number, options: object): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options });
  const [error] = await once(socket, 'error').catch((thrown) => [thrown]);
  return error.code;
}

t.test('TLS 1.3 only, also after a rotation, and a host that joins can pin it', async (t) => {
  const site = await makeSite(t);
  const { port, server, next } = await listen(t, site.trust.check, await serverMaterial(site));
  const web1 = await joinSite(site.trust, { kind: 'node', name: 'web1' });
  const pin = { host: '127.0.0.1', port, fingerprint: site.authority.fingerprint, nowMs: Date.now() };
  const seen = new Set<string | undefined>();
  for (const names of [['127.0.0.1'], ['127.0.0.1', 'localhost']]) {
    rotate(server, await serverMaterial(site, names));
    t.match(await refusalOf(port, { maxVersion: 'TLSv1.2' }), /ALERT_PROTOCOL_VERSION/);
    await once((await connectPinned(pin)).resume(), 'close');
    t.match(await next(), { reason: 'no-certificate' });
    const visited = await visit(port, { cert: web1.certificatePem, key: web1.privateKeyPem });
    t.match(await next(), { accepted: true });
    seen.add(visited.fingerprint);
    const again = await visit(port, {
      ...(visited.session === undefined ? {} : { session: visited.session }),
    });
    t.equal(again.isReused, false);
    await next();
  }
  t.equal(seen.size, 2, 'the second certificate was shown after the rotation');
});

t.test('a half-made handshake does not stay for two minutes', async (t) => {
  const site = await makeSite(t);
  t.equal(serverTlsOptions(await serverMaterial(site)).handshakeTimeout, 10_000);
});

t.test('a revoked host cannot come in again by resuming its session', async (t) => {
  const site = await makeSite(t);
  const material = await serverMaterial(site);
  const web1 = await joinSite(site.trust, { kind: 'node', name: 'web1' });
  const certificate = { cert: web1.certificatePem, key: web1.privateKeyPem };

  // With tickets, as Node's defaults have them: resuming works, so the attack of this test is a real one.
  const lax = await listen(t, site.trust.check, material, { secureOptions: 0 });
  const ticket = (await visit(lax.port, certificate)).session;
  t.match(await lax.next(), { accepted: true });
  t.ok(ticket);
  const resumed = await visit(lax.port, { session: ticket });
  t.equal(resumed.isReused, true);
  t.match(await lax.next(), { accepted: true }, 'without showing its certificate again');

  const strict = await listen(t, site.trust.check, material);
  const strictTicket = (await visit(strict.port, certificate)).session;
  t.match(await strict.next(), { accepted: true });

  await site.trust.revoke({ kind: 'node', name: 'web1' });

  await visit(lax.port, { session: ticket });
  t.match(await lax.next(), { reason: 'revoked' }, 'the second line holds: every connection is checked');
  const offered = { ...certificate, ...(strictTicket === undefined ? {} : { session: strictTicket }) };
  const refused = await visit(strict.port, offered);
  t.equal(refused.isReused, false, 'the first line: there is nothing to resume');
  t.match(await strict.next(), { reason: 'revoked' });
});
