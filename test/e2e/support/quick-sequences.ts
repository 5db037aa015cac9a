/**
 * Sequences for one server, one worker and a coordinator, in the form an operator writes them, with limits so short that
 * a test can wait for each of them to be over.
 */

export interface QuickOptions {
  /** Before anything else: time for a test to do its damage in. */
  readonly wait?: string;
  /** Of each stop. */
  readonly stopTimeout?: string;
  /** Of each poweroff and of the gate behind it. */
  readonly offTimeout?: string;
  /** Of a cluster with storage, which goes off behind the servers. */
  readonly hasStorage?: boolean;
}

/** Workers, servers; then hosts off in that order, the coordinator last. Failures are told, and it goes on. */
export function quickShutdown({
  wait,
  stopTimeout = '10s',
  offTimeout = '60s',
  hasStorage = false,
}: QuickOptions = {}) {
  const off = (role: string) => ({
    name: `off-${role}`,
    steps: [{ poweroff: { nodes: [`role:${role}`] }, timeout: offTimeout, on_failure: 'continue' }],
  });
  const stop = (role: string) => ({
    name: `stop-${role}`,
    steps: [{ stop: { nodes: [`role:${role}`] }, timeout: stopTimeout, on_failure: 'continue' }],
  });
  const first = wait === undefined ? [] : [{ name: 'first', steps: [{ wait }] }];
  const roles = ['agent', 'server'];
  const hosts = [...roles, ...(hasStorage ? ['storage'] : []), 'coordinator'];
  return { stages: [...first, ...roles.map(stop), ...hosts.map(off)] };
}

export interface QuickStartupOptions {
  readonly wait?: string;
  /** What it means when a worker does not come. Default `continue`. */
  readonly onWorkerMissing?: 'continue' | 'abort';
  /** Of the wake of workers. Default 30 s. */
  readonly wakeTimeout?: string;
}

/** Servers, workers: woken, their units started, and seen to be active where their node is online. */
export function quickStartup({
  wait,
  onWorkerMissing = 'continue',
  wakeTimeout = '30s',
}: QuickStartupOptions = {}) {
  const first = wait === undefined ? [] : [{ name: 'first', steps: [{ wait }] }];
  const up = (role: string, timeout: string, onFailure: string) => ({
    name: role,
    steps: [
      { wake: { nodes: [`role:${role}`] }, timeout, on_failure: onFailure },
      { start: { nodes: [`role:${role}`] }, timeout: '15s', on_failure: 'continue' },
    ],
  });
  return { stages: [...first, up('server', '60s', 'abort'), up('agent', wakeTimeout, onWorkerMissing)] };
}
