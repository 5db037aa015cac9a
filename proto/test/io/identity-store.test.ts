import { X509Certificate } from 'node:crypto';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { fingerprintOf } from '../../src/io/certificate.ts';
import {
  hasIdentity,
  type NewIdentity,
  pendingKeyPair,
  readIdentity,
  writeIdentity,
} from '../../src/io/identity-store.ts';
import {
  authoritiesForTest,
  clientExtensions,
  makeCertificate,
  serverExtensions,
} from '../support/openssl-authority.ts';

const { folder, authority, foreign, web1 } = authoritiesForTest(t);

const good: NewIdentity = {
  identity: { kind: 'node', name: 'web1' },
  managerAddresses: ['hecate.example:2020'],
  ...web1,
  authorityPem: authority.certificatePem,
  authorityFingerprint: fingerprintOf(new X509Certificate(authority.certificatePem)),
};
let count = 0;
const freshDir = () => join(folder, `identity-${count++}`);

t.test('stored and read back', async (t) => {
  const dir = freshDir();
  t.equal(hasIdentity(dir), false);
  t.throws(() => readIdentity(dir), { code: 'HEC_TLS', message: /not joined/ });
  const written = await writeIdentity(dir, good);
  t.equal(hasIdentity(dir), true);
  t.strictSame(readIdentity(dir), written);
  t.match(written, { ...good, serial: new X509Certificate(web1.certificatePem).serialNumber });
  t.ok(written.notBeforeMs < written.notAfterMs);
  t.strictSame((await readdir(join(dir, 'current'))).sort(), [
    'authority.pem',
    'certificate.pem',
    'identity.json',
    'key.pem',
  ]);
});

t.test('what does not belong together is refused and not written', async (t) => {
  const otherKey = makeCertificate(folder, {
    extensions: clientExtensions('URI:urn:hecate:node:web1'),
    issuer: foreign,
  });
  const asServer = makeCertificate(folder, {
    extensions: serverExtensions('URI:urn:hecate:node:web1'),
    issuer: authority,
  });
  const tricks = [
    'URI:urn:hecate:node:web1,URI:urn:hecate:node:web2',
    'DNS:web1',
    'URI:urn:hecate:node:web1\\, URI:x',
  ];
  const wrong: [string, Partial<NewIdentity>, RegExp][] = [
    ['another key', { privateKeyPem: otherKey.privateKeyPem }, /private key does not belong/],
    ['no key', { privateKeyPem: 'x' }, /private key does not belong/],
    ['signed by another authority', otherKey, /not signed by/],
    [
      'another authority, not the pinned one',
      { ...otherKey, authorityPem: foreign.certificatePem },
      /not the pinned one/,
    ],
    ['a server certificate', asServer, /not one for a client/],
    ['the authority itself', authority, /not one for a client/],
    ['another name', { identity: { kind: 'node', name: 'web2' } }, /not one for node web2/],
    ['another kind', { identity: { kind: 'operator', name: 'web1', role: 'admin' } }, /not one for operator/],
    ['no address', { managerAddresses: [] }, /address/],
    ['a bad address', { managerAddresses: ['x'] }, /host:port/],
    ['no certificate', { certificatePem: 'x' }, /no certificate/],
    ...tricks.map((names): [string, Partial<NewIdentity>, RegExp] => [
      names,
      makeCertificate(folder, { extensions: clientExtensions(names), issuer: authority }),
      /not one for node web1/,
    ]),
  ];
  for (const [title, part, message] of wrong) {
    const dir = freshDir();
    await t.rejects(writeIdentity(dir, { ...good, ...part }), { code: 'HEC_TLS', message }, title);
    t.equal(hasIdentity(dir), false);
  }
});

t.test('text around the certificates is not kept', async (t) => {
  const dir = freshDir();
  await writeIdentity(dir, { ...good, authorityPem: `${good.authorityPem}${foreign.certificatePem}` });
  const stored = readFileSync(join(dir, 'current', 'authority.pem'), 'utf8');
  t.equal(stored.match(/BEGIN/g)?.length, 1);
});

t.test('a key that others can read is refused, with the remedy', async (t) => {
  for (const mode of [0o640, 0o604, 0o660]) {
    const dir = freshDir();
    await writeIdentity(dir, good);
    chmodSync(join(dir, 'current', 'key.pem'), mode);
    t.throws(() => readIdentity(dir), { code: 'HEC_STATE', message: mode.toString(8), remedy: /chmod 600/ });
  }
});

t.test('damage on disk is told, and which folder', async (t) => {
  for (const name of ['key.pem', 'certificate.pem', 'authority.pem', 'identity.json']) {
    for (const text of ['', '{}', '[1]', foreign.certificatePem]) {
      const dir = freshDir();
      await writeIdentity(dir, good);
      writeFileSync(join(dir, 'current', name), text);
      t.throws(() => readIdentity(dir), { code: 'HEC_STATE', message: dir }, `${name}: ${text.slice(0, 5)}`);
    }
    const dir = freshDir();
    await writeIdentity(dir, good);
    await rm(join(dir, 'current', name));
    t.throws(() => readIdentity(dir), { code: 'HEC_STATE', message: name }, `${name} missing`);
  }
});

t.test('the key stays the same until a certificate is stored', async (t) => {
  const dir = freshDir();
  const first = await pendingKeyPair(dir);
  t.strictSame(await pendingKeyPair(dir), first, 'as after a crash');
  await writeIdentity(dir, good);
  t.not((await pendingKeyPair(dir)).privateKeyPem, first.privateKeyPem);
  chmodSync(join(dir, 'pending-key.pem'), 0o644);
  await t.rejects(pendingKeyPair(dir), { code: 'HEC_STATE', message: /644/ });
  chmodSync(join(dir, 'pending-key.pem'), 0o600);
  writeFileSync(join(dir, 'pending-key.pem'), 'x');
  await t.rejects(pendingKeyPair(dir), { code: 'HEC_STATE', message: /damaged/ });
});
