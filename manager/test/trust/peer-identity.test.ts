import { X509Certificate } from 'node:crypto';
import t from 'tap';
import {
  authorityExtensions,
  clientExtensions,
  type Made,
  makeCertificate,
  serverExtensions,
} from '../../../proto/test/support/openssl-authority.ts';
import { peerIdentity } from '../../src/trust/peer-identity.ts';
import { joinSite, listen, makeSite, serverMaterial, visit } from './support/site.ts';

const uri = 'URI:urn:hecate:node:web1';

t.test('who joined is known by name, kind and role', async (t) => {
  const site = await makeSite(t);
  const { port, next } = await listen(t, site.trust.check, await serverMaterial(site));
  const holders = [
    { kind: 'node', name: 'web1' },
    { kind: 'operator', name: 'ada', role: 'viewer' },
    { kind: 'peer', name: 'elsewhere' },
  ] as const;
  for (const identity of holders) {
    const { certificatePem, privateKeyPem } = await joinSite(site.trust, identity);
    await visit(port, { cert: certificatePem, key: privateKeyPem });
    const verdict = await next();
    t.match(verdict, { accepted: true, identity, fingerprint: /^[0-9a-f]{64}$/ });
    if (verdict.accepted) t.equal(site.trust.isStillGood(verdict), true);
  }
  await visit(port);
  t.match(await next(), { accepted: false, reason: 'no-certificate', code: 'HEC_TLS' });
});

t.test('forged and misused certificates', async (t) => {
  const site = await makeSite(t);
  const { port, next } = await listen(t, site.trust.check, await serverMaterial(site));
  const issue = (extensions: string[], issuer: Made, part: object = {}) =>
    makeCertificate(site.dir, { commonName: 'web1', extensions, issuer, ...part });
  const ours = site.forger();
  const commonName = 'Hecate authority test';
  const foreign = makeCertificate(site.dir, { commonName, extensions: authorityExtensions });
  const web1 = await joinSite(site.trust, { kind: 'node', name: 'web1' });
  const selfSigned = makeCertificate(site.dir, { extensions: clientExtensions(uri) });
  const byLeaf = issue(clientExtensions('URI:urn:hecate:node:web2'), web1);
  const chained = { ...byLeaf, certificatePem: `${byLeaf.certificatePem}${web1.certificatePem}` };
  const unlinked = [...clientExtensions(uri), 'authorityKeyIdentifier=none'];
  const asClient = ['extendedKeyUsage=clientAuth', `subjectAltName=${uri}`];
  const subAuthority = issue([...authorityExtensions, ...asClient], ours);
  const noUsage = clientExtensions(uri).filter((line) => !line.startsWith('extendedKeyUsage'));
  const wrong: [string, Made, string][] = [
    ['another authority of the same name', issue(clientExtensions(uri), foreign), 'unknown-authority'],
    ['the same, without key identifiers', issue(unlinked, foreign), 'unknown-authority'],
    ['signed by itself', selfSigned, 'unknown-authority'],
    ['a node that signs for another', chained, 'unknown-authority'],
    ["the authority's own certificate", ours, 'wrong-purpose'],
    ['an authority below ours', subAuthority, 'wrong-purpose'],
    ["a manager's certificate", issue(serverExtensions(uri), ours), 'wrong-purpose'],
    ['a certificate for no purpose', issue(noUsage, ours), 'wrong-purpose'],
    ['expired', issue(clientExtensions(uri), ours, { days: -1 }), 'expired'],
  ];
  for (const [title, { certificatePem, privateKeyPem }, reason] of wrong) {
    await visit(port, { cert: certificatePem, key: privateKeyPem });
    t.match(await next(), { accepted: false, reason, code: 'HEC_TLS', fingerprint: /^[0-9a-f]{64}$/ }, title);
  }
});

t.test('our checks and those of OpenSSL: each of the two is enough to refuse', async (t) => {
  const site = await makeSite(t);
  const rules = { authority: site.authority.certificate, isRevoked: () => false, nowMs: Date.now() };
  const foreign = makeCertificate(site.dir, {
    commonName: 'Hecate authority test',
    extensions: authorityExtensions,
  });
  const unlinked = [...clientExtensions(uri), 'authorityKeyIdentifier=none'];
  const forged = makeCertificate(site.dir, { extensions: unlinked, issuer: foreign });
  const honest = await joinSite(site.trust, { kind: 'node', name: 'web1' });
  const verdict = (made: Made, authorized: boolean) =>
    peerIdentity(
      {
        authorized,
        authorizationError: new Error('refused'),
        getPeerX509Certificate: () => new X509Certificate(made.certificatePem),
      },
      rules,
    );
  t.match(verdict(honest, true), { accepted: true });
  t.match(verdict(honest, false), { accepted: false, reason: 'unknown-authority', detail: /refused/ });
  t.match(verdict(forged, true), { accepted: false, reason: 'unknown-authority', detail: /not signed/ });
});

