/** The other end of a dial: real listeners on loopback that end with their test. */
import { once } from 'node:events';
import type { Server as HttpServer } from 'node:http';
import type { Server, Socket } from 'node:net';
import type { Test } from 'tap';
import { WebSocketServer } from 'ws';
import { subprotocol } from '../../src/core/limits.ts';

/** Listens until the end of the test; all its connections end with it. */
export async function listen(t: Test, listener: Server | HttpServer): Promise<number> {
  const sockets = new Set<Socket>();
  listener.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy();
    listener.close();
  });
  const address = listener.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Sends back every message. */
export function echo(
  listener: HttpServer,
  onUpgrade: (socket: Socket) => void = () => undefined,
): HttpServer {
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => subprotocol });
  listener.on('upgrade', (request, socket: Socket, head) => {
    onUpgrade(socket);
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      webSocket.on('error', () => undefined).on('message', (data) => webSocket.send(data));
    });
  });
  return listener;
}
