/**
 * A fake systemd behind the agent's port, for load tests with a thousand agents in one process and for faults that a
 * real one does not show on demand. agent/test/io/fake-systemd.test.ts runs the same operations on it and on a real
 * one. It knows services only, and no dependencies between them.
 */
import type { BusValue } from '@hecate/proto/core/bus-value.ts';
import type * as port from '../../agent/src/core/systemd-port.ts';
import { BusError } from '../../agent/src/io/bus-error.ts';
import { ListenerSet } from '../../agent/src/io/listener-set.ts';
import { type FakeUnit, FakeUnits, notFoundState, refused } from './fake-units.ts';

export interface FakeSystemdOptions {
  units: readonly FakeUnit[];
  /** How long a job takes; default 0: until the next turn of the event loop. */
  jobMs?: number;
}

export class FakeSystemd implements port.SystemdPort {
  /** Every call that changes something, as it came: `start web.service`. */
  readonly calls: string[] = [];
  defaultTarget = 'default.target';
  readonly #host: FakeUnits;
  readonly #unitsListed = new ListenerSet<port.UnitState[]>();
  readonly #closed = new ListenerSet<port.SystemdFailure>();
  #reason: port.SystemdFailure | undefined;

  constructor({ units, jobMs = 0 }: FakeSystemdOptions) {
    this.#host = new FakeUnits(units, jobMs);
  }

  // ── What a test does to it ──

  /** As if the bus went away. */
  disconnect(): void {
    this.#close('the fake bus is gone');
  }

  /** A unit changes by itself. */
  change(name: string, activeState: string, subState: string): void {
    this.#host.enter(this.#host.unit(name, 'change'), activeState, subState);
  }

  /** Ends the job of a unit that hangs. */
  release(name: string, result = 'done'): void {
    for (const [jobPath, job] of this.#host.jobs) if (job.unit === name) this.#host.endJob(jobPath, result);
  }

  /** From now on JobRemoved is not sent, as if it were lost. */
  loseSignals(): void {
    this.#host.losesSignals = true;
  }

  // ── Jobs ──

  startJob(verb: port.JobVerb, unit: string): Promise<port.StartedJob> {
    return this.#ask(`${verb} ${unit}`, () => this.#host.startJob(verb, unit));
  }

  startTransientUnit(): Promise<port.StartedJob> {
    return Promise.reject(
      refused('HEC_UNSUPPORTED', 'the fake systemd has no transient units', 'NotSupported'),
    );
  }

  finishedJob(jobPath: string): port.FinishedJob | undefined {
    return this.#host.losesSignals ? undefined : this.#host.finished.get(jobPath);
  }

  jobExists(jobPath: string): Promise<boolean> {
    return this.#ask('', () => this.#host.jobs.has(jobPath));
  }

  waitJob(): Promise<port.JobEnd> {
    return Promise.reject(refused('HEC_UNSUPPORTED', 'the fake systemd is not waited for', 'NotSupported'));
  }

  listJobs(): ReturnType<port.SystemdPort['listJobs']> {
    return this.#ask('', () =>
      [...this.#host.jobs].map(([jobPath, job]) => ({ ...job, jobPath, jobState: 'running' })),
    );
  }

  cancelJob(jobId: number): Promise<void> {
    return this.#ask(`cancel ${jobId}`, () => {
      for (const [jobPath, job] of this.#host.jobs)
        if (job.jobId === jobId) this.#host.endJob(jobPath, 'canceled');
    });
  }

  // ── Units ──

