import { createPrivateKey } from 'node:crypto';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { HecateError } from '@hecate/proto/core/errors.ts';
import { jitterFromHash, renewalDueAtMs } from '@hecate/proto/core/renewal.ts';
import { fingerprintOf, isIssuedBy, parseCertificate, validityOf } from '@hecate/proto/io/certificate.ts';
import { keyPairOf } from '@hecate/proto/io/possession.ts';
import { readPrivateKey, readText } from '@hecate/proto/io/private-key-file.ts';
import { currentVersionFolder, replaceVersion } from '@hecate/proto/io/versioned-folder.ts';
import { type Authority, issueServerCertificate } from './authority.ts';

/** The manager's own certificate: `DIR/server/current/` with key.pem (0600), certificate.pem, names.json. */
export interface ServerCertificate {
  readonly names: readonly string[];
  readonly certificatePem: string;
  readonly privateKeyPem: string;
  readonly fingerprint: string;
  /** Milliseconds since the Unix epoch. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly renewalDueAtMs: number;
}

export interface ServerCertificateRequest {
  /** DNS names and IP addresses that clients dial; order and case do not matter; 1 to 32. */
  readonly names: readonly string[];
  readonly lifetimeMs: number;
  readonly nowMs: number;
}

const namesMax = 32;
const hostPattern =
  /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/;

/**
 * Gives the stored certificate while it is good: same names, our authority, not yet due for renewal. Otherwise
 * makes a new one; the key is new each time. Call it at start, on a change of names, and at `renewalDueAtMs`.
 * @throws HEC_CONFIG for a name that no certificate can hold
 */
export async function ensureServerCertificate(
  dir: string,
  authority: Authority,
  request: ServerCertificateRequest,
): Promise<ServerCertificate> {
  const names = [...new Set(request.names.map(parseServerName))].sort();
  if (names.length === 0 || names.length > namesMax) {
    const message = `the manager has ${names.length} names; expected 1 to ${namesMax}`;
    throw new HecateError('HEC_CONFIG', message, 'list the names and addresses that nodes dial');
  }
  const stored = readStored(dir, authority);
  const isSame = stored !== undefined && JSON.stringify(stored.names) === JSON.stringify(names);
  if (isSame && request.nowMs >= stored.notBeforeMs && request.nowMs < stored.renewalDueAtMs) return stored;
  const issued = await issueServerCertificate(authority, { ...request, names });
  await replaceVersion(join(dir, 'server'), {
    'key.pem': { text: issued.privateKeyPem, mode: 0o600 },
    'certificate.pem': { text: issued.certificatePem, mode: 0o644 },
    'names.json': { text: `${JSON.stringify(names)}\n`, mode: 0o644 },
  });
  return describe(issued.certificatePem, issued.privateKeyPem, names);
}

function parseServerName(text: string): string {
  const name = text.toLowerCase();
  if (isIP(name) !== 0 || hostPattern.test(name)) return name;
  const shown = JSON.stringify(text.slice(0, 80));
  throw new HecateError(
    'HEC_CONFIG',
    `${shown} is no DNS name or IP address`,
    'correct the names of the manager',
  );
}

/** Anything wrong with what is stored means a new one: nobody pins this certificate, only its authority. */
function readStored(dir: string, authority: Authority): ServerCertificate | undefined {
  try {
    const folder = currentVersionFolder(join(dir, 'server'));
    if (folder === undefined) return undefined;
    const names: unknown = JSON.parse(readText(join(folder, 'names.json')));
    if (!Array.isArray(names)) return undefined;
    const privateKeyPem = readPrivateKey(join(folder, 'key.pem'));
    const certificate = parseCertificate(readText(join(folder, 'certificate.pem')), 'the stored certificate');
    const isPair = certificate.checkPrivateKey(createPrivateKey(keyPairOf(privateKeyPem).privateKeyPem));
    if (!isPair || !isIssuedBy(certificate, authority.certificate)) return undefined;
    return describe(certificate.toString(), privateKeyPem, names.map(String));
  } catch {
    return undefined;
  }
}

function describe(
  certificatePem: string,
  privateKeyPem: string,
  names: readonly string[],
): ServerCertificate {
  const certificate = parseCertificate(certificatePem, 'the new certificate');
  const fingerprint = fingerprintOf(certificate);
  const validity = validityOf(certificate);
  const dueAtMs = renewalDueAtMs(validity, jitterFromHash(fingerprint));
  return { names, certificatePem, privateKeyPem, fingerprint, ...validity, renewalDueAtMs: dueAtMs };
}
