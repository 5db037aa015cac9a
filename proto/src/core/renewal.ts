/** When a certificate is renewed: a rule that agents, operators and the manager share. */

/** Renewal starts after two thirds of the lifetime, which leaves a third for outages (certbot's and kubelet's rule). */
const dueFraction = 2 / 3;
/** The fleet's certificates may have been made in one afternoon; a twelfth of the lifetime spreads their renewal. */
const jitterFraction = 1 / 12;

/**
 * @param validity the certificate's dates, milliseconds since the Unix epoch
 * @param jitter from 0 to 1, the same for the same certificate at every call: see {@link jitterFromHash}
 * @returns milliseconds since the Unix epoch; between 2/3 and 3/4 of the lifetime
 */
export function renewalDueAtMs(
  validity: { readonly notBeforeMs: number; readonly notAfterMs: number },
  jitter: number,
): number {
  const lifetimeMs = Math.max(0, validity.notAfterMs - validity.notBeforeMs);
  const bounded = Number.isFinite(jitter) ? Math.min(1, Math.max(0, jitter)) : 0;
  return Math.floor(validity.notBeforeMs + lifetimeMs * (dueFraction + jitterFraction * bounded));
}

/**
 * @param hashHex a hexadecimal hash of at least 8 digits, such as the certificate's SHA-256 fingerprint
 * @returns from 0 to 1, evenly spread over hashes; 0 when the text is no hash
 */
export function jitterFromHash(hashHex: string): number {
  const head = hashHex.slice(0, 8);
  return /^[0-9a-fA-F]{8}$/.test(head) ? Number.parseInt(head, 16) / 0xffffffff : 0;
}
