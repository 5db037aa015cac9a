import { constants } from 'node:crypto';
import type { SecureContextOptions, Server, TlsOptions } from 'node:tls';

/** The manager's side of TLS: 1.3 only, certificates asked for, nothing remembered between connections. */

export interface ServerTlsMaterial {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
  readonly authorityPem: string;
}

/** Node's own limit is 120 s, in which a few thousand half-made handshakes use up all file descriptors. */
const handshakeTimeoutMs = 10_000;

/**
 * For `tls.createServer` and `https.createServer`. A certificate is asked for and not insisted on, because a host
 * that joins has none yet: every connection must pass through `peerIdentity` before it is served.
 */
export function serverTlsOptions(material: ServerTlsMaterial): TlsOptions {
  return {
    ...contextOptions(material),
    requestCert: true,
    rejectUnauthorized: false,
    handshakeTimeout: handshakeTimeoutMs,
  };
}

/** Makes new handshakes use new material; open connections go on with what they have. */
export function rotate(server: Pick<Server, 'setSecureContext'>, material: ServerTlsMaterial): void {
  server.setSecureContext(contextOptions(material));
}

/** In one place, because `setSecureContext` falls back to Node's defaults for whatever it is not given. */
function contextOptions(material: ServerTlsMaterial): SecureContextOptions {
  return {
    key: material.privateKeyPem,
    // The authority goes with it, so that a host that joins can compare it with the pinned fingerprint.
    cert: `${material.certificatePem.trimEnd()}\n${material.authorityPem}`,
    ca: material.authorityPem,
    minVersion: 'TLSv1.3',
    // A resumed session would bring yesterday's verdict on the certificate along. Without tickets, and with no
    // session cache (there is no 'newSession' listener), every connection proves its key anew.
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
}