  kill(unit: string): Promise<void> {
    return this.#ask(`kill ${unit}`, () => {
      const target = this.#host.unit(unit, 'KillUnit');
      if (target.state.activeState === 'active') this.#host.enter(target, 'inactive', 'dead');
    });
  }

  freeze(unit: string): Promise<void> {
    return this.#ask(`freeze ${unit}`, () => {
      this.#host.unit(unit, 'FreezeUnit').freezerState = 'frozen';
    });
  }

  thaw(unit: string): Promise<void> {
    return this.#ask(`thaw ${unit}`, () => {
      this.#host.unit(unit, 'ThawUnit').freezerState = 'running';
    });
  }

  resetFailed(unit: string): Promise<void> {
    return this.#ask(`reset-failed ${unit}`, () => {
      const target = this.#host.unit(unit, 'ResetFailedUnit');
      if (target.state.activeState === 'failed') this.#host.enter(target, 'inactive', 'dead');
      target.result = 'success';
    });
  }

  hold(unit: string): Promise<void> {
    return this.#ask('', () => void this.#host.unit(unit, 'RefUnit'));
  }

  letGo(unit: string): Promise<void> {
    return this.#ask('', () => void this.#host.unit(unit, 'UnrefUnit'));
  }

  listUnits(): Promise<port.UnitState[]> {
    return this.#ask('', () => this.#host.states());
  }

  unitState(name: string): Promise<port.UnitState> {
    return this.#ask('', () => ({ ...(this.#host.units.get(name)?.state ?? notFoundState(name)) }));
  }

  unitProperties(name: string): Promise<Map<string, BusValue>> {
    return this.#ask('', () => {
      const unit = this.#host.units.get(name);
      const state = unit?.state ?? notFoundState(name);
      const text = (value: string): BusValue => ({ signature: 's', value });
      return new Map<string, BusValue>([
        ['Id', text(name)],
        ['Names', { signature: 'as', value: [name] }],
        ['LoadState', text(state.loadState)],
        ['ActiveState', text(state.activeState)],
        ['SubState', text(state.subState)],
        ['Result', text(unit?.result ?? 'success')],
        ['ExecMainStatus', { signature: 'i', value: unit?.execMainStatus ?? 0 }],
        ['UnitFileState', text(unit?.fileState ?? '')],
      ]);
    });
  }

  async unitProperty(name: string, _interfaceName: string, property: string): Promise<BusValue> {
    if (property === 'FreezerState')
      return { signature: 's', value: this.#host.units.get(name)?.freezerState ?? 'running' };
    const value = (await this.unitProperties(name)).get(property);
    if (value) return value;
    throw refused('HEC_BUS_ERROR', `no property ${property}`, 'UnknownProperty');
  }

  unitOutcome(name: string): Promise<port.UnitOutcome> {
    return this.#ask('', () => {
      const unit = this.#host.units.get(name);
      const { loadState, activeState, subState } = unit?.state ?? notFoundState(name);
      return {
        loadState,
        activeState,
        subState,
        result: unit?.result ?? 'success',
        execMainStatus: unit?.execMainStatus ?? 0,
        execMainCode: unit?.execMainCode ?? 0,
        invocationId: unit?.invocations ? unit.invocations.toString(16).padStart(32, '0') : '',
        stateChangeTimestampMonotonic: unit?.changedUs ?? 0n,
        nRestarts: 0,
      };
    });
  }

  managerProperty(property: string): Promise<BusValue> {
    return this.#ask('', (): BusValue => {
      switch (property) {
        case 'Version':
          return { signature: 's', value: 'fake' };
        case 'SystemState':
          return { signature: 's', value: 'running' };
        default:
          return { signature: 'u', value: 0 };
      }
    });
  }

  // ── Unit files ──

  enable(units: readonly string[]): Promise<port.UnitFileChanges> {
    return this.#changeFiles('enable', units, 'enabled');
  }

  disable(units: readonly string[]): Promise<port.UnitFileChanges> {
    return this.#changeFiles('disable', units, 'disabled');
  }

  mask(units: readonly string[]): Promise<port.UnitFileChanges> {
    return this.#changeFiles('mask', units, 'masked');
  }

  unmask(units: readonly string[]): Promise<port.UnitFileChanges> {
    return this.#changeFiles('unmask', units, 'disabled');
  }

  getDefault(): Promise<string> {
    return this.#ask('', () => this.defaultTarget);
  }

  setDefault(target: string): Promise<port.UnitFileChanges> {
    return this.#ask(`set-default ${target}`, () => {
      this.defaultTarget = target;
      return { carriesInstallInfo: true, changes: [] };
    });
  }

  unitFileState(unit: string): Promise<string> {
    return this.#ask('', () => this.#host.units.get(unit)?.fileState ?? 'not-found');
  }

  listUnitFiles(): Promise<port.UnitFileEntry[]> {
    return this.#ask('', () =>
      [...this.#host.units.values()].map(({ name, fileState }) => ({
        unit: name,
        path: `/fake/${name}`,
        state: fileState,
      })),
    );
  }

  unitFileContents(name: string): Promise<port.UnitFileText[]> {
    return this.#ask('', () => {
      this.#host.unit(name, 'LoadUnit');
      return [{ path: `/fake/${name}`, text: '[Service]\n' }];
    });
  }

  reload(): Promise<void> {
    return this.#ask('daemon-reload', () => {
      setImmediate(() => this.#unitsListed.emit(this.#host.states()));
    });
  }

  // ── Host ──

  powerOff(): Promise<void> {
    return this.#ask('poweroff', () => undefined);
  }

  reboot(): Promise<void> {
    return this.#ask('reboot', () => undefined);
  }

  isPreparingForShutdown(): Promise<boolean> {
    return this.#ask('', () => false);
  }

  // ── Events ──

  onNewOwner(_listener: () => void): port.Unsubscribe {
    return () => undefined;
  }

  onJobRemoved(listener: (job: port.FinishedJob) => void): port.Unsubscribe {
    return this.#host.jobRemoved.add(listener);
  }

  onUnitChanged(listener: (change: port.UnitChange) => void): port.Unsubscribe {
    return this.#host.unitChanged.add(listener);
  }

  onUnitRemoved(): port.Unsubscribe {
    return () => undefined;
  }

  onUnitsListed(listener: (units: port.UnitState[]) => void): port.Unsubscribe {
    return this.#unitsListed.add(listener);
  }

  onReloading(): port.Unsubscribe {
    return () => undefined;
  }

  onUnitFilesChanged(): port.Unsubscribe {
    return () => undefined;
  }

  onClosed(listener: (reason: port.SystemdFailure) => void): port.Unsubscribe {
    return this.#closed.add(listener);
  }

  close(): void {
    this.#close('the fake bus was closed');
  }

  counters(): port.SystemdCounters {
    return {
      callsInFlight: 0,
      callsQueued: 0,
      callsSent: this.calls.length,
      callsTimedOut: 0,
      signals: 0,
      signalsIgnored: 0,
      matchRules: 0,
    };
  }

  // ── Inside ──

  #ask<T>(call: string, answer: () => T): Promise<T> {
    if (this.#reason) return Promise.reject(this.#reason);
    if (call !== '') this.calls.push(call);
    try {
      return Promise.resolve(answer());
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #changeFiles(verb: string, units: readonly string[], state: string): Promise<port.UnitFileChanges> {
    return this.#ask(`${verb} ${units.join(' ')}`, () => {
      for (const name of units) this.#host.unit(name, verb).fileState = state;
      const changes = units.map((name) => ({ change: 'symlink', file: `/fake/wants/${name}`, source: '' }));
      return { carriesInstallInfo: true, changes };
    });
  }

  #close(why: string): void {
    if (this.#reason) return;
    const reason = new BusError('HEC_BUS_GONE', why, { delivery: 'unknown' });
    this.#reason = reason;
    this.#host.jobRemoved.clear();
    this.#host.unitChanged.clear();
    this.#closed.emit(reason);
  }
}
