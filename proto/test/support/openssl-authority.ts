import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';

/** Certificates made by the openssl command: good and bad ones that no code of ours had a hand in. */
export interface Made {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

export interface Wanted {
  readonly commonName?: string;
  /** openssl.cnf extension lines, such as `subjectAltName=URI:urn:hecate:node:a`. */
  readonly extensions: readonly string[];
  /** Absent: signed by itself. */
  readonly issuer?: Made;
  readonly days?: number;
}

export const authorityExtensions = [
  'basicConstraints=critical,CA:TRUE,pathlen:0',
  'keyUsage=critical,keyCertSign,cRLSign',
  'subjectKeyIdentifier=hash',
];
export const clientExtensions = (uri: string): string[] => [
  'basicConstraints=critical,CA:FALSE',
  'keyUsage=critical,digitalSignature',
  'extendedKeyUsage=clientAuth',
  `subjectAltName=${uri}`,
];
export const serverExtensions = (names: string): string[] => [
  'basicConstraints=critical,CA:FALSE',
  'keyUsage=critical,digitalSignature',
  'extendedKeyUsage=serverAuth',
  `subjectAltName=${names}`,
];

export function openssl(...argv: string[]): string {
  return execFileSync('openssl', argv, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** A folder for one test; the caller removes it. */
export const makeTestFolder = (): string => mkdtempSync(join(tmpdir(), 'hecate-trust-test-'));

export function makeCertificate(folder: string, wanted: Wanted): Made {
  const path = join(mkdtempSync(join(folder, 'openssl-')), 'x');
  openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', `${path}.sec1`);
  openssl('pkcs8', '-topk8', '-nocrypt', '-in', `${path}.sec1`, '-out', `${path}.key`);
  openssl(
    'req',
    '-new',
    '-key',
    `${path}.key`,
    '-subj',
    `/CN=${wanted.commonName ?? 'test'}`,
    '-out',
    `${path}.csr`,
  );
  writeFileSync(`${path}.ext`, `${wanted.extensions.join('\n')}\n`);
  let signer = ['-signkey', `${path}.key`];
  if (wanted.issuer !== undefined) {
    writeFileSync(`${path}.ca`, wanted.issuer.certificatePem);
    writeFileSync(`${path}.ca.key`, wanted.issuer.privateKeyPem);
    signer = ['-CA', `${path}.ca`, '-CAkey', `${path}.ca.key`, '-CAcreateserial'];
  }
  const days = String(wanted.days ?? 1);
  const request = ['x509', '-req', '-in', `${path}.csr`, '-extfile', `${path}.ext`, '-days', days];
  openssl(...request, ...signer, '-out', `${path}.pem`);
  return {
    certificatePem: readFileSync(`${path}.pem`, 'utf8'),
    privateKeyPem: readFileSync(`${path}.key`, 'utf8'),
  };
}

/** In a folder that goes with the test: an authority, a foreign one of the same name, and the certificate of node web1. */
export function authoritiesForTest(t: Test): { folder: string; authority: Made; foreign: Made; web1: Made } {
  const folder = makeTestFolder();
  t.teardown(() => rmSync(folder, { recursive: true }));
  const wanted = { commonName: 'the authority', extensions: authorityExtensions };
  const authority = makeCertificate(folder, wanted);
  const extensions = clientExtensions('URI:urn:hecate:node:web1');
  const web1 = makeCertificate(folder, { extensions, issuer: authority });
  return { folder, authority, foreign: makeCertificate(folder, wanted), web1 };
}
