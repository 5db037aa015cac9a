/** One simulated host: power, boots, and the systemd of its units. What it remembers is the truth (I1 to I4). */
import type { Verb } from '@hecate/proto/generated/wire.ts';
import type { Cancel, VirtualTime } from './operations-time.ts';

export type UnitState = 'inactive' | 'activating' | 'active' | 'deactivating' | 'failed';

/** A state and since when: the last ones, so that a look of a moment ago can be judged. */
export interface Since<T> {
  readonly value: T;
  readonly atMs: number;
}

export interface HostUnit {
  readonly name: string;
  history: Since<UnitState>[];
  job: HostJob | undefined;
}

export interface HostJob {
  readonly opId: string;
  readonly verb: Verb;
  readonly unit: string;
  readonly jobId: number;
  readonly jobPath: string;
  result: 'done' | 'failed' | 'canceled' | undefined;
  stopTimer: Cancel;
}

export interface Applied {
  readonly opId: string;
  readonly verb: Verb;
  readonly unit: string;
  readonly epoch: number;
  readonly atMs: number;
}

/** How units and hosts behave: drawn for each. */
export interface Temper {
  /** A job takes this long, unless its unit is killed. */
  jobMs(verb: Verb, unit: string): number;
  startFails(unit: string): boolean;
  poweroffMs(): number;
  bootMs(): number;
  isSignalLost(): boolean;
}

/** What the host's agent hears. */
export interface HostListener {
  jobRemoved(job: HostJob): void;
  unitChanged(unit: string, state: UnitState): void;
  hostDown(): void;
  hostUp(): void;
}

const historyMax = 24;

function remember<T>(history: Since<T>[], value: T, atMs: number): void {
  history.push({ value, atMs });
  if (history.length > historyMax) history.shift();
}

/** Whether it was so at any moment from then on. */
export function wasSince<T>(history: readonly Since<T>[], fromMs: number, isSo: (value: T) => boolean) {
  return history.some(({ value }, index) => {
    const until = history[index + 1]?.atMs ?? Number.POSITIVE_INFINITY;
    return until >= fromMs && isSo(value);
  });
}

export class SimulatedHost {
  readonly name: string;
  readonly units = new Map<string, HostUnit>();
  readonly applied: Applied[] = [];
  readonly appliedIds = new Set<string>();
  readonly jobs = new Map<string, HostJob>();
  readonly power: Since<boolean>[] = [];
  isOn = true;
  isGoingDown = false;
  /** Without it nothing boots. */
  hasSupply = true;
  boot = 1;
  listener: HostListener | undefined;
  onApplied: (applied: Applied) => void = () => undefined;
  onOff: () => void = () => undefined;
  /** It is on, or off, from now on: its load has changed. */
  onPower: () => void = () => undefined;
  #bootedAtMs = 0;
  #clockAtBootMs: number;
  #isBooting = false;
  #boots = 0;
  readonly #time: VirtualTime;
  readonly #temper: Temper;
  readonly #log: (text: string) => void;

  constructor(
    name: string,
    units: readonly string[],
    time: VirtualTime,
    temper: Temper,
    log: (text: string) => void,
    clockAtBootMs: number,
  ) {
    this.name = name;
    this.#time = time;
    this.#temper = temper;
    this.#log = log;
    this.#clockAtBootMs = clockAtBootMs;
    for (const unit of units) this.units.set(unit, { name: unit, history: [], job: undefined });
    for (const unit of this.units.values()) remember(unit.history, 'inactive', 0);
    remember(this.power, true, 0);
  }

  get bootId(): string {
    return `${this.name} boot ${this.boot}`;
  }

  /** CLOCK_BOOTTIME. */
  clockMs(): number {
    return this.#time.nowMs - this.#bootedAtMs + this.#clockAtBootMs;
  }

  stateOf(unit: string): UnitState {
    return this.units.get(unit)?.history.at(-1)?.value ?? 'inactive';
  }

  changedAtClockMs(unit: string): number {
    const atMs = this.units.get(unit)?.history.at(-1)?.atMs ?? 0;
    return atMs - this.#bootedAtMs + this.#clockAtBootMs;
  }

