/** The Unix sockets of local operators: who may connect is a matter of file permissions, one role per socket. */
import { execFile } from 'node:child_process';
import { chmodSync, lstatSync, mkdirSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { HecateError } from '@hecate/proto/core/errors.ts';
import { streamTransport } from '@hecate/proto/io/stream-transport.ts';
import type { FrameTransport } from '@hecate/proto/io/transport.ts';
import type { OperatorRole } from '../core/roles.ts';

export interface LocalSocket {
  readonly path: string;
  readonly role: OperatorRole;
  /** File mode, such as 0o660. */
  readonly mode: number;
  readonly group?: string | undefined;
}

export interface LocalListener {
  close(): Promise<void>;
}

/** Local people and scripts; a runaway script must not eat the manager's file descriptors. */
const connectionsMax = 256;

/** @throws HEC_CONNECTION; HEC_LOCKED when somebody answers on the socket; HEC_CONFIG when the path is something else */
export async function openLocalListener(
  socket: LocalSocket,
  onConnection: (transport: FrameTransport, socket: LocalSocket) => void,
): Promise<LocalListener> {
  mkdirSync(dirname(socket.path), { recursive: true, mode: 0o755 });
  await removeStale(socket.path);
  const open = new Set<Socket>();
  const server = createServer((connection) => {
    open.add(connection);
    connection.once('close', () => open.delete(connection));
    onConnection(streamTransport(connection, `unix:${socket.path}`), socket);
  });
  server.maxConnections = connectionsMax;
  await bind(server, socket);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const connection of open) connection.destroy();
      }),
  };
}

async function bind(server: Server, { path, mode, group }: LocalSocket): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      listenPrivately(server, path, resolve);
    });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new HecateError(
      'HEC_CONNECTION',
      `cannot listen on ${path}: ${why}`,
      'see "sockets" in hecate.yaml',
      error,
    );
  }
  if (group !== undefined) await changeGroup(path, group);
  chmodSync(path, mode);
}

/**
 * Between bind and chmod nobody else may connect. The socket is bound before listen() returns, so the umask of the
 * process is another one for that call only, not until the event loop comes round.
 */
function listenPrivately(server: Server, path: string, onListening: () => void): void {
  const before = process.umask(0o177);
  try {
    server.listen(path, onListening);
  } finally {
    process.umask(before);
  }
}

async function changeGroup(path: string, group: string): Promise<void> {
  try {
    // Node has no look-up of group names; chgrp has.
    await promisify(execFile)('chgrp', ['--', group, path]);
  } catch (error) {
    throw new HecateError(
      'HEC_CONFIG',
      `cannot give ${path} to the group ${group}`,
      `groupadd --system ${group}`,
      error,
    );
  }
}

/** A socket file that nobody answers on was left by a crash. */
async function removeStale(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) {
    throw new HecateError(
      'HEC_CONFIG',
      `${path} is there and is no socket: it is left alone`,
      'give "sockets" in hecate.yaml another path, or move the file away',
    );
  }
  const isAnswered = await new Promise<boolean>((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => resolve(true));
    probe.once('error', () => resolve(false));
    probe.once('connect', () => probe.destroy());
  });
  if (isAnswered)
    throw new HecateError(
      'HEC_LOCKED',
      `another manager answers on ${path}`,
      'systemctl status hecate-manager',
    );
  rmSync(path, { force: true });
}
