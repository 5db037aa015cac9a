/** The units and jobs of the fake systemd (fake-systemd.ts): services only, and no dependencies between them. */
import type * as port from '../../agent/src/core/systemd-port.ts';
import { BusError } from '../../agent/src/io/bus-error.ts';
import { FinishedJobs } from '../../agent/src/io/finished-jobs.ts';
import { ListenerSet } from '../../agent/src/io/listener-set.ts';

export interface FakeUnit {
  name: string;
  description?: string;
  /** runs: stays active · ends: a oneshot that succeeds · fails: with exit status 3 · hangs: its job never ends */
  kind?: 'runs' | 'ends' | 'fails' | 'hangs';
  /** Its file's state; default `static`. */
  fileState?: string;
}

export interface UnitOfFake extends Required<FakeUnit> {
  state: port.UnitState;
  result: string;
  execMainStatus: number;
  execMainCode: number;
  changedUs: bigint;
  invocations: number;
  freezerState: string;
}

const nowUs = (): bigint => process.hrtime.bigint() / 1000n;

export class FakeUnits {
  readonly units = new Map<string, UnitOfFake>();
  readonly jobs = new Map<string, { jobId: number; unit: string; jobType: string }>();
  readonly finished = new FinishedJobs();
  readonly jobRemoved = new ListenerSet<port.FinishedJob>();
  readonly unitChanged = new ListenerSet<port.UnitChange>();
  /** Signals that are not sent, as if they were lost. */
  losesSignals = false;
  readonly #jobMs: number;
  #lastJobId = 0;

  constructor(units: readonly FakeUnit[], jobMs: number) {
    this.#jobMs = jobMs;
    for (const unit of units) this.units.set(unit.name, newUnit(unit));
  }

  states(): port.UnitState[] {
    return [...this.units.values()].map(({ state }) => ({ ...state }));
  }

  /** @throws as systemd does for a unit that it cannot find */
  unit(name: string, method: string): UnitOfFake {
    const unit = this.units.get(name);
    if (unit) return unit;
    throw refused('HEC_NO_SUCH_UNIT', `${method}("${name}"): Unit ${name} not found.`, 'NoSuchUnit');
  }

  startJob(verb: port.JobVerb, name: string): port.StartedJob {
    const unit = this.unit(name, jobMethods[verb]);
    const said = `${jobMethods[verb]}("${name}")`;
    if (unit.fileState === 'masked')
      throw refused('HEC_BUS_ERROR', `${said}: Unit ${name} is masked.`, 'UnitMasked');
    if (verb === 'reload')
      throw refused('HEC_BUS_ERROR', `${said}: Job type reload is not applicable`, 'JobTypeNotApplicable');
    this.#lastJobId += 1;
    const jobId = this.#lastJobId;
    const jobPath = `/org/freedesktop/systemd1/job/${jobId}`;
    this.jobs.set(jobPath, { jobId, unit: name, jobType: verb });
    this.#begin(unit, verb, jobPath);
    return { jobId, jobPath };
  }

  endJob(jobPath: string, result: string): void {
    const job = this.jobs.get(jobPath);
    if (!job) return;
    this.jobs.delete(jobPath);
    const finished = { jobId: job.jobId, jobPath, unit: job.unit, result };
    this.finished.add(finished);
    if (!this.losesSignals) this.jobRemoved.emit(finished);
  }

  enter(unit: UnitOfFake, activeState: string, subState: string): void {
    unit.state = { ...unit.state, activeState, subState };
    unit.changedUs = nowUs();
    const { name, unitPath } = unit.state;
    this.unitChanged.emit({ name, unitPath, activeState, subState });
  }

  #begin(unit: UnitOfFake, verb: port.JobVerb, jobPath: string): void {
    const isUp = unit.state.activeState === 'active';
    const isNothingToDo = isUp ? verb === 'start' : verb === 'try-restart';
    if (isNothingToDo) {
      this.#soon(() => this.endJob(jobPath, 'done'));
      return;
    }
    const isStop = verb === 'stop';
    if (!isStop && !isUp) this.enter(unit, 'activating', 'start');
    if (!isStop && unit.kind === 'hangs') return;
    this.#soon(() => {
      if (!this.jobs.has(jobPath)) return;
      this.#settle(unit, isStop);
      this.endJob(jobPath, !isStop && unit.kind === 'fails' ? 'failed' : 'done');
    });
  }

  #settle(unit: UnitOfFake, isStop: boolean): void {
    if (isStop) {
      if (unit.state.activeState !== 'inactive') this.enter(unit, 'inactive', 'dead');
      return;
    }
    const isFailing = unit.kind === 'fails';
    unit.invocations += 1;
    unit.result = isFailing ? 'exit-code' : 'success';
    unit.execMainStatus = isFailing ? 3 : 0;
    unit.execMainCode = unit.kind === 'runs' ? 0 : 1;
    if (isFailing) this.enter(unit, 'failed', 'failed');
    else if (unit.kind === 'ends') this.enter(unit, 'inactive', 'dead');
    else this.enter(unit, 'active', 'running');
  }

  #soon(then: () => void): void {
    if (this.#jobMs > 0) setTimeout(then, this.#jobMs).unref();
    else setImmediate(then);
  }
}

const jobMethods: Readonly<Record<port.JobVerb, string>> = {
  start: 'StartUnit',
  stop: 'StopUnit',
  restart: 'RestartUnit',
  'try-restart': 'TryRestartUnit',
  reload: 'ReloadUnit',
  'reload-or-restart': 'ReloadOrRestartUnit',
};

function newUnit(unit: FakeUnit): UnitOfFake {
  const { name, description = name, kind = 'runs', fileState = 'static' } = unit;
  return {
    name,
    description,
    kind,
    fileState,
    state: { ...notFoundState(name), description, loadState: 'loaded' },
    result: 'success',
    execMainStatus: 0,
    execMainCode: 0,
    changedUs: 0n,
    invocations: 0,
    freezerState: 'running',
  };
}

export const notFoundState = (name: string): port.UnitState => ({
  name,
  description: name,
  loadState: 'not-found',
  activeState: 'inactive',
  subState: 'dead',
  following: '',
  unitPath: `/org/freedesktop/systemd1/unit/${name}`,
  jobId: 0,
  jobType: '',
});

export const refused = (code: port.SystemdFailure['code'], message: string, name: string): BusError =>
  new BusError(code, message, { delivery: 'refused', busErrorName: `org.freedesktop.systemd1.${name}` });
