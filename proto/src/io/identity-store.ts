import { createPrivateKey, type X509Certificate } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { HecateError } from '../core/errors.ts';
import { describeIdentity, type Identity, identityFrom, identityUri } from '../core/identity.ts';
import { parseManagerAddress } from '../core/manager-address.ts';
import { writeFileAtomically } from './atomic-file.ts';
import {
  clientUsage,
  fingerprintOf,
  hasUsage,
  identityOf,
  isIssuedBy,
  parseCertificate,
  validityOf,
} from './certificate.ts';
import { makePrivateFolder } from './new-file.ts';
import { createKeyPair, type KeyPair, keyPairOf } from './possession.ts';
import { readPrivateKey, readText } from './private-key-file.ts';
import { currentVersionFolder, replaceVersion } from './versioned-folder.ts';

/**
 * The identity of an agent or an operator on disk: `DIR/current/` with key.pem (0600), certificate.pem,
 * authority.pem and identity.json; and `DIR/pending-key.pem` while a certificate is being asked for.
 */
export interface StoredIdentity {
  readonly identity: Identity;
  /** `host:port`, tried in order. */
  readonly managerAddresses: readonly string[];
  readonly privateKeyPem: string;
  readonly certificatePem: string;
  readonly authorityPem: string;
  /** Of the certificate: SHA-256, hexadecimal. */
  readonly fingerprint: string;
  readonly authorityFingerprint: string;
  readonly serial: string;
  /** Milliseconds since the Unix epoch. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** What a manager answers to a join or a renewal, with the key that the certificate was asked for. */
export interface NewIdentity {
  readonly identity: Identity;
  readonly managerAddresses: readonly string[];
  readonly privateKeyPem: string;
  readonly certificatePem: string;
  readonly authorityPem: string;
  /** The one pinned by the join token, or the stored identity's at a renewal. */
  readonly authorityFingerprint: string;
}

const pendingKeyName = 'pending-key.pem';
const joinAgain =
  'join with a new token, which an administrator makes: hecatectl node enroll NAME for a node, hecatectl operator enroll NAME for a person';

export function hasIdentity(dir: string): boolean {
  return currentVersionFolder(dir) !== undefined;
}

/**
 * @throws HEC_TLS when nobody has joined with this folder; HEC_STATE when what it holds is unreadable, does not
 * belong together, or leaves the key readable to others. Dates are not checked: see `notAfterMs`.
 */
export function readIdentity(dir: string): StoredIdentity {
  const folder = currentVersionFolder(dir);
  if (folder === undefined) {
    throw new HecateError('HEC_TLS', `${dir} holds no identity: this side has not joined a site`, joinAgain);
  }
  const stored = parseDescription(folder, readText(join(folder, 'identity.json')));
  const complete: NewIdentity = {
    ...stored,
    privateKeyPem: readPrivateKey(join(folder, 'key.pem')),
    certificatePem: readText(join(folder, 'certificate.pem')),
    authorityPem: readText(join(folder, 'authority.pem')),
  };
  try {
    return checkIdentity(complete);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new HecateError('HEC_STATE', `${folder} is damaged: ${why}`, joinAgain, error);
  }
}

/**
 * Stores what a join or a renewal brought, as one step, after checking it: certificate, key, authority and
 * identity belong together, and the authority is the pinned one.
 * @throws HEC_TLS when they do not; then nothing was written
 */
export async function writeIdentity(dir: string, identity: NewIdentity): Promise<StoredIdentity> {
  const checked = checkIdentity(identity);
  const { identity: holder, managerAddresses, authorityFingerprint } = checked;
  const description = { ...holder, managerAddresses, authorityFingerprint };
  await replaceVersion(dir, {
    'key.pem': { text: checked.privateKeyPem, mode: 0o600 },
    'certificate.pem': { text: checked.certificatePem, mode: 0o644 },
    'authority.pem': { text: checked.authorityPem, mode: 0o644 },
    'identity.json': { text: `${JSON.stringify(description, null, 2)}\n`, mode: 0o644 },
  });
  rmSync(join(dir, pendingKeyName), { force: true });
  return checked;
}

/**
 * The key to ask a certificate for: kept until {@link writeIdentity}, so that after a crash or a lost answer the
 * same key asks again and the token, already used, still answers.
 */
export async function pendingKeyPair(dir: string): Promise<KeyPair> {
  const path = join(dir, pendingKeyName);
  if (!existsSync(path)) {
    const keys = await createKeyPair();
    await makePrivateFolder(dir);
    await writeFileAtomically(path, keys.privateKeyPem, 0o600);
    return keys;
  }
  try {
    return keyPairOf(readPrivateKey(path));
  } catch (error) {
    if (error instanceof HecateError) throw error;
    throw new HecateError('HEC_STATE', `${path} is damaged`, `remove it; then ${joinAgain}`, error);
  }
}

function checkIdentity(given: NewIdentity): StoredIdentity {
  const certificate = parseCertificate(given.certificatePem, 'the certificate');
  const authority = parseCertificate(given.authorityPem, "the authority's certificate");
  const problem = problemOf(given, certificate, authority);
  if (problem !== undefined) throw new HecateError('HEC_TLS', problem, joinAgain);
  return {
    identity: given.identity,
    managerAddresses: given.managerAddresses,
    privateKeyPem: given.privateKeyPem,
    // Written anew from the parsed form: nothing that stood around it in the text is kept.
    certificatePem: certificate.toString(),
    authorityPem: authority.toString(),
    fingerprint: fingerprintOf(certificate),
    authorityFingerprint: given.authorityFingerprint,
    serial: certificate.serialNumber,
    ...validityOf(certificate),
  };
}

function problemOf(
  given: NewIdentity,
  certificate: X509Certificate,
  authority: X509Certificate,
): string | undefined {
  if (fingerprintOf(authority) !== given.authorityFingerprint) return 'the authority is not the pinned one';
  if (!isIssuedBy(certificate, authority)) return 'the certificate is not signed by the authority';
  if (certificate.ca || !hasUsage(certificate, clientUsage)) return 'the certificate is not one for a client';
  const holder = identityOf(certificate);
  if (holder === undefined || identityUri(holder) !== identityUri(given.identity)) {
    return `the certificate is not one for ${describeIdentity(given.identity)}`;
  }
  if (!isKeyOf(given.privateKeyPem, certificate)) return 'the private key does not belong to the certificate';
  if (given.managerAddresses.length === 0) return 'there is no address of a manager';
  const wrong = given.managerAddresses.find((address) => parseManagerAddress(address) === undefined);
  return wrong === undefined ? undefined : `${JSON.stringify(wrong)} is no address: expected host:port`;
}

function isKeyOf(privateKeyPem: string, certificate: X509Certificate): boolean {
  try {
    return certificate.checkPrivateKey(createPrivateKey(privateKeyPem));
  } catch {
    return false;
  }
}

type Description = Pick<NewIdentity, 'identity' | 'managerAddresses' | 'authorityFingerprint'>;

function parseDescription(folder: string, text: string): Description {
  const fields = parseObject(text);
  const identity = identityFrom(fields?.kind, fields?.name, fields?.role);
  const addresses = fields?.managerAddresses;
  const fingerprint = fields?.authorityFingerprint;
  if (identity !== undefined && Array.isArray(addresses) && typeof fingerprint === 'string') {
    return { identity, managerAddresses: addresses.map(String), authorityFingerprint: fingerprint };
  }
  const path = join(folder, 'identity.json');
  throw new HecateError('HEC_STATE', `${path} does not hold kind, name, managerAddresses`, joinAgain);
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
