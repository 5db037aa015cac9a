import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import type { ErrorCode } from '@hecate/proto/core/errors.ts';
import type { Identity } from '@hecate/proto/core/identity.ts';
import {
  clientUsage,
  fingerprintOf,
  hasUsage,
  identityOf,
  isIssuedBy,
  validityOf,
} from '@hecate/proto/io/certificate.ts';

/** Who is on the other end of a TLS connection, or why nobody we know. */
export type PeerCheck = AcceptedPeer | RefusedPeer;

export interface AcceptedPeer {
  readonly accepted: true;
  readonly identity: Identity;
  readonly serial: string;
  /** SHA-256 of the certificate (DER), hexadecimal. */
  readonly fingerprint: string;
  /** The session must end by then, or have been opened anew; milliseconds since the Unix epoch. */
  readonly notAfterMs: number;
}

export type PeerRefusal =
  | 'no-certificate'
  | 'unknown-authority'
  | 'not-yet-valid'
  | 'expired'
  | 'wrong-purpose'
  | 'malformed'
  | 'revoked';

export interface RefusedPeer {
  readonly accepted: false;
  readonly reason: PeerRefusal;
  readonly code: Extract<ErrorCode, 'HEC_TLS' | 'HEC_REVOKED'>;
  /** One line for the audit log and the other side; holds nothing that an unknown peer could have written. */
  readonly detail: string;
  /** Absent when no certificate was shown. */
  readonly fingerprint?: string;
}

export interface PeerRules {
  readonly authority: X509Certificate;
  readonly isRevoked: (identity: Identity, serial: string) => boolean;
  readonly nowMs: number;
}

type TlsPeer = Pick<TLSSocket, 'authorized' | 'authorizationError' | 'getPeerX509Certificate'>;

/**
 * Decides from the certificate alone. Everything is checked here, on every connection, and OpenSSL's own verdict
 * (`authorized`) must agree: either of the two is enough to refuse.
 */
export function peerIdentity(socket: TlsPeer, rules: PeerRules): PeerCheck {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return refuse('no-certificate', 'no certificate was shown');
  const fingerprint = fingerprintOf(certificate);
  const check = checkCertificate(certificate, rules);
  if (!check.accepted) return { ...check, fingerprint };
  if (socket.authorized) return { ...check, fingerprint };
  const verdict = String(socket.authorizationError);
  return { ...refuse('unknown-authority', `TLS did not accept the certificate: ${verdict}`), fingerprint };
}

/** The signature first: of a certificate that others made, nothing else is worth telling. */
function checkCertificate(
  certificate: X509Certificate,
  rules: PeerRules,
): Omit<AcceptedPeer, 'fingerprint'> | RefusedPeer {
  if (!isIssuedBy(certificate, rules.authority)) {
    return refuse('unknown-authority', 'the certificate is not signed by the authority of this site');
  }
  const { notBeforeMs, notAfterMs } = validityOf(certificate);
  if (rules.nowMs < notBeforeMs) {
    return refuse('not-yet-valid', `the certificate is valid from ${new Date(notBeforeMs).toISOString()}`);
  }
  if (rules.nowMs >= notAfterMs) {
    return refuse('expired', `the certificate expired at ${new Date(notAfterMs).toISOString()}`);
  }
  if (certificate.ca || !hasUsage(certificate, clientUsage)) {
    return refuse('wrong-purpose', 'the certificate is not one for a client');
  }
  const identity = identityOf(certificate);
  if (identity === undefined) return refuse('malformed', 'the certificate names no identity of Hecate');
  const serial = certificate.serialNumber;
  if (rules.isRevoked(identity, serial)) {
    return refuse('revoked', `the certificate of ${identity.kind} ${identity.name} was revoked`);
  }
  return { accepted: true, identity, serial, notAfterMs };
}

function refuse(reason: PeerRefusal, detail: string): RefusedPeer {
  return { accepted: false, reason, code: reason === 'revoked' ? 'HEC_REVOKED' : 'HEC_TLS', detail };
}
