/** A manager on another host: TLS with the operator's own certificate. Loaded only when it is needed. */
import { parseManagerAddress } from '@hecate/proto/core/manager-address.ts';
import { dialFirstManager } from '@hecate/proto/io/dial-first-manager.ts';
import { readIdentity } from '@hecate/proto/io/identity-store.ts';
import { greet, type Manager } from './manager.ts';

/**
 * Tries the addresses in order.
 * @throws HEC_TLS without a good identity; why the last address did not work
 */
export function dialRemote(
  addresses: readonly string[],
  identityDirectory: string,
  signal: AbortSignal,
): Promise<Manager> {
  const identity = readIdentity(identityDirectory);
  return dialFirstManager({
    addresses: addresses.map(parseManagerAddress).filter((address) => address !== undefined),
    identity,
    connectTimeLimitMs: 5000,
    greetingTimeLimitMs: 8000,
    signal,
    greet: (transport) => greet(transport, 'operator', identity.identity.name, signal),
  });
}
