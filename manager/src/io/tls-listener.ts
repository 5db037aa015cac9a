/**
 * TCP 2020: TLS 1.3 with mutual certificates, then WebSocket. What does not get as far as a hello in time is
 * cut off here, connection by connection; nothing that one connection does reaches another.
 */
import { createServer, type Server as HttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { asHecateError } from '@hecate/proto/core/errors.ts';
import type { ManagerAddress } from '@hecate/proto/core/manager-address.ts';
import type { FrameTransport } from '@hecate/proto/io/transport.ts';
import { rotate, type ServerTlsMaterial, serverTlsOptions } from '../trust/server-tls.ts';
import { acceptUpgrades, httpLimits, listenOn, remoteOf } from './websocket-upgrade.ts';

export interface TlsListener {
  /** Where it really listens: port 0 in the configuration becomes the port that was given. */
  readonly address: ManagerAddress;
  rotate(material: ServerTlsMaterial): void;
  close(): Promise<void>;
}

export interface TlsListenerHandlers {
  onConnection(transport: FrameTransport, socket: TLSSocket): void;
  /** A connection that did not come as far as a WebSocket; `reason` is for metrics and the log. */
  onRejected(remote: string, reason: string): void;
}

/** @throws HEC_CONNECTION when the address cannot be listened on */
export async function openTlsListener(
  address: ManagerAddress,
  material: ServerTlsMaterial,
  handlers: TlsListenerHandlers,
): Promise<TlsListener> {
  const server: HttpsServer = createServer({ ...serverTlsOptions(material), ...httpLimits });
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.setKeepAlive(true, 15_000);
    socket.setNoDelay(true);
    socket.once('close', () => open.delete(socket));
  });
  server.on('tlsClientError', (error, socket) => {
    handlers.onRejected(remoteOf(socket), asHecateError(error).message);
    socket.destroy();
  });
  acceptUpgrades(
    server,
    (transport, socket) => handlers.onConnection(transport, socket as TLSSocket),
    handlers.onRejected,
  );
  const port = await listenOn(server, address);
  return {
    address: { host: address.host, port },
    rotate: (next) => rotate(server, next),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}
