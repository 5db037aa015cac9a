/** Renewal over the session: in time, with the same identity, and followed by a session that takes over. */

import { X509Certificate } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Method, Outcome } from '@hecate/proto/core/frames.ts';
import { createCertificate } from '@hecate/proto/generated/wire.ts';
import { fingerprintOf } from '@hecate/proto/io/certificate.ts';
import { readIdentity, writeIdentity } from '@hecate/proto/io/identity-store.ts';
import { verifyPossession } from '@hecate/proto/io/possession.ts';
import type { Session } from '@hecate/proto/io/session-host.ts';
import t, { type Test } from 'tap';
import { until } from '../../../test/nodes/until.ts';
import { CertificateRenewal } from '../../src/io/certificate-renewal.ts';
import { openLogger } from '../../src/io/logger.ts';
import { authority as openAuthority } from './support/renewal-authority.ts';

const dayMs = 86_400_000;

interface Scene {
  readonly directory: string;
  readonly asked: Method[];
  handovers: number;
  readonly log: string[];
  renewal: CertificateRenewal;
}

/** A joined agent whose certificate is valid for 3 days, looked at after `ageMs`. */
async function scene(t: Test, ageMs: number, answer?: (method: Method) => Promise<Outcome>): Promise<Scene> {
  const authority = openAuthority();
  t.teardown(() => rm(authority.folder, { recursive: true }));
  const directory = join(authority.folder, 'identity');
  const first = authority.issue('web1', 3);
  const stored = await writeIdentity(directory, {
    identity: { kind: 'node', name: 'web1' },
    managerAddresses: ['a:1'],
    privateKeyPem: first.privateKeyPem,
    certificatePem: first.certificatePem,
    authorityPem: authority.certificatePem,
    authorityFingerprint: fingerprintOf(new X509Certificate(authority.certificatePem)),
  });
  const log: string[] = [];
  const made: Scene = {
    directory,
    asked: [],
    handovers: 0,
    log,
    renewal: new CertificateRenewal({
      directory,
      handOver: () => {
        made.handovers += 1;
      },
      log: openLogger('info', (line) => void log.push(line)),
      wallMs: () => stored.notBeforeMs + ageMs,
    }),
  };
  t.teardown(() => made.renewal.close());
  const call = (method: Method): Promise<Outcome> => {
    made.asked.push(method);
    if (answer) return answer(method);
    if (method.case !== 'renewCertificate') throw new Error(method.case);
    const { publicKeySpki, possessionSignature } = method.value;
    t.ok(verifyPossession(publicKeySpki, possessionSignature, { purpose: 'renew', name: 'web1' }));
    const certificatePem = authority.issueFor('web1', 3, publicKeySpki);
    const value = createCertificate({
      certificatePem,
      authorityPem: authority.certificatePem,
      managerAddresses: ['b:2', 'nonsense'],
    });
    return Promise.resolve({ case: 'certificate', value });
  };
  made.renewal.sessionOpened({ call } as unknown as Session);
  return made;
}

t.test('not before two thirds of its life', async (t) => {
  const { asked } = await scene(t, 1.9 * dayMs);
  await new Promise((resolve) => setImmediate(resolve));
  t.same(asked, []);
});

t.test('after three quarters at the latest: a new key, a new certificate, and a new session', async (t) => {
  const made = await scene(t, 2.3 * dayMs);
  const before = readIdentity(made.directory);
  await until(() => made.handovers === 1, { what: 'a new session takes over' });
  const after = readIdentity(made.directory);
  t.not(after.fingerprint, before.fingerprint);
  t.not(after.privateKeyPem, before.privateKeyPem);
  t.same(after.identity, before.identity);
  t.same(after.managerAddresses, ['b:2'], 'and where the manager is now');
  t.notOk(made.log.join('').includes('PRIVATE KEY'));
});

t.test('a manager that refuses: what there is stays, and it is asked again', async (t) => {
  const made = await scene(t, 2.3 * dayMs, () => Promise.reject(new Error('not now')));
  await until(() => made.log.some((line) => line.includes('not now')), { what: 'it is told' });
  t.equal(readIdentity(made.directory).managerAddresses[0], 'a:1');
  t.equal(made.handovers, 0);
});

t.test('a certificate of somebody else is not taken', async (t) => {
  const foreign = openAuthority();
  t.teardown(() => rm(foreign.folder, { recursive: true }));
  const made = await scene(t, 2.3 * dayMs, async (method) => {
    if (method.case !== 'renewCertificate') throw new Error(method.case);
    const certificatePem = foreign.issueFor('web1', 3, method.value.publicKeySpki);
    return {
      case: 'certificate',
      value: createCertificate({ certificatePem, authorityPem: foreign.certificatePem }),
    };
  });
  await until(() => made.log.some((line) => line.includes('could not be renewed')), { what: 'it is told' });
  t.match(made.log.join(''), /not the pinned one/);
});
