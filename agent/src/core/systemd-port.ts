/**
 * What the agent's core knows of systemd: the interface that an adapter under io/ fulfils. Types only.
 *
 * Every method that asks systemd something rejects with a {@link SystemdFailure} (a HecateError with two more
 * fields) and never hangs: each call has a time limit, and all that are pending reject when the bus goes.
 */
import type { BusValue } from '@hecate/proto/core/bus-value.ts';
import type { HecateError } from '@hecate/proto/core/errors.ts';

/**
 * What is known about a call that failed (I2, I12):
 * `not-sent`: it never left this process, so it was not applied;
 * `refused`: systemd or the bus answered with an error, so it was not applied;
 * `unknown`: it was sent and no answer came (time limit, bus gone), so it may have been applied.
 */
export type Delivery = 'not-sent' | 'refused' | 'unknown';

/** `code` is HEC_BUS_GONE, HEC_BUS_ERROR, HEC_NO_SUCH_UNIT, HEC_BAD_NAME, HEC_TIMEOUT, HEC_BUSY … */
export interface SystemdFailure extends HecateError {
  readonly delivery: Delivery;
  /** D-Bus error name as it came, e.g. `org.freedesktop.systemd1.UnitMasked`; empty when none came. */
  readonly busErrorName: string;
}

export type JobVerb = 'start' | 'stop' | 'restart' | 'try-restart' | 'reload' | 'reload-or-restart';
export type KillWho = 'main' | 'control' | 'all' | 'main-fail' | 'control-fail' | 'all-fail';

/** A job that systemd has removed. `result`: done, canceled, timeout, failed, dependency, skipped, collected … */
export interface FinishedJob {
  jobId: number;
  jobPath: string;
  unit: string;
  result: string;
}

export interface StartedJob {
  jobId: number;
  jobPath: string;
}

/** One row of ListUnits. `jobId` 0 and `jobType` empty: no job is queued. */
export interface UnitState {
  name: string;
  description: string;
  loadState: string;
  activeState: string;
  subState: string;
  /** The unit whose state this one follows, or empty. */
  following: string;
  unitPath: string;
  jobId: number;
  jobType: string;
}

/**
 * What changed in a unit. The first one of a new unit carries every field; later ones those that the signal
 * carried (description, load state and job type are not among them: only a reload changes the first two).
 */
export interface UnitChange extends Partial<Omit<UnitState, 'name' | 'unitPath'>> {
  name: string;
  unitPath: string;
  /** `running`, `freezing`, `frozen`, `thawing`. */
  freezerState?: string;
  /** 32 hex digits; empty when the unit was never started. */
  invocationId?: string;
}

/** One change that enable, disable, mask, unmask or set-default made to the file system. */
export interface UnitFileChange {
  /** `symlink`, `unlink`, or a remark such as `auxiliary-failed`. */
  change: string;
  file: string;
  source: string;
}

export interface UnitFileChanges {
  /** False for a unit without an [Install] section: there was nothing to enable. Always true for the others. */
  carriesInstallInfo: boolean;
  changes: UnitFileChange[];
}

export interface UnitFileEntry {
  unit: string;
  path: string;
  state: string;
}

export interface UnitFileText {
  path: string;
  text: string;
}

/** What is needed to judge how an operation ended. Fields a unit's type does not have are undefined. */
export interface UnitOutcome {
  loadState: string;
  activeState: string;
  subState: string;
  /** The Result property of services, sockets, timers …: `success`, `exit-code`, `signal`, `timeout` … */
  result: string | undefined;
  execMainStatus: number | undefined;
  /** CLD_EXITED 1, CLD_KILLED 2, CLD_DUMPED 3; 0: never ran. */
  execMainCode: number | undefined;
  /** 32 hex digits; empty when never started. */
  invocationId: string;
  /** Microseconds of CLOCK_MONOTONIC. */
  stateChangeTimestampMonotonic: bigint;
  nRestarts: number | undefined;
}

/** How {@link SystemdPort.waitJob} ended. `lost`: it is gone, or perhaps another's by now: ask unitOutcome. */
export type JobEnd = FinishedJob | { jobId: number; jobPath: string; unit: undefined; result: 'lost' };

export interface SystemdCounters {
  callsInFlight: number;
  callsQueued: number;
  callsSent: number;
  callsTimedOut: number;
  signals: number;
  /** From another sender than systemd, or with a signature that is not systemd's. */
  signalsIgnored: number;
  matchRules: number;
}

export type Unsubscribe = () => void;

export interface CallOptions {
  /** Counts from the moment of the call, queueing included. */
  timeoutMs?: number;
}

export interface UnitFileOptions extends CallOptions {
  /** Until the next boot only (/run). */
  runtime?: boolean;
  /** Replace links that stand in the way. */
  force?: boolean;
  /** Reload systemd afterwards, as systemctl does. Default true. */
  reload?: boolean;
}