  /** systemd takes the order; undefined: there is no such unit. */
  startJob(opId: string, epoch: number, verb: Verb, unit: string): HostJob | undefined {
    const of = this.units.get(unit);
    if (!of) return undefined;
    this.#apply(opId, epoch, verb, unit);
    const before = of.job;
    const jobId = this.applied.length;
    const job: HostJob = {
      opId,
      verb,
      unit,
      jobId,
      jobPath: `/org/freedesktop/systemd1/job/${jobId}`,
      result: undefined,
      stopTimer: () => undefined,
    };
    of.job = job;
    if (before) this.#endJob(before, 'canceled');
    this.jobs.set(opId, job);
    const isStop = verb === 'stop';
    const isThere = isStop ? 'inactive' : 'active';
    const now = this.stateOf(unit);
    if (now === isThere || (isStop && now === 'failed')) {
      job.stopTimer = this.#time.after(0.5, () => this.#endJob(job, 'done'));
      return job;
    }
    this.#setState(of, isStop ? 'deactivating' : 'activating');
    const takesMs = this.#temper.jobMs(verb, unit);
    job.stopTimer = this.#time.after(takesMs, () => {
      const fails = !isStop && this.#temper.startFails(unit);
      this.#setState(of, fails ? 'failed' : isThere);
      this.#endJob(job, fails ? 'failed' : 'done');
    });
    return job;
  }

  kill(opId: string, epoch: number, unit: string, signal: number): boolean {
    const of = this.units.get(unit);
    if (!of) return false;
    this.#apply(opId, epoch, 'kill', unit);
    if (signal !== 9 || this.stateOf(unit) === 'inactive') return true;
    const { job } = of;
    this.#setState(of, job?.verb === 'stop' ? 'inactive' : 'failed');
    if (job) this.#endJob(job, job.verb === 'stop' ? 'done' : 'failed');
    return true;
  }

  exec(opId: string, epoch: number): void {
    this.#apply(opId, epoch, 'exec', '');
  }

  powerOff(opId: string, epoch: number): void {
    this.#apply(opId, epoch, 'poweroff', '');
    this.#goDown();
  }

  /** Nothing that it hangs on supplies it any more. */
  loseSupply(): void {
    this.hasSupply = false;
    this.#isBooting = false;
    this.pullThePlug();
  }

  /** The button, for a host that nobody told anything. */
  pullThePlug(): void {
    if (!this.isOn) return;
    this.#log(`${this.name} loses power`);
    this.#off();
  }

  wake(): void {
    if (this.isOn || this.#isBooting || !this.hasSupply) return;
    this.#isBooting = true;
    this.#boots += 1;
    const boots = this.#boots;
    this.#log(`${this.name} boots`);
    this.#time.after(this.#temper.bootMs(), () => {
      if (this.#isBooting && boots === this.#boots) this.#on();
    });
  }

  /** For the beginning of a simulation. */
  assume(isOn: boolean, state: UnitState): void {
    this.isOn = isOn;
    this.power.length = 0;
    remember(this.power, isOn, 0);
    for (const unit of this.units.values()) {
      unit.history = [];
      remember(unit.history, isOn ? state : 'inactive', 0);
    }
  }

  #apply(opId: string, epoch: number, verb: Verb, unit: string): void {
    const applied = { opId, epoch, verb, unit, atMs: this.#time.nowMs };
    this.applied.push(applied);
    this.#log(`${this.name} applies ${verb} ${unit} ${opId.slice(-9)}`);
    this.onApplied(applied);
    this.appliedIds.add(opId);
  }

  #goDown(): void {
    if (this.isGoingDown) return;
    this.isGoingDown = true;
    const { boot } = this;
    this.#time.after(this.#temper.poweroffMs(), () => {
      if (boot === this.boot && this.isOn) this.#off();
    });
  }

  #off(): void {
    this.#log(`${this.name} is off`);
    this.isOn = false;
    this.isGoingDown = false;
    remember(this.power, false, this.#time.nowMs);
    for (const unit of this.units.values()) {
      unit.job?.stopTimer();
      unit.job = undefined;
      if (unit.history.at(-1)?.value !== 'inactive') remember(unit.history, 'inactive', this.#time.nowMs);
    }
    this.jobs.clear();
    this.onOff();
    this.listener?.hostDown();
    this.onPower();
  }

  #on(): void {
    this.#isBooting = false;
    this.isOn = true;
    this.boot += 1;
    this.#bootedAtMs = this.#time.nowMs;
    this.#clockAtBootMs = 5000;
    this.#log(`${this.name} is up again`);
    remember(this.power, true, this.#time.nowMs);
    this.listener?.hostUp();
    this.onPower();
  }

  #setState(unit: HostUnit, state: UnitState): void {
    remember(unit.history, state, this.#time.nowMs);
    this.#log(`${this.name} ${unit.name} is ${state}`);
    this.listener?.unitChanged(unit.name, state);
  }

  #endJob(job: HostJob, result: 'done' | 'failed' | 'canceled'): void {
    if (job.result) return;
    job.stopTimer();
    job.result = result;
    const unit = this.units.get(job.unit);
    if (unit?.job === job) unit.job = undefined;
    if (!this.#temper.isSignalLost()) this.listener?.jobRemoved(job);
  }
}
