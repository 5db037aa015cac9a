/** Where a manager listens: a DNS name or an IP address, and a port. */
export interface ManagerAddress {
  /** Without brackets, also for IPv6. */
  readonly host: string;
  readonly port: number;
}

/** Longest DNS name (253, RFC 1035) plus a colon and a port. */
const lengthMax = 259;
const pattern =
  /^(?:\[([0-9a-fA-F:.]{2,45})\]|([A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?)):([1-9][0-9]{0,4})$/;

/** Reads `name:port`, `192.0.2.1:port` or `[2001:db8::1]:port`; undefined for anything else. */
export function parseManagerAddress(text: unknown): ManagerAddress | undefined {
  if (typeof text !== 'string' || text.length > lengthMax) return undefined;
  const match = pattern.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  return host !== undefined && port <= 65535 ? { host, port } : undefined;
}

export function formatManagerAddress(address: ManagerAddress): string {
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}
