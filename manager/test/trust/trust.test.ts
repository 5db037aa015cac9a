import { X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeIdentity } from '@hecate/proto/io/identity-store.ts';
import { createKeyPair, type KeyPair, signPossession } from '@hecate/proto/io/possession.ts';
import t from 'tap';
import type { Trust } from '../../src/trust/trust.ts';
import { enrol, joinSite, makeSite, redeem, type Site } from './support/site.ts';

const web1 = { kind: 'node', name: 'web1' } as const;
const ledgerOf = (site: Site) => join(site.dir, 'authority', 'ledger.json');
/** The next write of the ledger fails, as on a full disk. */
function breakDisk(site: Site): () => void {
  const ledger = ledgerOf(site);
  renameSync(ledger, `${ledger}.kept`);
  // A folder in its place: no file can take the name.
  mkdirSync(ledger);
  return () => {
    rmSync(ledger, { recursive: true });
    renameSync(`${ledger}.kept`, ledger);
  };
}
const serialOf = (pem: string) => new X509Certificate(pem).serialNumber;
const renew = (trust: Trust, pem: string, keys: KeyPair, name: string = web1.name) => {
  const { serialNumber: serial, validToDate } = new X509Certificate(pem);
  const possessionSignature = signPossession(keys, { purpose: 'renew', name });
  const request = { publicKeySpki: keys.publicKeySpki, possessionSignature };
  return trust.renew({ identity: web1, serial, notAfterMs: validToDate.getTime() }, request);
};

t.test('from a token to an identity on disk', async (t) => {
  const site = await makeSite(t);
  const token = await enrol(site.trust, web1);
  t.equal(token.fingerprint, site.authority.fingerprint);
  t.match(site.trust.list(), [{ ...web1, state: 'enrolled' }]);
  const keys = await createKeyPair();
  const answer = await redeem(site.trust, token, keys);
  const stored = await writeIdentity(join(site.dir, 'agent'), {
    ...answer,
    privateKeyPem: keys.privateKeyPem,
    managerAddresses: token.addresses,
    authorityFingerprint: token.fingerprint,
  });
  t.match(site.trust.list(), [
    { ...web1, state: 'joined', serial: stored.serial, notAfterMs: stored.notAfterMs },
  ]);
});

t.test('the lifetime of certificates is asked for each of them', async (t) => {
  let lifetimeMs = 1_000_000;
  const site = await makeSite(t, { certificateLifetimeMs: () => lifetimeMs });
  const lifetimeOf = (pem: string) => {
    const { validFromDate, validToDate } = new X509Certificate(pem);
    return validToDate.getTime() - validFromDate.getTime();
  };
  const first = await redeem(site.trust, await enrol(site.trust, web1), await createKeyPair());
  lifetimeMs = 5_000_000;
  const second = await redeem(site.trust, await enrol(site.trust, web1), await createKeyPair());
  t.ok(lifetimeOf(first.certificatePem) < 2_000_000);
  t.ok(lifetimeOf(second.certificatePem) >= 5_000_000);
});

t.test('the secret is nowhere on disk, and the ledger is private', async (t) => {
  const site = await makeSite(t);
  const { secret } = await enrol(site.trust, web1);
  const text = readFileSync(ledgerOf(site), 'utf8');
  for (const encoding of ['hex', 'base64', 'base64url'] as const) {
    t.notOk(text.includes(Buffer.from(secret).toString(encoding)));
  }
  t.equal(statSync(ledgerOf(site)).mode & 0o777, 0o600);
});

t.test('an answer that was lost can be had again, also after a crash; by the same key only', async (t) => {
  const site = await makeSite(t);
  const token = await enrol(site.trust, web1);
  const keys = await createKeyPair();
  const first = await redeem(site.trust, token, keys);
  t.match(
    readFileSync(ledgerOf(site), 'utf8'),
    JSON.stringify(first.certificatePem),
    'durable before it leaves',
  );
  t.strictSame(await redeem(site.trust, token, keys), first);
  const trust = site.reopen();
  t.strictSame(await redeem(trust, token, keys), first);
  await t.rejects(redeem(trust, token, await createKeyPair()), { code: 'HEC_TOKEN', message: /another key/ });
  site.clock.offsetMs = 3_600_001;
  await t.rejects(redeem(trust, token, keys), { code: 'HEC_TOKEN', message: /expired/ });
});

