/** Where a bus listens: the addresses of the D-Bus specification, Unix sockets only. */
import { HecateError } from '@hecate/proto/core/errors.ts';

export type BusKind = 'system' | 'user';
export type Environment = Readonly<Record<string, string | undefined>>;

const systemSocket = 'unix:path=/run/dbus/system_bus_socket';

const percentDecoded = (text: string): string => {
  const bytes = text.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(bytes, 'latin1').toString('utf8');
};

/** One `unix:key=value,…` as a path for net.connect; undefined for transports that are not spoken here. */
function socketPath(address: string): string | undefined {
  if (!address.startsWith('unix:')) return undefined;
  const pairs = address.slice('unix:'.length).split(',');
  for (const pair of pairs) {
    const [key, value = ''] = pair.split(/=(.*)/s);
    if (key === 'path') return percentDecoded(value);
    if (key === 'abstract') return `\0${percentDecoded(value)}`;
  }
  return undefined;
}

/**
 * The socket paths to try, in order.
 * @throws HEC_CONFIG when there is none among the addresses.
 */
export function socketPaths(addresses: string): string[] {
  const paths = addresses
    .split(';')
    .map(socketPath)
    .filter((path) => path !== undefined && path !== '');
  if (paths.length > 0) return paths as string[];
  throw new HecateError(
    'HEC_CONFIG',
    `${JSON.stringify(addresses)} has no D-Bus address that can be used: expected unix:path=… or unix:abstract=…`,
    'unset DBUS_SYSTEM_BUS_ADDRESS or DBUS_SESSION_BUS_ADDRESS, or set it to a Unix socket',
  );
}

const percentEncoded = (path: string): string =>
  encodeURI(path).replace(/[,;=]/g, (c) => `%${c.charCodeAt(0).toString(16)}`);

/**
 * The address of the system's or the user's bus, as libdbus finds it.
 * @throws HEC_CONFIG when the environment does not tell where the user's bus is.
 */
export function busAddress(kind: BusKind, environment: Environment): string {
  const { DBUS_SESSION_BUS_ADDRESS: session, XDG_RUNTIME_DIR: runtime } = environment;
  if (kind === 'system') return environment.DBUS_SYSTEM_BUS_ADDRESS || systemSocket;
  if (session) return session;
  if (runtime) return `unix:path=${percentEncoded(`${runtime}/bus`)}`;
  throw new HecateError(
    'HEC_CONFIG',
    'neither DBUS_SESSION_BUS_ADDRESS nor XDG_RUNTIME_DIR is set: the bus of the user manager cannot be found',
    'start the agent from a login session, or as `systemctl --user` service; without --user it uses the system bus',
  );
}