t.test('names that try to be two, or somebody else, are nobody', async (t) => {
  const site = await makeSite(t);
  const { port, next } = await listen(t, site.trust.check, await serverMaterial(site));
  const raw = (text: string): string[] => {
    // A subjectAltName with one URI of any bytes, past openssl's own parsing of commas.
    const name = Buffer.concat([Buffer.from([0x86, text.length]), Buffer.from(text, 'latin1')]);
    const hex = Buffer.concat([Buffer.from([0x30, name.length]), name]).toString('hex');
    return clientExtensions(`DER:${hex}`);
  };
  const tricks: [string, string[]][] = [
    ['two names', clientExtensions(`${uri},URI:urn:hecate:node:web2`)],
    ['a second kind', clientExtensions(`${uri},DNS:web2`)],
    ['only DNS', clientExtensions('DNS:web1')],
    ['a DNS name that looks like one', clientExtensions('DNS:urn.hecate.node.web1')],
    ['a comma inside', raw('urn:hecate:node:web1, URI:urn:hecate:node:web2')],
    ['a quote inside', raw('urn:hecate:node:web1", "URI:urn:hecate:node:web2')],
    ['an escape inside', raw('urn:hecate:node:web1\\u0022')],
    ['NUL inside', raw('urn:hecate:node:web1\0.evil')],
    ['a line break inside', raw('urn:hecate:node:web1\nURI:urn:hecate:node:web2')],
    ['upper case', raw('urn:hecate:node:WEB1')],
    ['another namespace', raw('urn:other:node:web1')],
    ['a role for a node', raw('urn:hecate:node:web1:admin')],
    ['an operator without a role', raw('urn:hecate:operator:ada')],
    ['a role that does not exist', raw('urn:hecate:operator:ada:root')],
    ['a second role', raw('urn:hecate:operator:ada:viewer:admin')],
    ['empty', raw('')],
    ['no subjectAltName', clientExtensions(uri).filter((line) => !line.startsWith('subjectAltName'))],
  ];
  for (const [title, extensions] of tricks) {
    const made = makeCertificate(site.dir, { commonName: 'web1', extensions, issuer: site.forger() });
    await visit(port, { cert: made.certificatePem, key: made.privateKeyPem });
    t.match(await next(), { accepted: false, reason: 'malformed' }, title);
  }
  const honest = makeCertificate(site.dir, {
    extensions: raw('urn:hecate:node:web1'),
    issuer: site.forger(),
  });
  await visit(port, { cert: honest.certificatePem, key: honest.privateKeyPem });
  t.match(
    await next(),
    { accepted: true, identity: { kind: 'node', name: 'web1' } },
    'the trickery of this test works',
  );
});

t.test('dates by the clock of the manager, also of a session that is open', async (t) => {
  const site = await makeSite(t, { certificateLifetimeMs: () => 100_000 });
  const { port, next } = await listen(t, site.trust.check, await serverMaterial(site));
  const { certificatePem, privateKeyPem } = await joinSite(site.trust, { kind: 'node', name: 'web1' });
  const visitAt = async (offsetMs: number) => {
    site.clock.offsetMs = offsetMs;
    await visit(port, { cert: certificatePem, key: privateKeyPem });
    return next();
  };
  const open = await visitAt(0);
  t.match(open, { accepted: true });
  t.match(await visitAt(101_000), { accepted: false, reason: 'expired' });
  if (open.accepted) t.equal(site.trust.isStillGood(open), false);
  t.match(await visitAt(-20_000), { accepted: false, reason: 'not-yet-valid' });
});

t.test(
  'revoked: the next connection is refused, the open one can be found out; a new certificate is good',
  async (t) => {
    const site = await makeSite(t);
    const { port, next } = await listen(t, site.trust.check, await serverMaterial(site));
    const identity = { kind: 'node', name: 'web1' } as const;
    const old = await joinSite(site.trust, identity);
    const other = await joinSite(site.trust, { kind: 'node', name: 'web2' });
    const verdictOn = async (made: Made) => {
      await visit(port, { cert: made.certificatePem, key: made.privateKeyPem });
      return next();
    };
    const open = await verdictOn(old);
    t.strictSame(await site.trust.revoke(identity), { wasKnown: true });
    t.match(await verdictOn(old), { accepted: false, reason: 'revoked', code: 'HEC_REVOKED' });
    if (open.accepted) t.equal(site.trust.isStillGood(open), false);
    t.match(await verdictOn(other), { accepted: true });
    const back = await joinSite(site.trust, identity);
    t.match(await verdictOn(back), { accepted: true, identity });
    t.match(await verdictOn(old), { accepted: false, reason: 'revoked' });
  },
);
