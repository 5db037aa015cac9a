import type { ChildProcess } from 'node:child_process';
import type { ExecuteOptions, ExecuteResult } from './execute.ts';

/** `user`: a real `systemd --user` in namespaces of its own. `booted`: a whole system with its own PID 1. */
export type NodeKind = 'user' | 'booted';

/** Where something listens: an address that can be dialled from inside the node it was asked of. */
export interface Address {
  host: string;
  port: number;
}

/** What to give a long-lived process inside a node. */
export interface SpawnOptions {
  /** Added to the node's own environment. */
  env?: Record<string, string>;
  /** Inside the node. Default: the node's home folder. */
  cwd?: string;
  /** `pipe` (default) leaves stdout and stderr to the caller, who must read them; `inherit` shows them. */
  output?: 'pipe' | 'inherit' | 'ignore';
}

/** A long-lived process inside a node. */
export interface NodeProcess {
  /** The launcher on the host: for its stdin, stdout and stderr. Signals belong to {@link kill}, not here. */
  readonly child: ChildProcess;
  /** The process itself, as seen from the host; `undefined` when it had ended before it was seen. */
  readonly pid: number | undefined;
  /** The exit status when the process ends, as a shell gives it: 128 + signal number when a signal ended it. */
  readonly exited: Promise<number>;
  /** Signals the process itself. False when it is gone. */
  kill(signal: NodeJS.Signals): boolean;
}

/**
 * The node was switched on, or really ended: its last process was gone. Times are those of `monotonicMs`, so that the
 * order in which nodes ended can be read from them. `isOrderly`: by its own systemd, not by a pulled plug or a crash.
 */
export type PowerEvent =
  | { readonly event: 'on'; readonly atMs: number }
  | { readonly event: 'off'; readonly atMs: number; readonly isOrderly: boolean };

/**
 * One host of the test fleet. Every method but `boot`, `isUp`, `power`, `collect` and `destroy` throws when the node is
 * off. Pids are those that the host sees; `hostPid` translates.
 */
export interface FleetNode {
  readonly name: string;
  readonly kind: NodeKind;
  /** The address other nodes reach it by; loopback for user-mode nodes, which share the host's network. */
  readonly address: string;
  /** The repository as the node sees it (read-only on booted nodes). */
  readonly repository: string;
  /** The node's home folder, as the node sees it. Files there survive a power-off. */
  readonly home: string;
  /** `--user` for a user-mode node, `--system` for a booted one: the flag for systemctl, busctl and the agent. */
  readonly managerFlag: '--user' | '--system';
  /** Where unit files go, as the node sees it. Call `daemon-reload` afterwards. */
  readonly unitFolder: string;

  /** Switches the host on and waits until its systemd has started everything. Again on the same disk. */
  boot(): Promise<void>;
  isUp(): boolean;
  /** Everything so far, oldest first. A reboot is neither on nor off. */
  power(): readonly PowerEvent[];
  /** Orderly: the node's systemd stops its units and ends. Throws when it does not within `timeoutMs`. */
  poweroff(timeoutMs?: number): Promise<void>;
  /** The mains plug is pulled: everything inside is gone at once, nothing is stopped or synced. */
  pullPlug(): Promise<void>;
  /** Resolves when the node is off, whoever switched it off. */
  waitUntilOff(timeoutMs?: number): Promise<void>;

  run(argv: readonly string[], options?: ExecuteOptions): Promise<ExecuteResult>;
  /** As `run`, and throws with stderr unless the exit status is 0; returns stdout. */
  runOrThrow(argv: readonly string[], options?: ExecuteOptions): Promise<string>;
  /** `systemctl` with the node's manager flag. */
  systemctl(...args: string[]): Promise<ExecuteResult>;
  spawn(argv: readonly string[], options?: SpawnOptions): Promise<NodeProcess>;

  /** Writes a file inside the node, atomically; folders on the way are made. `mode` e.g. 0o600, default 0o644. */
  writeFile(path: string, text: string | Buffer, mode?: number): Promise<void>;
  readFile(path: string): Promise<string>;

  /** Silent loss of the network: nothing gets through in either direction, no RST, no FIN, no carrier change. */
  cut(): Promise<void>;
  heal(): Promise<void>;
  /** Where a process inside the node must dial to reach the manager (through the fault proxy on user nodes). */
  managerAddress(): Address;

  /** Pid inside the node → pid on the host. Throws when there is no such process. */
  hostPid(insidePid: number): number;
  /** SIGSTOP: the process is there but answers nothing. */
  freeze(pid: number): void;
  thaw(pid: number): void;
  kill(pid: number, signal: NodeJS.Signals): void;

  /** Writes what explains a failure (journal, units, jobs, processes) into `folder`. Works on a node that is off. */
  collect(folder: string): Promise<void>;
  /** Ends the node and gives its resources back; idempotent. Its files go when its fleet is destroyed. */
  destroy(): Promise<void>;
}
