import { userInfo } from 'node:os';
import type { ManagerTarget } from '../core/manager-target.ts';
import { dialSocket } from './dial-socket.ts';
import { greet, type Manager, welcomeTimeLimitMs } from './manager.ts';

/** What the audit log shows for a caller on the socket; a certificate's name counts more. */
export function callerName(): string {
  const uid = process.getuid?.() ?? -1;
  try {
    return `${userInfo().username} (uid ${uid})`;
  } catch {
    // A uid without an entry in the user database, as in many containers.
    return `uid ${uid}`;
  }
}

/** @throws HEC_CONNECTION and whatever keeps us from being let in, each with its remedy */
export async function connectManager(
  target: ManagerTarget,
  identityDirectory: () => string,
  signal: AbortSignal,
  timeLimitMs: number = welcomeTimeLimitMs,
): Promise<Manager> {
  if (target.kind === 'socket') {
    return greet(await dialSocket(target.path, signal), 'operator', callerName(), signal, timeLimitMs);
  }
  // TLS and WebSocket cost 20 ms to load: only who needs them pays.
  const { dialRemote } = await import('./dial-remote.ts');
  return dialRemote(target.addresses, identityDirectory(), signal);
}