t.test('of many hosts with the same token at once, one gets in', async (t) => {
  const site = await makeSite(t);
  const token = await enrol(site.trust, web1);
  const hosts = await Promise.all(Array.from({ length: 10 }, createKeyPair));
  const results = await Promise.allSettled(hosts.map((keys) => redeem(site.trust, token, keys)));
  t.equal(results.filter((result) => result.status === 'fulfilled').length, 1);
  t.equal(site.trust.list().length, 1);
});

t.test('refusals', async (t) => {
  const site = await makeSite(t);
  const keys = await createKeyPair();
  const token = await enrol(site.trust, web1);
  const wrongSecret = { secret: new Uint8Array(16) };
  await t.rejects(redeem(site.trust, { ...token, tokenId: 'x' }, keys), {
    code: 'HEC_TOKEN',
    message: /no such/,
  });
  for (let count = 0; count < 5; count++) {
    await t.rejects(redeem(site.trust, token, keys, wrongSecret), { code: 'HEC_TOKEN', message: /no such/ });
  }
  await t.rejects(
    redeem(site.reopen(), token, keys),
    { code: 'HEC_TOKEN', message: /no such/ },
    'burned, durably',
  );

  const second = await enrol(site.trust, web1);
  const stolen = { ...(await createKeyPair()), publicKeySpki: keys.publicKeySpki };
  await t.rejects(
    redeem(site.trust, second, stolen),
    { code: 'HEC_TOKEN', message: /proof/ },
    "another's public key",
  );
  const third = await enrol(site.trust, web1);
  await t.rejects(redeem(site.trust, second, keys), { code: 'HEC_TOKEN', message: /replaced/ });
  t.ok(await redeem(site.trust, third, keys));

  const other = await makeSite(t);
  await t.rejects(
    redeem(other.trust, third, keys),
    { code: 'HEC_TOKEN', message: /no such/ },
    'of another site',
  );
  const request = { identity: web1, addresses: ['127.0.0.1:2020'] };
  for (const lifetimeMs of [0, 999, 8 * 86_400_000, Number.NaN]) {
    await t.rejects(site.trust.enrol({ ...request, lifetimeMs }), { code: 'HEC_USAGE' });
  }
  await t.rejects(site.trust.enrol({ ...request, addresses: [] }), { code: 'HEC_USAGE' });
});

t.test('renewal: a new key, the same identity; not for who was revoked or came too late', async (t) => {
  const site = await makeSite(t);
  const old = await joinSite(site.trust, web1);
  const keys = await createKeyPair();
  const renewed = await renew(site.trust, old.certificatePem, keys);
  t.strictSame(renewed.identity, web1);
  t.not(serialOf(renewed.certificatePem), serialOf(old.certificatePem));
  t.equal(site.trust.list()[0]?.serial, serialOf(renewed.certificatePem));
  await t.rejects(renew(site.trust, old.certificatePem, keys, 'web2'), { code: 'HEC_TLS', message: /proof/ });

  await site.trust.revoke(web1);
  await t.rejects(renew(site.trust, renewed.certificatePem, keys), { code: 'HEC_REVOKED' });
  const back = await joinSite(site.trust, web1);
  const again = await renew(site.trust, back.certificatePem, keys);
  t.ok(
    await renew(site.trust, again.certificatePem, keys),
    'a renewed one renews, after a revocation of older ones',
  );
  site.clock.offsetMs = 100 * 86_400_000;
  await t.rejects(renew(site.trust, again.certificatePem, keys), { code: 'HEC_TLS', message: /expired/ });
});

