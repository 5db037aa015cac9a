/** Keeps a connection to systemd: opens it again, with growing pauses, whenever the bus went away. */
import type { SystemdFailure, SystemdPort } from '../core/systemd-port.ts';
import { ListenerSet } from './listener-set.ts';
import { openSystemd, type SystemdOptions } from './systemd.ts';

export interface KeepOptions extends SystemdOptions {
  /** First pause before opening again, and the longest. Defaults 100 ms and 5 s. */
  backoffMsMin?: number;
  backoffMsMax?: number;
}

export interface KeptSystemd {
  /** The open connection, if there is one. */
  readonly current: SystemdPort | undefined;
  /** Soon also for a connection that is open already. Subscribed and ready; list the units now. */
  onConnected(listener: (systemd: SystemdPort) => void): () => void;
  /** When a connection ended, and for each attempt that failed. */
  onDisconnected(listener: (reason: Error) => void): () => void;
  /** Closes the connection and stops trying. */
  close(): void;
}

/** Starts trying at once; never throws. The pause is drawn between half and all of the growing limit. */
export function keepSystemd(options: KeepOptions): KeptSystemd {
  const { backoffMsMin = 100, backoffMsMax = 5000, ...systemdOptions } = options;
  const connected = new ListenerSet<SystemdPort>();
  const disconnected = new ListenerSet<Error>();
  let current: SystemdPort | undefined;
  let timer: NodeJS.Timeout | undefined;
  let failures = 0;
  let ended = false;

  const retry = (): void => {
    const limitMs = Math.min(backoffMsMax, backoffMsMin * 2 ** Math.min(failures, 16));
    failures += 1;
    timer = setTimeout(attempt, limitMs * (0.5 + Math.random() / 2));
  };
  const onEnd = (reason: SystemdFailure): void => {
    current = undefined;
    if (ended) return;
    disconnected.emit(reason);
    retry();
  };
  const attempt = async (): Promise<void> => {
    timer = undefined;
    try {
      const systemd = await openSystemd(systemdOptions);
      if (ended) {
        systemd.close();
        return;
      }
      failures = 0;
      current = systemd;
      systemd.onClosed(onEnd);
      connected.emit(systemd);
    } catch (cause) {
      if (ended) return;
      disconnected.emit(cause instanceof Error ? cause : new Error(String(cause)));
      retry();
    }
  };
  void attempt();

  return {
    get current() {
      return current;
    },
    onConnected(listener) {
      const open = current;
      if (open) queueMicrotask(() => listener(open));
      return connected.add(listener);
    },
    onDisconnected: (listener) => disconnected.add(listener),
    close() {
      ended = true;
      clearTimeout(timer);
      current?.close();
      current = undefined;
      connected.clear();
      disconnected.clear();
    },
  };
}
