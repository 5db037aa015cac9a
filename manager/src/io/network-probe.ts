/** Looks at the network from the coordinator: whether a host, a port, a page answers. Each look has its time limit. */

import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { formatDuration } from '@hecate/proto/core/duration-text.ts';
import { type Interfaces, ownInterfaces } from './own-interfaces.ts';

/** What came of an attempt to connect. `code`: the system's word (ECONNREFUSED …), or TIMEOUT for our own limit. */
export type Reach =
  | { readonly type: 'connected' }
  | { readonly type: 'refused' }
  /** Nobody answers: the host may be off. */
  | { readonly type: 'silent'; readonly code: string }
  /** It could not be tried: a name that does not resolve, our own network that is down (I12). */
  | { readonly type: 'not-tried'; readonly code: string; readonly message: string };

/** The host's own network stack has said no: it is up. */
const refusals = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE']);
/** No answer, or a neighbour saying that it finds nobody. ENETUNREACH is not among them: it is about our own end. */
const silences = new Set(['EHOSTUNREACH', 'ETIMEDOUT', 'EHOSTDOWN']);

/** One TCP connection, closed at once. Never rejects. */
export function reach(host: string, port: number, timeLimitMs: number): Promise<Reach> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: Math.max(1, timeLimitMs) });
    let ownAddress: string | undefined;
    const end = (result: Reach): void => {
      socket.destroy();
      resolve(result);
    };
    // A socket that has failed does not know any more from where it tried.
    socket.on('connectionAttempt', () =>
      setImmediate(() => {
        ownAddress = socket.localAddress ?? ownAddress;
      }),
    );
    socket.once('connect', () => end({ type: 'connected' }));
    socket.once('timeout', () => end(silentAs('TIMEOUT', socket.localAddress ?? ownAddress)));
    socket.once('error', (error) => end(reachOfError(error, ownAddress)));
  });
}

/**
 * I12: a host that is cut off from everybody hears nobody. What counts is the link that the host was looked for on:
 * in a power cut the switch goes first, and a bridge of containers has its link all the same.
 */
function silentAs(code: string, ownAddress: string | undefined): Reach {
  const interfaces = ownInterfaces();
  if (interfaces && hasLink(interfaces, ownAddress)) return { type: 'silent', code };
  const why = !interfaces
    ? 'this host does not say whether it has a link'
    : ownAddress === undefined
      ? 'no network interface of this host has a link'
      : `the network interface of this host with the address ${ownAddress} has no link`;
  return { type: 'not-tried', code, message: why };
}

/** @param ownAddress undefined: the kernel has not said from where it tried; then any link will do */
function hasLink(interfaces: Interfaces, ownAddress: string | undefined): boolean {
  const linked = Object.values(interfaces).flatMap((addresses) => addresses ?? []);
  if (ownAddress === undefined) return linked.some(({ internal }) => !internal);
  return linked.some(({ address }) => address === ownAddress);
}

function reachOfError(error: NodeJS.ErrnoException, ownAddress: string | undefined): Reach {
  // Of a name with several addresses: the host is up when one of them refused.
  const errors = error instanceof AggregateError ? (error.errors as NodeJS.ErrnoException[]) : [error];
  const codes = errors.map(({ code = '' }) => code);
  if (codes.some((code) => refusals.has(code))) return { type: 'refused' };
  const code = codes[0] ?? '';
  if (codes.every((each) => silences.has(each))) return silentAs(code, ownAddress);
  return { type: 'not-tried', code, message: errors[0]?.message ?? error.message };
}

export interface PageRequest {
  readonly url: string;
  /** Whoever names no certificate authority for it cannot check it: k3s' own /readyz, say. */
  readonly isCertificateIgnored: boolean;
  readonly timeLimitMs: number;
}

export type Page =
  | { readonly type: 'page'; readonly status: number; readonly body: string }
  | { readonly type: 'no-answer'; readonly message: string };

/** What is read of a page (I14): a condition looks for a few words. */
const bodyBytesMax = 256 * 1024;

/** GET, redirects not followed. Never rejects. */
export function readPage({ url, isCertificateIgnored, timeLimitMs }: PageRequest): Promise<Page> {
  return new Promise((resolve) => {
    const end = (page: Page): void => {
      clearTimeout(timer);
      resolve(page);
    };
    const fail = (message: string): void => end({ type: 'no-answer', message });
    let request: ReturnType<typeof httpRequest>;
    const timer = setTimeout(() => {
      request.destroy();
      fail(`no answer within ${formatDuration(timeLimitMs)}`);
    }, timeLimitMs);
    try {
      const get = url.startsWith('https:') ? httpsRequest : httpRequest;
      // No agent: a connection that is kept would answer for a server that takes no new ones.
      request = get(url, { agent: false, rejectUnauthorized: !isCertificateIgnored });
    } catch (error) {
      fail(error instanceof Error ? error.message : String(error));
      return;
    }
    request.once('error', (error: NodeJS.ErrnoException) => fail(error.message || error.code || 'no answer'));
    request.once('response', (response) => {
      let body = '';
      const finish = (): void => end({ type: 'page', status: response.statusCode ?? 0, body });
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
        if (body.length <= bodyBytesMax) return;
        finish();
        request.destroy();
      });
      response.once('end', finish);
      response.once('error', (error) => fail(error.message));
    });
    request.end();
  });
}
