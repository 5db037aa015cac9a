import { connect, type Socket } from 'node:net';
import { formatDuration } from '@hecate/proto/core/duration-text.ts';
import { HecateError } from '@hecate/proto/core/errors.ts';
import { streamTransport } from '@hecate/proto/io/stream-transport.ts';
import type { FrameTransport } from '@hecate/proto/io/transport.ts';
import { defaultSocketPath } from '../core/manager-target.ts';

/** A full backlog of a stopped manager makes connect() wait. */
const connectTimeLimitMs = 5000;

function explain(path: string, error: NodeJS.ErrnoException): HecateError {
  const other =
    path === defaultSocketPath
      ? 'if the manager runs on another host: --manager HOST'
      : `the usual place is ${defaultSocketPath}`;
  switch (error.code) {
    case 'ENOENT':
      return new HecateError(
        'HEC_CONNECTION',
        `no manager here: there is no socket ${path}`,
        `systemctl status hecate-manager; ${other}`,
        error,
      );
    case 'ECONNREFUSED':
      return new HecateError(
        'HEC_CONNECTION',
        `nobody listens on ${path}: the manager has ended`,
        'systemctl start hecate-manager; journalctl -u hecate-manager says why it ended',
        error,
      );
    case 'EACCES':
    case 'EPERM':
      return new HecateError(
        'HEC_ROLE',
        `you may not use ${path}`,
        'use sudo, or become a member of the group that owns it (ls -l shows it), or use --manager with an identity of your own',
        error,
      );
    default:
      return new HecateError(
        'HEC_CONNECTION',
        `${path}: ${error.message}`,
        `is it the manager's socket? ${other}`,
        error,
      );
  }
}

/** @throws HEC_CONNECTION, HEC_ROLE */
export function dialSocket(path: string, signal: AbortSignal): Promise<FrameTransport> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect({ path });
    const settle = (result: FrameTransport | HecateError): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      socket.removeListener('error', onError);
      if (result instanceof HecateError) {
        socket.on('error', () => undefined);
        socket.destroy();
        reject(result);
      } else resolve(result);
    };
    const onError = (error: Error): void => settle(explain(path, error));
    const onAbort = (): void => settle(new HecateError('HEC_CANCELLED', 'interrupted while connecting'));
    const timer = setTimeout(
      () => settle(explain(path, new Error(`no connection within ${formatDuration(connectTimeLimitMs)}`))),
      connectTimeLimitMs,
    );
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('error', onError);
    socket.once('connect', () => settle(streamTransport(socket, path)));
  });
}
