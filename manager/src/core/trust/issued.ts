/**
 * The list of certificates that were given out, for people to read. Nothing is refused or accepted on it, so
 * that it may forget: expired ones always, and the oldest when it is full.
 */
import type { Identity } from '@hecate/proto/core/identity.ts';
import { isSameHolder } from '@hecate/proto/core/identity.ts';

export interface IssuedCertificate {
  /** Upper-case hexadecimal, as Node and openssl print it. */
  readonly serial: string;
  readonly identity: Identity;
  /** Milliseconds since the Unix epoch. */
  readonly issuedAtMs: number;
  readonly notAfterMs: number;
}

export const issuedMax = 2000;
/** A host that renews in a loop pushes out its own records, not those of the others. */
export const issuedPerHolderMax = 8;

export function recordIssued(
  list: readonly IssuedCertificate[],
  certificate: IssuedCertificate,
): readonly IssuedCertificate[] {
  const live = list.filter((each) => each.notAfterMs > certificate.issuedAtMs);
  const own = live.filter((each) => isSameHolder(each.identity, certificate.identity));
  const surplus = new Set(own.slice(0, Math.max(0, own.length + 1 - issuedPerHolderMax)));
  return [...live.filter((each) => !surplus.has(each)), certificate].slice(-issuedMax);
}
