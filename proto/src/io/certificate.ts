import { createHash, X509Certificate } from 'node:crypto';
import { HecateError } from '../core/errors.ts';
import { type Identity, parseIdentityUri } from '../core/identity.ts';

/** What both sides ask of a certificate, with nothing but node:crypto. */

/** Extended key usages (RFC 5280, 4.2.1.12). */
export const serverUsage = '1.3.6.1.5.5.7.3.1';
export const clientUsage = '1.3.6.1.5.5.7.3.2';

/** Reads the first certificate of a PEM text. @throws HEC_TLS, naming `what` */
export function parseCertificate(pem: string, what: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (error) {
    throw new HecateError('HEC_TLS', `${what} is no certificate in PEM`, '', error);
  }
}

/** SHA-256 of the DER form, 64 lower-case hexadecimal digits. */
export function fingerprintOf(certificate: X509Certificate): string {
  return createHash('sha256').update(certificate.raw).digest('hex');
}

/** Milliseconds since the Unix epoch. */
export function validityOf(certificate: X509Certificate): { notBeforeMs: number; notAfterMs: number } {
  return {
    notBeforeMs: certificate.validFromDate.getTime(),
    notAfterMs: certificate.validToDate.getTime(),
  };
}

/** Signed by the authority itself: hierarchies with certificates in between are not accepted anywhere. */
export function isIssuedBy(certificate: X509Certificate, authority: X509Certificate): boolean {
  return authority.ca && certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
}

export function hasUsage(certificate: X509Certificate, usage: string): boolean {
  // Node's types say string[]; a certificate without the extension has undefined.
  const usages: readonly string[] | undefined = certificate.keyUsage;
  return usages?.includes(usage) ?? false;
}

/**
 * Whose certificate it is. The subjectAltName must be one URI and nothing else, and that URI an identity in its
 * one spelling: the text is compared as a whole and never searched, so quoting tricks inside it find nothing.
 * This says what the certificate claims; who signed it is for the caller to check.
 */
export function identityOf(certificate: X509Certificate): Identity | undefined {
  const names = certificate.subjectAltName;
  return names?.startsWith('URI:') ? parseIdentityUri(names.slice('URI:'.length)) : undefined;
}
