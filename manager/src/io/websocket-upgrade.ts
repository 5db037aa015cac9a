/** From an HTTP(S) server to frames: what both TCP listeners share. */
import type { Server as HttpServer, IncomingMessage } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import { HecateError } from '@hecate/proto/core/errors.ts';
import { subprotocol } from '@hecate/proto/core/limits.ts';
import { formatManagerAddress, type ManagerAddress } from '@hecate/proto/core/manager-address.ts';
import type { FrameTransport } from '@hecate/proto/io/transport.ts';
import { webSocketOptions, webSocketTransport } from '@hecate/proto/io/websocket-transport.ts';
import { WebSocketServer } from 'ws';

/** An upgrade request is a few hundred bytes; who takes longer than this for it is not an agent. */
export const httpLimits = {
  headersTimeout: 10_000,
  requestTimeout: 10_000,
  connectionsCheckingInterval: 2_000,
  keepAliveTimeout: 1_000,
  maxHeaderSize: 8 * 1024,
} as const;

/** Half a connection backlog of 1,000 agents that all come back at once. */
const backlog = 1024;

export const remoteOf = (socket: Socket): string =>
  `${socket.remoteAddress ?? '?'}:${socket.remotePort ?? 0}`;

export function acceptUpgrades(
  server: HttpServer | HttpsServer,
  onConnection: (transport: FrameTransport, socket: Socket) => void,
  onRejected: (remote: string, reason: string) => void,
): void {
  const sockets = new WebSocketServer({
    noServer: true,
    ...webSocketOptions,
    handleProtocols: (offered) => (offered.has(subprotocol) ? subprotocol : false),
  });
  server.on('request', (_request, response) => {
    response.writeHead(426, { 'content-type': 'text/plain', connection: 'close', upgrade: 'websocket' });
    response.end(
      'this is a Hecate manager: it speaks WebSocket here, and answers hecatectl and hecate-agent\n',
    );
  });
  server.on('clientError', (_error, socket) => socket.destroy());
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    const remote = remoteOf(socket);
    socket.on('error', () => socket.destroy());
    if (request.headers['sec-websocket-protocol'] !== subprotocol) {
      onRejected(remote, 'another subprotocol');
      socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n');
      return;
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      onConnection(webSocketTransport(webSocket, socket, remote), socket);
    });
  });
}

/** @returns the port. @throws HEC_CONNECTION */
export function listenOn(server: HttpServer | HttpsServer, address: ManagerAddress): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const where = formatManagerAddress(address);
      reject(
        new HecateError(
          'HEC_CONNECTION',
          `cannot listen on ${where}: ${error.message}`,
          `ss -tlnp 'sport = :${address.port}' shows who does`,
          error,
        ),
      );
    });
    server.listen({ host: address.host, port: address.port, backlog }, () => {
      const bound = server.address();
      resolve(typeof bound === 'object' && bound ? bound.port : address.port);
    });
  });
}
