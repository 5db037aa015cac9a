/** A manager on another host: TLS with the operator's own certificate. Loaded only when it is needed. */
import { asHecateError, HecateError } from '@hecate/proto/core/errors.ts';
import { parseManagerAddress } from '@hecate/proto/core/manager-address.ts';
import { dialWebSocket } from '@hecate/proto/io/dial-websocket.ts';
import { readIdentity } from '@hecate/proto/io/identity-store.ts';
import { clientTlsOptions } from '@hecate/proto/io/pinned-tls.ts';
import { greet, type Manager } from './manager.ts';

const connectTimeLimitMs = 5000;
const greetingTimeLimitMs = 8000;

/**
 * Tries the addresses in order.
 * @throws HEC_TLS without a good identity; why the last address did not work
 */
export async function dialRemote(
  addresses: readonly string[],
  identityDirectory: string,
  signal: AbortSignal,
): Promise<Manager> {
  const identity = readIdentity(identityDirectory);
  let last = new HecateError('HEC_USAGE', 'no address of a manager', 'give one with --manager HOST');
  for (const text of addresses) {
    const address = parseManagerAddress(text);
    if (!address) continue;
    try {
      const tls = clientTlsOptions(identity, address.host);
      const transport = await dialWebSocket({
        address,
        tls,
        connectTimeLimitMs,
        greetingTimeLimitMs,
        signal,
      });
      return await greet(transport, 'operator', identity.identity.name, signal);
    } catch (thrown) {
      last = asHecateError(thrown, 'HEC_CONNECTION');
      if (last.code === 'HEC_CANCELLED') break;
    }
  }
  throw last;
}
