import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { type ConnectionOptions, checkServerIdentity, connect, type TLSSocket } from 'node:tls';
import { formatDuration } from '../core/duration-text.ts';
import { HecateError } from '../core/errors.ts';
import { fingerprintOf, hasUsage, isIssuedBy, serverUsage, validityOf } from './certificate.ts';
import type { StoredIdentity } from './identity-store.ts';

/** Connections of agents, operators and joining hosts to the manager: TLS 1.3 and one authority, ours. */

/** A silent path is probed by the kernel too; the session's own heartbeats are quicker. */
const keepAliveDelayMs = 15_000;
/** A manager on the other side of the world answers in a second; ten leave room for a busy one. */
export const handshakeTimeoutMs = 10_000;

/** `tls.connect` hands the options of the TCP socket on (net.Socket.connect); Node's types do not say so. */
export type ClientTlsOptions = ConnectionOptions & {
  readonly keepAlive: boolean;
  readonly keepAliveInitialDelay: number;
  readonly noDelay: boolean;
};

/** Options for `tls.connect`, `https.request` or `ws`, for a session with the stored identity. */
export function clientTlsOptions(
  identity: Pick<StoredIdentity, 'authorityPem' | 'certificatePem' | 'privateKeyPem'>,
  host: string,
): ClientTlsOptions {
  return {
    ca: identity.authorityPem,
    cert: identity.certificatePem,
    key: identity.privateKeyPem,
    minVersion: 'TLSv1.3',
    rejectUnauthorized: true,
    ...namesOf(host),
    keepAlive: true,
    keepAliveInitialDelay: keepAliveDelayMs,
    noDelay: true,
  };
}

export interface PinnedTarget {
  readonly host: string;
  readonly port: number;
  /** SHA-256 of the authority's certificate, hexadecimal, from the join token. */
  readonly fingerprint: string;
  /** For connecting and the handshake together. */
  readonly timeoutMs?: number;
  /** Milliseconds since the Unix epoch, for the certificate's dates. */
  readonly nowMs: number;
}

/**
 * Connects to a manager of which nothing is known but the fingerprint of its authority. The socket is returned
 * only after the other side has proved to be that manager, so nothing secret was sent to anybody else.
 * @throws HEC_CONNECTION when nobody answers; HEC_TLS when the one who answers is not the pinned manager
 */
export async function connectPinned(target: PinnedTarget): Promise<TLSSocket> {
  const options: ClientTlsOptions = {
    host: target.host,
    port: target.port,
    minVersion: 'TLSv1.3',
    // There is no authority to check against yet: `problemOf` checks all of it, right after the handshake.
    rejectUnauthorized: false,
    ...namesOf(target.host),
    keepAlive: true,
    keepAliveInitialDelay: keepAliveDelayMs,
    noDelay: true,
  };
  const socket = connect(options);
  await handshake(socket, target);
  const problem = problemOf(presentedChain(socket), target);
  if (problem === undefined) return socket;
  socket.destroy();
  throw new HecateError(
    'HEC_TLS',
    `${target.host}:${target.port} is not the manager that made this join token: ${problem}`,
    'nothing was sent to it; check the address, and make a new token on the manager you mean',
  );
}

/** A server name of an IP address is not allowed in TLS (RFC 6066, section 3); the certificate is checked all the same. */
function namesOf(host: string): Pick<ConnectionOptions, 'servername' | 'checkServerIdentity'> {
  return {
    servername: isIP(host) === 0 ? host : '',
    checkServerIdentity: (_servername, certificate) => checkServerIdentity(host, certificate),
  };
}

function handshake(socket: TLSSocket, target: PinnedTarget): Promise<void> {
  const timeoutMs = target.timeoutMs ?? handshakeTimeoutMs;
  return new Promise((resolve, reject) => {
    const finish = (error?: HecateError): void => {
      clearTimeout(timer);
      socket.removeListener('secureConnect', onSecure);
      socket.removeListener('error', onError);
      socket.removeListener('close', onClose);
      if (error === undefined) {
        resolve();
        return;
      }
      socket.on('error', () => undefined);
      socket.destroy();
      reject(error);
    };
    const onSecure = (): void => finish();
    const onError = (cause: Error): void => finish(connectionError(target, cause.message, cause));
    const onClose = (): void => finish(connectionError(target, 'it closed the connection'));
    const timer = setTimeout(
      () => finish(connectionError(target, `no answer in ${formatDuration(timeoutMs)}`)),
      timeoutMs,
    );
    socket.once('secureConnect', onSecure).once('error', onError).once('close', onClose);
  });
}

function connectionError(target: PinnedTarget, why: string, cause?: unknown): HecateError {
  const message = `no TLS connection to ${target.host}:${target.port}: ${why}`;
  return new HecateError('HEC_CONNECTION', message, 'check the address, the port and the firewall', cause);
}

/** What the other side sent, leaf first, at most as many as anyone would need. */
function presentedChain(socket: TLSSocket): readonly X509Certificate[] {
  const chain: X509Certificate[] = [];
  let next: ReturnType<TLSSocket['getPeerCertificate']> | undefined = socket.getPeerCertificate(true);
  while (next?.raw !== undefined && chain.length < 4) {
    chain.push(new X509Certificate(next.raw));
    const issuer: unknown = 'issuerCertificate' in next ? next.issuerCertificate : undefined;
    next = issuer === next ? undefined : (issuer as typeof next);
  }
  return chain;
}

function problemOf(chain: readonly X509Certificate[], target: PinnedTarget): string | undefined {
  const [leaf] = chain;
  if (leaf === undefined) return 'it shows no certificate';
  const authority = chain.find((each) => each !== leaf && fingerprintOf(each) === target.fingerprint);
  if (authority === undefined) return 'it shows another authority than the pinned one';
  if (!isIssuedBy(leaf, authority)) return 'its certificate is not signed by the pinned authority';
  if (leaf.ca || !hasUsage(leaf, serverUsage)) return 'its certificate is not one for a server';
  for (const certificate of [leaf, authority]) {
    const { notBeforeMs, notAfterMs } = validityOf(certificate);
    if (target.nowMs < notBeforeMs)
      return `it is not valid before ${new Date(notBeforeMs).toISOString()}: check both clocks`;
    if (target.nowMs >= notAfterMs)
      return `it expired at ${new Date(notAfterMs).toISOString()}: check both clocks`;
  }
  const isNamed =
    isIP(target.host) === 0 ? leaf.checkHost(target.host, { subject: 'never' }) : leaf.checkIP(target.host);
  return isNamed === undefined ? `its certificate is not one for ${target.host}` : undefined;
}
