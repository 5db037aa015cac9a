/** Which manager is meant: the one of this host by its Unix socket, or one elsewhere over TLS. */
import { HecateError } from '@hecate/proto/core/errors.ts';
import { managerPort } from '@hecate/proto/core/limits.ts';
import { formatManagerAddress, parseManagerAddress } from '@hecate/proto/core/manager-address.ts';

export const defaultSocketPath = '/run/hecate/manager.sock';

export type ManagerTarget =
  | { readonly kind: 'socket'; readonly path: string }
  | { readonly kind: 'remote'; readonly addresses: readonly string[] };

/** `manager.lan`, `192.0.2.1:2020`, `[2001:db8::1]`: the port may be left out. */
function completeAddress(text: string): string {
  const isBareIpv6 = (text.match(/:/g)?.length ?? 0) > 1 && !text.startsWith('[');
  const host = isBareIpv6 ? `[${text}]` : text;
  const hasPort = /^(\[.*\]|[^:]*):\d+$/.test(host);
  const address = parseManagerAddress(hasPort ? host : `${host}:${managerPort}`);
  if (address) return formatManagerAddress(address);
  throw new HecateError(
    'HEC_USAGE',
    `${JSON.stringify(text.slice(0, 80))} is not an address of a manager`,
    'write it as HOST or HOST:PORT',
  );
}

/**
 * @param given what the options say, and after them the environment; an option beats any variable
 * @throws HEC_USAGE
 */
export function managerTarget(given: {
  readonly socket: string | undefined;
  readonly manager: string | undefined;
  readonly environmentSocket: string | undefined;
  readonly environmentManager: string | undefined;
}): ManagerTarget {
  if (given.socket !== undefined && given.manager !== undefined) {
    throw new HecateError('HEC_USAGE', '--socket and --manager contradict each other', 'give one of them');
  }
  const manager = given.manager ?? (given.socket === undefined ? given.environmentManager : undefined);
  if (manager) {
    return { kind: 'remote', addresses: manager.split(',').map((text) => completeAddress(text.trim())) };
  }
  return { kind: 'socket', path: given.socket || given.environmentSocket || defaultSocketPath };
}