/** One open connection to one systemd; it ends once and for all when the bus goes (`onClosed`). */
export interface SystemdPort {
  // ── Jobs ──
  startJob(verb: JobVerb, unit: string, mode?: string, options?: CallOptions): Promise<StartedJob>;
  startTransientUnit(
    unit: string,
    mode: string,
    properties: readonly (readonly [name: string, value: BusValue])[],
    options?: CallOptions,
  ): Promise<StartedJob>;
  /** The last 1,024 finished jobs are kept: JobRemoved can come before the method's reply. */
  finishedJob(jobPath: string): FinishedJob | undefined;
  /** For polling, in case a JobRemoved was lost. */
  jobExists(jobPath: string): Promise<boolean>;
  /** HEC_TIMEOUT (delivery `unknown`) when the job is still there after `timeoutMs`; the job is left alone. */
  waitJob(jobPath: string, options: { timeoutMs: number; pollIntervalMs?: number }): Promise<JobEnd>;
  listJobs(): Promise<{ jobId: number; unit: string; jobType: string; jobState: string; jobPath: string }[]>;
  cancelJob(jobId: number): Promise<void>;

  // ── Units ──
  kill(unit: string, who: KillWho, signal: number): Promise<void>;
  freeze(unit: string, options?: CallOptions): Promise<void>;
  thaw(unit: string, options?: CallOptions): Promise<void>;
  resetFailed(unit: string): Promise<void>;
  listUnits(): Promise<UnitState[]>;
  /** As `systemctl status` sees it: a unit that is not loaded is loaded; one without a file is `not-found`. */
  unitState(name: string): Promise<UnitState>;
  /**
   * All properties with their types, of the Unit interface and that of the unit's type. `interfaceNames`
   * narrows or widens it, e.g. ['Unit', 'Service'].
   */
  unitProperties(name: string, interfaceNames?: readonly string[]): Promise<Map<string, BusValue>>;
  unitProperty(name: string, interfaceName: string, property: string): Promise<BusValue>;
  unitOutcome(name: string): Promise<UnitOutcome>;
  managerProperty(property: string): Promise<BusValue>;

  // ── Unit files ──
  enable(units: readonly string[], options?: UnitFileOptions): Promise<UnitFileChanges>;
  disable(units: readonly string[], options?: UnitFileOptions): Promise<UnitFileChanges>;
  mask(units: readonly string[], options?: UnitFileOptions): Promise<UnitFileChanges>;
  unmask(units: readonly string[], options?: UnitFileOptions): Promise<UnitFileChanges>;
  getDefault(): Promise<string>;
  setDefault(target: string, options?: UnitFileOptions): Promise<UnitFileChanges>;
  /** `enabled`, `disabled`, `static`, `masked`, `generated` …; `not-found` when there is no such file. */
  unitFileState(unit: string): Promise<string>;
  listUnitFiles(): Promise<UnitFileEntry[]>;
  /** The unit's own file, then its drop-ins, then the file it was generated from. HEC_NO_SUCH_UNIT when none. */
  unitFileContents(name: string): Promise<UnitFileText[]>;
  /** daemon-reload. Its time limit is 180 s, as systemctl's. */
  reload(options?: CallOptions): Promise<void>;

  // ── Host (system bus only; through logind, which stops services and honours inhibitors) ──
  powerOff(): Promise<void>;
  reboot(): Promise<void>;
  /** Whether logind has taken a shutdown of any kind, its own or another's, and is not done with it. */
  isPreparingForShutdown(): Promise<boolean>;

  // ── Events ──
  /**
   * Another connection owns systemd's name: it executed itself again and knows its jobs by the same numbers, or
   * it is another process and counts them from 1. Told before anything that comes from it.
   */
  onNewOwner(listener: () => void): Unsubscribe;
  onJobRemoved(listener: (job: FinishedJob) => void): Unsubscribe;
  /** Bursts of one unit are merged over a few milliseconds. */
  onUnitChanged(listener: (change: UnitChange) => void): Unsubscribe;
  onUnitRemoved(listener: (name: string) => void): Unsubscribe;
  /** A full list after a daemon-reload or daemon-reexec: replaces all that was known. */
  onUnitsListed(listener: (units: UnitState[]) => void): Unsubscribe;
  /** True: a reload began (unit events pause); false: it ended, `onUnitsListed` follows. */
  onReloading(listener: (active: boolean) => void): Unsubscribe;
  onUnitFilesChanged(listener: () => void): Unsubscribe;
  /** Called once, also when it was closed before the listener came. */
  onClosed(listener: (reason: SystemdFailure) => void): Unsubscribe;
  close(): void;

  counters(): SystemdCounters;
}
