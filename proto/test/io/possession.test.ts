import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { createKeyPair, keyPairOf, signPossession, verifyPossession } from '../../src/io/possession.ts';
import { makeTestFolder, openssl } from '../support/openssl-authority.ts';

const join1 = { purpose: 'join', tokenId: 'AAECAwQFBgcICQoL' } as const;

t.test('who holds the key can prove it, for one purpose and one subject', async (t) => {
  const keys = await createKeyPair();
  const signature = signPossession(keys, join1);
  t.ok(verifyPossession(keys.publicKeySpki, signature, join1));
  t.notOk(verifyPossession(keys.publicKeySpki, signature, { purpose: 'join', tokenId: 'another' }));
  t.notOk(verifyPossession(keys.publicKeySpki, signature, { purpose: 'renew', name: join1.tokenId }));
  const others = await createKeyPair();
  t.notOk(verifyPossession(others.publicKeySpki, signature, join1));
  t.strictSame(keyPairOf(keys.privateKeyPem), keys, 'the pair can be had again from the private key');
});

t.test('every damaged signature and key is refused, none throws', async (t) => {
  const keys = await createKeyPair();
  const signature = signPossession(keys, join1);
  for (const index of signature.keys()) {
    const damaged = signature.with(index, (signature[index] ?? 0) ^ 1);
    t.notOk(verifyPossession(keys.publicKeySpki, damaged, join1));
  }
  for (const index of keys.publicKeySpki.keys()) {
    const damaged = keys.publicKeySpki.with(index, (keys.publicKeySpki[index] ?? 0) ^ 1);
    t.notOk(verifyPossession(damaged, signature, join1));
  }
  t.notOk(verifyPossession(keys.publicKeySpki, new Uint8Array(64), join1));
  t.notOk(verifyPossession(keys.publicKeySpki, new Uint8Array(0), join1));
  t.notOk(verifyPossession(new Uint8Array(0), signature, join1));
  t.notOk(
    verifyPossession(Uint8Array.from([...keys.publicKeySpki, 0]), signature, join1),
    'bytes after the key',
  );
});

t.test('other kinds of keys are refused', async (t) => {
  for (const pair of [
    generateKeyPairSync('ed25519'),
    generateKeyPairSync('ec', { namedCurve: 'secp256k1' }),
    generateKeyPairSync('ec', { namedCurve: 'secp384r1' }),
  ]) {
    const spki = new Uint8Array(pair.publicKey.export({ type: 'spki', format: 'der' }));
    t.notOk(verifyPossession(spki, new Uint8Array(64), join1));
    t.throws(() => keyPairOf(pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()));
  }
  const keys = await createKeyPair();
  const point = createPublicKey({ key: Buffer.from(keys.publicKeySpki), format: 'der', type: 'spki' });
  t.equal(point.asymmetricKeyDetails?.namedCurve, 'prime256v1');
});

t.test('another spelling of a good key is refused', async (t) => {
  const keys = await createKeyPair();
  // The point begins at byte 26: 04, x, y. Hybrid form (X9.62) is as long: 06 or 07, by the parity of y.
  const hybrid = keys.publicKeySpki.with(26, 6 + ((keys.publicKeySpki[90] ?? 0) & 1));
  const spelled = { ...keys, publicKeySpki: hybrid };
  t.ok(createPublicKey({ key: Buffer.from(hybrid), format: 'der', type: 'spki' }), 'openssl takes it');
  t.notOk(verifyPossession(hybrid, signPossession(spelled, join1), join1));
});

t.test('openssl reads the key, and finds the curve', async (t) => {
  const folder = makeTestFolder();
  t.teardown(() => rm(folder, { recursive: true }));
  const keys = await createKeyPair();
  writeFileSync(join(folder, 'public.der'), keys.publicKeySpki);
  t.match(
    openssl('pkey', '-pubin', '-inform', 'DER', '-in', join(folder, 'public.der'), '-text', '-noout'),
    'prime256v1',
  );
});
