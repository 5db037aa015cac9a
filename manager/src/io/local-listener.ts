/** The Unix sockets of local operators: who may connect is a matter of file permissions, one role per socket. */
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
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

/** @throws HEC_CONNECTION, HEC_LOCKED when somebody answers on the socket */
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

async function bind(
  server: ReturnType<typeof createServer>,
  { path, mode, group }: LocalSocket,
): Promise<void> {
  // Between bind and chmod nobody else may connect.
  const before = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, resolve);
    });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new HecateError(
      'HEC_CONNECTION',
      `cannot listen on ${path}: ${why}`,
      'see "sockets" in hecate.yaml',
      error,
    );
  } finally {
    process.umask(before);
  }
  if (group !== undefined) await changeGroup(path, group);
  chmodSync(path, mode);
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
