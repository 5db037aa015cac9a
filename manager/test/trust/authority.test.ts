import { X509Certificate } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { createKeyPair } from '@hecate/proto/io/possession.ts';
import t from 'tap';
import { makeTestFolder, openssl } from '../../../proto/test/support/openssl-authority.ts';
import {
  createAuthority,
  issueClientCertificate,
  issueServerCertificate,
  openAuthority,
} from '../../src/trust/authority.ts';
import { makeSite } from './support/site.ts';

const dayMs = 86_400_000;

/** What openssl says about a certificate. */
function judge(dir: string, pem: string, ...purpose: string[]): { text: string; verdict: string } {
  const path = join(dir, 'judged.pem');
  writeFileSync(path, pem);
  const text = openssl('x509', '-in', path, '-noout', '-text', '-nameopt', 'RFC2253');
  const authority = join(dir, 'authority', 'certificate.pem');
  try {
    return { text, verdict: openssl('verify', '-x509_strict', '-CAfile', authority, ...purpose, path) };
  } catch (error) {
    return { text, verdict: String(error) };
  }
}

t.test('made once, private, and found again', async (t) => {
  const dir = makeTestFolder();
  t.teardown(() => rmSync(dir, { recursive: true }));
  t.throws(() => openAuthority(dir), { code: 'HEC_NO_AUTHORITY', remedy: /ca init/ });
  const made = await createAuthority(dir, { siteName: 'Home 1', nowMs: Date.now() });
  t.match(made.fingerprint, /^[0-9a-f]{64}$/);
  t.equal(made.siteName, 'Home 1');
  t.equal(openAuthority(dir).fingerprint, made.fingerprint);
  t.equal(statSync(join(dir, 'authority', 'key.pem')).mode & 0o777, 0o600);
  t.equal(statSync(join(dir, 'authority')).mode & 0o777, 0o700);
  const path = join(dir, 'authority', 'certificate.pem');
  const fingerprint = openssl('x509', '-in', path, '-noout', '-fingerprint', '-sha256');
  t.equal(fingerprint.trim().split('=')[1]?.replaceAll(':', '').toLowerCase(), made.fingerprint);

  const before = readFileSync(join(dir, 'authority', 'key.pem'), 'utf8');
  await t.rejects(createAuthority(dir, { siteName: 'again', nowMs: 0 }), { code: 'HEC_AUTHORITY_EXISTS' });
  t.equal(readFileSync(join(dir, 'authority', 'key.pem'), 'utf8'), before);
});

t.test('of several at the same time one wins, whole', async (t) => {
  const dir = makeTestFolder();
  t.teardown(() => rmSync(dir, { recursive: true }));
  const attempts = Array.from({ length: 5 }, (_, index) =>
    createAuthority(dir, { siteName: `site ${index}`, nowMs: Date.now() }),
  );
  const results = await Promise.allSettled(attempts);
  const winners = results.filter((result) => result.status === 'fulfilled');
  t.equal(winners.length, 1);
  for (const result of results) {
    if (result.status === 'rejected') t.match(result.reason, { code: 'HEC_AUTHORITY_EXISTS' });
  }
  t.equal(openAuthority(dir).fingerprint, winners[0]?.value.fingerprint);
  t.strictSame(readdirSync(dir), ['authority']);
});

t.test('names that could be mistaken in a subject are refused', async (t) => {
  const dir = makeTestFolder();
  t.teardown(() => rmSync(dir, { recursive: true }));
  for (const siteName of ['', ' ', 'a,CN=b', 'a+b', 'é', 'a\n', 'a'.repeat(41)]) {
    await t.rejects(
      createAuthority(dir, { siteName, nowMs: 0 }),
      { code: 'HEC_USAGE' },
      JSON.stringify(siteName),
    );
  }
  t.notOk(existsSync(join(dir, 'authority')));
});

t.test('damaged or readable to others: refused, and said', async (t) => {
  const other = await makeSite(t);
  const damage: [string, (folder: string) => void, RegExp][] = [
    ['mode', (folder) => chmodSync(join(folder, 'key.pem'), 0o644), /others can read it/],
    ['no key', (folder) => rmSync(join(folder, 'key.pem')), /key.pem cannot be read/],
    ['empty key', (folder) => writeFileSync(join(folder, 'key.pem'), ''), /no private key/],
    [
      'another key',
      (folder) => writeFileSync(join(folder, 'key.pem'), other.forger().privateKeyPem),
      /does not belong/,
    ],
    ['no certificate', (folder) => rmSync(join(folder, 'certificate.pem')), /certificate.pem cannot be read/],
  ];
  for (const [title, spoil, message] of damage) {
    const site = await makeSite(t);
    spoil(join(site.dir, 'authority'));
    t.throws(() => openAuthority(site.dir), { code: 'HEC_STATE', message }, title);
  }
  const dir = makeTestFolder();
  t.teardown(() => rmSync(dir, { recursive: true }));
  mkdirSync(join(dir, 'authority'));
  t.throws(() => openAuthority(dir), { code: 'HEC_STATE' });
  await t.rejects(createAuthority(dir, { siteName: 'x', nowMs: 0 }), { code: 'HEC_AUTHORITY_EXISTS' });
});