t.test('revoking takes the tokens along and survives a restart', async (t) => {
  const site = await makeSite(t);
  const token = await enrol(site.trust, web1);
  const keys = await createKeyPair();
  const answer = await redeem(site.trust, token, keys);
  const peer = {
    identity: web1,
    serial: serialOf(answer.certificatePem),
    notAfterMs: Number.MAX_SAFE_INTEGER,
  };
  t.equal(site.trust.isStillGood(peer), true);
  await site.trust.revoke(web1);
  for (const trust of [site.trust, site.reopen()]) {
    t.equal(trust.isStillGood(peer), false);
    await t.rejects(redeem(trust, token, keys), { code: 'HEC_TOKEN', message: /withdrawn/ });
  }
  t.strictSame(await site.trust.revoke({ kind: 'node', name: 'typo' }), { wasKnown: false });

  const second = await joinSite(site.trust, web1);
  await site.trust.revokeSerial(serialOf(second.certificatePem).toLowerCase());
  t.equal(site.reopen().isStillGood({ ...peer, serial: serialOf(second.certificatePem) }), false);
  await t.rejects(site.trust.revokeSerial('no serial'), { code: 'HEC_USAGE' });
});

t.test(
  'a disk that refuses: no certificate leaves, a revocation holds for now, and both say so',
  async (t) => {
    const site = await makeSite(t);
    const token = await enrol(site.trust, web1);
    const keys = await createKeyPair();
    const repair = breakDisk(site);
    await t.rejects(redeem(site.trust, token, keys), { code: 'HEC_STATE', message: /nothing was changed/ });
    await t.rejects(enrol(site.trust, { kind: 'node', name: 'web2' }), { code: 'HEC_STATE' });
    repair();
    t.ok(await redeem(site.trust, token, await createKeyPair()), 'the token was not used up');

    const repairAgain = breakDisk(site);
    await t.rejects(site.trust.revoke(web1), { code: 'HEC_STATE', message: /until the next restart/ });
    t.match(site.trust.list(), [{ ...web1, state: 'revoked' }]);
    repairAgain();
    t.match(site.reopen().list(), [{ ...web1, state: 'joined' }]);
    await site.trust.revoke(web1);
    t.match(site.reopen().list(), [{ ...web1, state: 'revoked' }]);
  },
);

t.test('a ledger that is missing or damaged is never taken for an empty one', async (t) => {
  const site = await makeSite(t);
  await joinSite(site.trust, web1);
  const text = readFileSync(ledgerOf(site), 'utf8');
  const damage = [
    '',
    '{}',
    text.slice(0, -20),
    text.replace('"version":1', '"version":2'),
    text.replace('web1', 'WEB1'),
  ];
  damage.push(text.replace('"version": 1', '"version": 2'), text.replace('"issued"', '"issuedd"'));
  for (const wrong of damage.filter((each) => each !== text)) {
    writeFileSync(ledgerOf(site), wrong);
    t.throws(() => site.reopen(), { code: 'HEC_STATE', message: /ledger.json is damaged/ });
  }
  rmSync(ledgerOf(site));
  t.throws(() => site.reopen(), { code: 'HEC_STATE', message: /ledger.json cannot be read/ });
  writeFileSync(ledgerOf(site), text);
  t.match(site.reopen().list(), [{ ...web1, state: 'joined' }]);
});

t.test('a flood of requests is turned away, and passes', async (t) => {
  const site = await makeSite(t);
  const token = await enrol(site.trust, web1);
  const keys = await createKeyPair();
  const flood = await Promise.allSettled(Array.from({ length: 200 }, () => redeem(site.trust, token, keys)));
  const turnedAway = flood.filter((result) => result.status === 'rejected');
  t.equal(turnedAway.length, 136);
  for (const result of turnedAway) t.match(result.reason, { code: 'HEC_BUSY' });
  t.ok(await redeem(site.trust, token, keys));
});
