/** Where a magic packet goes of which nobody has said where to. */
import { type Interfaces, ownInterfaces } from './own-interfaces.ts';

/** Everybody on the link that the default route leads to; without such a route it leads nowhere (ENETUNREACH). */
export const limitedBroadcast = '255.255.255.255';

/** The IPv4 broadcast address of each network that this host is in. */
export function broadcastAddresses(interfaces: Interfaces = ownInterfaces() ?? {}): string[] {
  const networks = Object.values(interfaces)
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family, internal }) => family === 'IPv4' && !internal);
  const addresses = networks.flatMap(({ address, netmask }) => {
    const host = bytesOf(address);
    const mask = bytesOf(netmask);
    // A link of two hosts (/31, /32) has no broadcast address.
    if ((mask[3] ?? 255) >= 0xfe) return [];
    return [host.map((byte, index) => byte | (~(mask[index] ?? 255) & 0xff)).join('.')];
  });
  return [...new Set(addresses)];
}

const bytesOf = (address: string): number[] => address.split('.').map(Number);
