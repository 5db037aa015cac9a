/** An authority made with the openssl command, which also signs a public key that somebody else made. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  authorityExtensions,
  clientExtensions,
  type Made,
  makeCertificate,
  makeTestFolder,
} from '../../../../proto/test/support/openssl-authority.ts';

export interface TestAuthority extends Made {
  readonly folder: string;
  issue(name: string, days: number): Made;
  /** @returns PEM */
  issueFor(name: string, days: number, publicKeySpki: Uint8Array): string;
}

export function authority(): TestAuthority {
  const folder = makeTestFolder();
  const made = makeCertificate(folder, { extensions: authorityExtensions, days: 10 });
  const extensionsOf = (name: string): string[] => clientExtensions(`URI:urn:hecate:node:${name}`);
  return {
    ...made,
    folder,
    issue: (name, days) => makeCertificate(folder, { extensions: extensionsOf(name), issuer: made, days }),
    issueFor(name, days, publicKeySpki) {
      const path = (end: string): string => join(folder, `for.${end}`);
      writeFileSync(path('spki'), publicKeySpki);
      writeFileSync(path('ca'), made.certificatePem);
      writeFileSync(path('ca.key'), made.privateKeyPem);
      writeFileSync(path('ext'), `${extensionsOf(name).join('\n')}\n`);
      const openssl = (...argv: string[]): Buffer =>
        execFileSync('openssl', argv, { stdio: ['ignore', 'pipe', 'pipe'] });
      openssl('pkey', '-pubin', '-inform', 'DER', '-in', path('spki'), '-pubout', '-out', path('pub'));
      openssl('req', '-new', '-key', path('ca.key'), '-subj', `/CN=${name}`, '-out', path('csr'));
      openssl(
        ...['x509', '-req', '-in', path('csr'), '-force_pubkey', path('pub'), '-extfile', path('ext')],
        ...['-days', String(days), '-CA', path('ca'), '-CAkey', path('ca.key'), '-CAcreateserial'],
        ...['-out', path('pem')],
      );
      return readFileSync(path('pem'), 'utf8');
    },
  };
}
