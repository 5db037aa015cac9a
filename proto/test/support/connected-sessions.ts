/** Two sessions over a real connection on this host: a Unix socket, or a WebSocket over TCP. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { subprotocol } from '@hecate/proto/core/limits.ts';
import type { Welcome } from '@hecate/proto/generated/wire.ts';
import { Session, type SessionHandlers } from '@hecate/proto/io/session-host.ts';
import { streamTransport } from '@hecate/proto/io/stream-transport.ts';
import { systemClock } from '@hecate/proto/io/system-clock.ts';
import type { FrameTransport } from '@hecate/proto/io/transport.ts';
import { webSocketOptions, webSocketTransport } from '@hecate/proto/io/websocket-transport.ts';
import WebSocket, { WebSocketServer } from 'ws';
import { hello, welcome } from './session-fixtures.ts';

/** Both ends of one connection. */
export interface Link {
  readonly dialler: FrameTransport;
  readonly acceptor: FrameTransport;
  /** The dialler's socket, to break it. */
  readonly diallerSocket: Socket;
  readonly acceptorSocket: Socket;
  close(): void;
}

async function listen(server: Server, where: string | number): Promise<void> {
  if (typeof where === 'string') server.listen(where);
  else server.listen(where, '127.0.0.1');
  await once(server, 'listening');
}

export async function unixLink(): Promise<Link> {
  const folder = mkdtempSync(join(tmpdir(), 'hecate-'));
  const path = join(folder, 's.sock');
  const server = createServer();
  await listen(server, path);
  const diallerSocket = connect(path);
  const [acceptorSocket] = (await once(server, 'connection')) as [Socket];
  return {
    dialler: streamTransport(diallerSocket, path),
    acceptor: streamTransport(acceptorSocket, path),
    diallerSocket,
    acceptorSocket,
    close() {
      diallerSocket.destroy();
      acceptorSocket.destroy();
      server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export async function webSocketLink(): Promise<Link> {
  const http = createHttpServer();
  const server = new WebSocketServer({ server: http, ...webSocketOptions });
  await listen(http, 0);
  const { port } = http.address() as AddressInfo;
  const client = new WebSocket(`ws://127.0.0.1:${port}`, subprotocol, { ...webSocketOptions });
  const upgraded = once(client, 'upgrade') as Promise<[{ socket: Socket }]>;
  const connected = once(server, 'connection') as Promise<[WebSocket, { socket: Socket }]>;
  const [[{ socket: diallerSocket }], [accepted, { socket: acceptorSocket }]] = await Promise.all([
    upgraded,
    connected,
    once(client, 'open'),
  ]);
  return {
    dialler: webSocketTransport(client, diallerSocket, 'manager'),
    acceptor: webSocketTransport(accepted, acceptorSocket, 'agent'),
    diallerSocket,
    acceptorSocket,
    close() {
      client.terminate();
      accepted.terminate();
      server.close();
      http.close();
    },
  };
}

export type MakeLink = () => Promise<Link>;

export const links: Readonly<Record<string, MakeLink>> = {
  'Unix socket': unixLink,
  WebSocket: webSocketLink,
};

type Ended = Parameters<NonNullable<SessionHandlers['onEnded']>>[0];

export interface Pair {
  readonly dialler: Session;
  readonly acceptor: Session;
  readonly link: Link;
  /** How each of them ended. */
  readonly diallerEnded: Promise<Ended>;
  readonly acceptorEnded: Promise<Ended>;
}

/** A dialling agent and an accepting manager, after their greeting. */
export async function connectedPair(
  makeLink: MakeLink,
  handlers: { dialler?: SessionHandlers; acceptor?: SessionHandlers; welcome?: Partial<Welcome> } = {},
): Promise<Pair> {
  const link = await makeLink();
  const diallerEnd = Promise.withResolvers<Ended>();
  const acceptorEnd = Promise.withResolvers<Ended>();
  const established = Promise.withResolvers<void>();
  const acceptor = new Session('acceptor', link.acceptor, systemClock, {
    onHello: () => acceptor.accept('agent', { ...welcome, heartbeatIntervalMs: 5000, ...handlers.welcome }),
    ...handlers.acceptor,
    onEnded: acceptorEnd.resolve,
  });
  acceptor.open();
  const dialler = new Session('dialler', link.dialler, systemClock, {
    ...handlers.dialler,
    onEstablished: () => established.resolve(),
    onEnded: (ended) => {
      diallerEnd.resolve(ended);
      established.resolve();
    },
  });
  dialler.open(hello);
  await established.promise;
  return { dialler, acceptor, link, diallerEnded: diallerEnd.promise, acceptorEnded: acceptorEnd.promise };
}
