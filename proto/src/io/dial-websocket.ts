/** Dials a manager: TCP, TLS (or plain, to loopback only), the upgrade to WebSocket; each within its time. */

import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import WebSocket from 'ws';
import { formatSeconds } from '../core/duration-text.ts';
import { HecateError } from '../core/errors.ts';
import { subprotocol } from '../core/limits.ts';
import { isLoopbackHost } from '../core/loopback.ts';
import { formatManagerAddress, type ManagerAddress } from '../core/manager-address.ts';
import type { ClientTlsOptions } from './pinned-tls.ts';
import type { FrameTransport } from './transport.ts';
import { webSocketOptions, webSocketTransport } from './websocket-transport.ts';

export interface DialOptions {
  readonly address: ManagerAddress;
  /** From `clientTlsOptions(identity, host)`; or, to a loopback address, no TLS and no identity at all. */
  readonly tls: ClientTlsOptions | 'plain-loopback';
  /** Name lookup and TCP. */
  readonly connectTimeLimitMs: number;
  /** TLS and the upgrade. */
  readonly greetingTimeLimitMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** The kernel probes a silent path too; the session's own heartbeats are quicker. */
const keepAliveDelayMs = 15_000;

/**
 * @returns a transport that the caller gives to a Session at once, in the same turn
 * @throws HEC_CONNECTION when nobody answers; HEC_TLS when the other side is not the manager that it must be,
 *   or does not take our certificate; HEC_CANCELLED
 */
export async function dialWebSocket(options: DialOptions): Promise<FrameTransport> {
  const { address, tls, signal } = options;
  const where = formatManagerAddress(address);
  if (tls === 'plain-loopback' && !isLoopbackHost(address.host)) {
    throw new HecateError('HEC_TLS', `${where} is not a loopback address: it is never dialled without TLS`);
  }
  const tcp = connectTcp({ host: address.host, port: address.port, noDelay: true });
  tcp.setKeepAlive(true, keepAliveDelayMs);
  const abort = (): void => {
    tcp.destroy(new HecateError('HEC_CANCELLED', `dialling ${where} was given up`));
  };
  signal?.addEventListener('abort', abort, { once: true });
  if (signal?.aborted) abort();
  let socket: Socket = tcp;
  try {
    await until(tcp, 'connect', options.connectTimeLimitMs, `no TCP connection to ${where}`);
    const startedAtMs = performance.now();
    if (tls !== 'plain-loopback') {
      const secure = connectTls({ ...tls, socket: tcp });
      socket = secure;
      await secured(secure, tcp, options.greetingTimeLimitMs, where);
    }
    const leftMs = Math.max(1, options.greetingTimeLimitMs - (performance.now() - startedAtMs));
    return await upgradeToWebSocket(socket, leftMs, where);
  } catch (error) {
    for (const each of [socket, tcp]) each.on('error', () => undefined).destroy();
    throw error;
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}

/** Waits for an event of a socket, its error, its end, or the end of the time. */
function until(socket: Socket, event: string, timeLimitMs: number, what: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const finish = (error?: HecateError): void => {
      clearTimeout(timer);
      socket.removeListener(event, onDone);
      socket.removeListener('error', onError);
      socket.removeListener('close', onClose);
      if (error) reject(error);
      else resolve();
    };
    const onDone = (): void => finish();
    const onError = (cause: Error): void =>
      finish(cause instanceof HecateError ? cause : connectionError(what, cause.message, cause));
    const onClose = (): void => finish(connectionError(what, 'the other side closed the connection'));
    const timer = setTimeout(() => {
      finish(connectionError(what, noAnswer(timeLimitMs)));
    }, timeLimitMs);
    socket.once(event, onDone).once('error', onError).once('close', onClose);
  });
}

function connectionError(what: string, why: string, cause?: unknown): HecateError {
  const remedy = 'check the address, the port, the firewall, and that hecate-manager runs there';
  return new HecateError('HEC_CONNECTION', `${what}: ${why}`, remedy, cause);
}

async function secured(secure: TLSSocket, tcp: Socket, timeLimitMs: number, where: string): Promise<void> {
  // The TCP socket's own errors arrive at the TLS socket, too.
  tcp.on('error', () => undefined);
  try {
    await until(secure, 'secureConnect', timeLimitMs, `no TLS connection to ${where}`);
  } catch (error) {
    throw certificateError(error, where) ?? error;
  }
}

/** Codes of OpenSSL and Node that speak of the certificate, and not of the connection. */
const certificateCode = /CERT|TLS_ALERT|ALTNAME|SELF_SIGNED|UNABLE_TO|SSL_ALERT|SSL_CERTIFICATE/;

function certificateError(error: unknown, where: string): HecateError | undefined {
  const cause = error instanceof HecateError ? error.cause : undefined;
  if (!(cause instanceof Error) || !('code' in cause)) return undefined;
  if (!certificateCode.test(String(cause.code))) return undefined;
  const remedy = 'check that this is the right manager, its names, and both clocks; otherwise join again';
  return new HecateError(
    'HEC_TLS',
    `${where} is not the manager that this side trusts: ${cause.message}`,
    remedy,
    cause,
  );
}

/**
 * Makes a session's transport out of an open connection.
 * @param where the peer's address, for messages
 * @throws HEC_CONNECTION
 */
export function upgradeToWebSocket(
  socket: Socket,
  timeLimitMs: number,
  where: string,
): Promise<FrameTransport> {
  return new Promise((resolve, reject) => {
    const webSocket = new WebSocket(`ws://${where}/`, subprotocol, {
      ...webSocketOptions,
      createConnection: () => socket,
      followRedirects: false,
    });
    const what = `${where} does not speak ${subprotocol}`;
    const fail = (why: string, cause?: unknown): void => {
      clearTimeout(timer);
      reject(cause instanceof HecateError ? cause : connectionError(what, why, cause));
      socket.destroy();
    };
    // ws hands its own handshakeTimeout to the connection that it makes itself, and this one is ours.
    const timer = setTimeout(() => fail(noAnswer(timeLimitMs)), timeLimitMs);
    // In the turn of the upgrade: the first frame may be in the same packet.
    webSocket.once('open', () => {
      clearTimeout(timer);
      resolve(webSocketTransport(webSocket, socket, where));
    });
    webSocket.once('unexpected-response', (_request, response) => {
      fail(`it answered HTTP ${response.statusCode ?? '?'}`);
    });
    webSocket.on('error', (cause) => fail(cause.message, cause));
  });
}

/** What is left of a limit differs from time to time; a reason that stays the same reads the same. */
const noAnswer = (timeLimitMs: number): string =>
  `no answer in ${formatSeconds(Math.ceil(timeLimitMs / 1000) * 1000)}`;
