/** Several addresses of one site, tried in order with one identity: what every side that dials with TLS does. */
import { asHecateError, HecateError } from '../core/errors.ts';
import { formatManagerAddress, type ManagerAddress } from '../core/manager-address.ts';
import { dialWebSocket } from './dial-websocket.ts';
import type { StoredIdentity } from './identity-store.ts';
import { clientTlsOptions } from './pinned-tls.ts';
import type { FrameTransport } from './transport.ts';

export interface FirstManagerOptions<Result> {
  /** Tried in order. */
  readonly addresses: readonly ManagerAddress[];
  readonly identity: Pick<StoredIdentity, 'authorityPem' | 'certificatePem' | 'privateKeyPem'>;
  /** Of each address: name lookup and TCP. */
  readonly connectTimeLimitMs: number;
  /** Of each address: TLS and the upgrade. */
  readonly greetingTimeLimitMs: number;
  readonly signal: AbortSignal;
  /**
   * What follows on the connection, begun in the same turn; an address at which it is refused has failed, and the next
   * one is tried.
   */
  readonly greet: (transport: FrameTransport) => Promise<Result>;
}

/**
 * @returns what `greet` made of the first connection on which it came to something
 * @throws why the last address failed, with the reasons of all in its message; HEC_USAGE without any address. Once the
 *   signal is given, no further one is tried.
 */
export async function dialFirstManager<Result>(options: FirstManagerOptions<Result>): Promise<Result> {
  const { addresses, identity, connectTimeLimitMs, greetingTimeLimitMs, signal } = options;
  let last = new HecateError('HEC_USAGE', 'no address of a manager', 'give one, such as manager1.lan:2020');
  const reasons: string[] = [];
  for (const address of addresses) {
    try {
      const tls = clientTlsOptions(identity, address.host);
      const limits = { connectTimeLimitMs, greetingTimeLimitMs };
      return await options.greet(await dialWebSocket({ address, tls, ...limits, signal }));
    } catch (thrown) {
      last = asHecateError(thrown, 'HEC_CONNECTION');
      if (signal.aborted) throw last;
      reasons.push(located(last.message, formatManagerAddress(address)));
    }
  }
  if (reasons.length > 0) last.message = reasons.join('; ');
  throw last;
}

/** What fails before the greeting names the address itself. */
const located = (message: string, where: string): string =>
  message.includes(where) ? message : `${where}: ${message}`;
