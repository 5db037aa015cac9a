/**
 * Unauthenticated sessions, on loopback only, for those who asked for it by name in the configuration: trying
 * things out and load tests. Everybody on the host can be any node here.
 */
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { HecateError } from '@hecate/proto/core/errors.ts';
import { isLoopbackHost } from '@hecate/proto/core/loopback.ts';
import type { ManagerAddress } from '@hecate/proto/core/manager-address.ts';
import type { FrameTransport } from '@hecate/proto/io/transport.ts';
import { acceptUpgrades, httpLimits, listenOn } from './websocket-upgrade.ts';

export interface PlainListener {
  readonly address: ManagerAddress;
  close(): Promise<void>;
}

/** @throws HEC_CONFIG for an address that is not loopback, HEC_CONNECTION */
export async function openPlainListener(
  address: ManagerAddress,
  onConnection: (transport: FrameTransport) => void,
  onRejected: (remote: string, reason: string) => void,
): Promise<PlainListener> {
  if (!isLoopbackHost(address.host)) {
    throw new HecateError(
      'HEC_CONFIG',
      `plain_loopback_listen: ${address.host} is not a loopback address`,
      'use 127.0.0.1, or TLS',
    );
  }
  const server = createServer({ ...httpLimits });
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.setNoDelay(true);
    socket.once('close', () => open.delete(socket));
  });
  acceptUpgrades(server, onConnection, onRejected);
  const port = await listenOn(server, address);
  return {
    address: { host: address.host, port },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}