t.test("openssl's judgement of the authority", async (t) => {
  const site = await makeSite(t);
  const { text, verdict } = judge(site.dir, site.authority.certificatePem, '-check_ss_sig');
  t.match(verdict, /OK/);
  t.match(text, /X509v3 Basic Constraints: critical\s+CA:TRUE, pathlen:0/);
  t.match(text, /X509v3 Key Usage: critical\s+Certificate Sign, CRL Sign\n/);
  t.match(text, 'Subject: CN=Hecate authority test');
  t.match(text, 'NIST CURVE: P-256');
  const years =
    (Date.parse(new X509Certificate(site.authority.certificatePem).validTo) - Date.now()) / (365 * dayMs);
  t.ok(years > 9.9 && years < 10.1);
});

t.test("openssl's judgement of certificates of holders", async (t) => {
  const { authority, dir } = await makeSite(t);
  const { publicKeySpki } = await createKeyPair();
  const nowMs = Date.now();
  const serials = new Set<string>();
  const identities = {
    'URI:urn:hecate:node:web1': { kind: 'node', name: 'web1' },
    'URI:urn:hecate:operator:ada:operator': { kind: 'operator', name: 'ada', role: 'operator' },
    'URI:urn:hecate:peer:elsewhere': { kind: 'peer', name: 'elsewhere' },
  } as const;
  for (const [names, identity] of Object.entries(identities)) {
    const made = await issueClientCertificate(authority, {
      identity,
      publicKeySpki,
      lifetimeMs: dayMs,
      nowMs,
    });
    const { text, verdict } = judge(dir, made.certificatePem, '-purpose', 'sslclient');
    t.match(verdict, /OK/);
    t.match(text, new RegExp(`X509v3 Subject Alternative Name: \\s+${names}\\n`));
    t.match(text, `Subject: CN=${identity.name}\n`);
    t.match(text, /X509v3 Extended Key Usage: \s+TLS Web Client Authentication\n/);
    t.match(text, /X509v3 Basic Constraints: critical\s+CA:FALSE/);
    t.match(text, /X509v3 Key Usage: critical\s+Digital Signature\n/);
    t.equal(made.notBeforeMs, Math.floor(nowMs / 1000) * 1000 - 300_000);
    t.equal(made.notAfterMs, Math.floor((nowMs + dayMs) / 1000) * 1000);
    const path = join(dir, 'judged.pem');
    t.equal(openssl('x509', '-in', path, '-noout', '-serial').trim(), `serial=${made.serial}`);
    t.match(made.serial, /^[4-7][0-9A-F]{31}$/, '128 bits, positive');
    serials.add(made.serial);
    t.match(
      judge(dir, made.certificatePem, '-purpose', 'sslserver').verdict,
      /fail|error/i,
      'not for servers',
    );
  }
  t.equal(serials.size, 3);
});

t.test("openssl's judgement of the manager's certificate", async (t) => {
  const { authority, dir } = await makeSite(t);
  const names = ['hecate.example', '192.0.2.1', '2001:db8::1'];
  const made = await issueServerCertificate(authority, { names, lifetimeMs: dayMs, nowMs: Date.now() });
  for (const check of [
    ['-verify_hostname', 'hecate.example'],
    ['-verify_ip', '192.0.2.1'],
    ['-verify_ip', '2001:db8::1'],
  ]) {
    t.match(judge(dir, made.certificatePem, '-purpose', 'sslserver', ...check).verdict, /OK/);
  }
  for (const check of [
    ['-verify_hostname', 'other.example'],
    ['-verify_ip', '192.0.2.2'],
    ['-purpose', 'sslclient'],
  ]) {
    t.match(judge(dir, made.certificatePem, ...check).verdict, /fail|error/i, check.join(' '));
  }
});

t.test('nothing outlives the authority, and an expired one signs nothing', async (t) => {
  const dir = makeTestFolder();
  t.teardown(() => rmSync(dir, { recursive: true }));
  const nowMs = Date.now();
  const authority = await createAuthority(dir, { siteName: 'short', nowMs, lifetimeMs: 5000 });
  const { publicKeySpki } = await createKeyPair();
  const request = { identity: { kind: 'node', name: 'web1' }, publicKeySpki, lifetimeMs: dayMs } as const;
  t.equal((await issueClientCertificate(authority, { ...request, nowMs })).notAfterMs, authority.notAfterMs);
  const late = issueClientCertificate(authority, { ...request, nowMs: authority.notAfterMs });
  await t.rejects(late, { code: 'HEC_NO_AUTHORITY', message: /expired/ });
});
