import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';

export type Interfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;

/**
 * The network interfaces of this host that are up and have a carrier (IFF_RUNNING in libuv). Undefined when the system
 * does not say: a unit without AF_NETLINK among its RestrictAddressFamilies= may not ask, and Node.js throws then.
 */
export function ownInterfaces(read: () => Interfaces = networkInterfaces): Interfaces | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
