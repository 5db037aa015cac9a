import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { ensureServerCertificate } from '../../src/trust/server-certificate.ts';
import { makeSite } from './support/site.ts';

const nowMs = Date.now();
const request = { names: ['Hecate.example', '192.0.2.1'], lifetimeMs: 1_000_000, nowMs };

t.test('kept while it is good, made anew when names change or its time comes', async (t) => {
  const { dir, authority } = await makeSite(t);
  const first = await ensureServerCertificate(dir, authority, request);
  t.strictSame(first.names, ['192.0.2.1', 'hecate.example']);
  t.ok(first.renewalDueAtMs > nowMs && first.renewalDueAtMs < first.notAfterMs);
  const reordered = { ...request, names: ['192.0.2.1', 'hecate.example', '192.0.2.1'] };
  t.strictSame(await ensureServerCertificate(dir, authority, reordered), first);
  const justBefore = { ...request, nowMs: first.renewalDueAtMs - 1 };
  t.equal((await ensureServerCertificate(dir, authority, justBefore)).fingerprint, first.fingerprint);

  const due = await ensureServerCertificate(dir, authority, { ...request, nowMs: first.renewalDueAtMs });
  t.not(due.fingerprint, first.fingerprint);
  t.not(due.privateKeyPem, first.privateKeyPem);
  const renamed = await ensureServerCertificate(dir, authority, { ...request, names: ['hecate.example'] });
  t.not(renamed.fingerprint, due.fingerprint);
  const early = { ...request, names: ['hecate.example'], nowMs: nowMs - 10_000_000 };
  t.not(
    (await ensureServerCertificate(dir, authority, early)).fingerprint,
    renamed.fingerprint,
    'not valid yet',
  );
});

t.test('what is damaged, or of another authority, is made anew', async (t) => {
  const { dir, authority } = await makeSite(t);
  const other = await makeSite(t);
  const foreign = await ensureServerCertificate(other.dir, other.authority, request);
  const current = join(dir, 'server', 'current');
  for (const name of ['key.pem', 'certificate.pem', 'names.json']) {
    for (const text of ['', '{}', foreign.privateKeyPem, foreign.certificatePem]) {
      const { fingerprint } = await ensureServerCertificate(dir, authority, request);
      writeFileSync(join(current, name), text);
      const repaired = await ensureServerCertificate(dir, authority, request);
      t.not(repaired.fingerprint, fingerprint, `${name}: ${text.slice(0, 20)}`);
      t.equal(readFileSync(join(current, 'certificate.pem'), 'utf8'), repaired.certificatePem);
    }
  }
});

t.test('names that no certificate can hold', async (t) => {
  const { dir, authority } = await makeSite(t);
  const wrong = [
    '',
    '*.example',
    'a b',
    'a,DNS:b',
    'http://a',
    'a_b',
    '-a',
    'a..b',
    '192.0.2.1/24',
    'a'.repeat(64),
  ];
  for (const name of wrong) {
    const ensured = ensureServerCertificate(dir, authority, { ...request, names: [name] });
    await t.rejects(ensured, { code: 'HEC_CONFIG' }, JSON.stringify(name));
  }
  await t.rejects(ensureServerCertificate(dir, authority, { ...request, names: [] }), { code: 'HEC_CONFIG' });
  const many = Array.from({ length: 33 }, (_, index) => `h${index}`);
  await t.rejects(ensureServerCertificate(dir, authority, { ...request, names: many }), {
    code: 'HEC_CONFIG',
  });
});
