/**
 * Signals of systemd → what changed in which unit, merged over a short window (but for the active state, whose every
 * value is told). What a signal carries is taken
 * from it; a new unit's full row is asked for, many in one call. Asking by name pattern and not by name matters:
 * asking by name would load a unit that is gone again, which announces itself, which would be asked for …
 */
import type { BusData, BusValue } from '@hecate/proto/core/bus-value.ts';
import type { UnitChange, UnitState } from '../core/systemd-port.ts';
import { unitNameOfPath } from './unit-path.ts';

export interface UnitEventsHost {
  listLoaded(names: readonly string[]): Promise<UnitState[]>;
  listAll(): Promise<UnitState[]>;
  onChanged(change: UnitChange): void;
  onRemoved(name: string): void;
  onListed(units: UnitState[]): void;
  /** The state of the units cannot be known any more. */
  onLost(cause: unknown): void;
}

/** A burst of one job is about 11 signals within a few milliseconds. */
const windowMs = 20;
/** Names in one call: 255 bytes each at worst, far below a message's limit. */
const listedAtOnceMax = 256;
/** Above this many units with something pending, one full list is cheaper. */
const pendingMax = 2048;
/** A reload takes seconds; its end is assumed when the signal was lost. systemctl waits as long. */
const reloadTimeoutMs = 180_000;

export class UnitEvents {
  private readonly host: UnitEventsHost;
  private readonly changes = new Map<string, UnitChange>();
  private readonly newcomers = new Set<string>();
  /** Asked for, no answer yet: what the answer says is newer than any signal before it. */
  private readonly asked = new Set<string>();
  private timer: NodeJS.Timeout | undefined;
  private reloadTimer: NodeJS.Timeout | undefined;
  /** Counts full lists; while one is under way (`listing`) or a reload is, signals are not needed. */
  private generation = 0;
  private listing = false;
  private ended = false;

  constructor(host: UnitEventsHost) {
    this.host = host;
  }

  private get paused(): boolean {
    return this.ended || this.listing || this.reloadTimer !== undefined;
  }

  onUnitNew(name: string): void {
    if (this.paused) return;
    this.changes.delete(name);
    this.newcomers.add(name);
    this.arm();
  }

  onUnitRemoved(name: string): void {
    if (this.paused) return;
    const last = this.changes.get(name);
    this.changes.delete(name);
    this.newcomers.delete(name);
    this.asked.delete(name);
    if (last?.activeState !== undefined) this.host.onChanged(last);
    this.host.onRemoved(name);
  }

  onPropertiesChanged(unitPath: string, properties: readonly (readonly [string, BusValue])[]): void {
    const name = unitNameOfPath(unitPath);
    if (this.paused || name === undefined || this.newcomers.has(name) || this.asked.has(name)) return;
    const change = changeOf(properties);
    if (!change) return;
    this.changes.set(name, { ...this.pendingOf(name, change.activeState), ...change, name, unitPath });
    this.arm();
  }

  /** What waits for the end of the window; a state that the unit has left again is told now, as it was. */
  private pendingOf(name: string, activeState: string | undefined): UnitChange | undefined {
    const pending = this.changes.get(name);
    const isLeft = pending?.activeState !== undefined && activeState !== undefined;
    if (isLeft && pending.activeState !== activeState) this.host.onChanged(pending);
    return pending;
  }

  onReloading(active: boolean): void {
    clearTimeout(this.reloadTimer);
    this.reloadTimer = undefined;
    if (this.ended) return;
    this.forget();
    if (active) this.reloadTimer = setTimeout(() => this.onReloading(false), reloadTimeoutMs);
    else this.listAll();
  }

  /** Everything may have changed: replaces what is pending by a full list. */
  listAll(): void {
    clearTimeout(this.reloadTimer);
    this.reloadTimer = undefined;
    this.forget();
    this.listing = true;
    this.generation += 1;
    void this.finishList(this.generation);
  }

  end(): void {
    this.ended = true;
    this.forget();
    clearTimeout(this.reloadTimer);
    this.reloadTimer = undefined;
  }

  /** Tells now what waits for the end of the window. */
  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const changes = [...this.changes.values()];
    this.changes.clear();
    for (const change of changes) this.host.onChanged(change);
    if (this.newcomers.size > 0 && this.asked.size === 0) void this.askForNewcomers();
  }

  private async finishList(generation: number): Promise<void> {
    try {
      // Once more after a failure: a reload under way can make the first one time out.
      const units = await this.host.listAll().catch(() => this.host.listAll());
      if (this.ended || generation !== this.generation || this.reloadTimer) return;
      this.listing = false;
      this.host.onListed(units);
    } catch (cause) {
      if (!this.ended && generation === this.generation) this.host.onLost(cause);
    } finally {
      if (generation === this.generation) this.listing = false;
    }
  }

  private forget(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.changes.clear();
    this.newcomers.clear();
    this.asked.clear();
  }

  private arm(): void {
    if (this.changes.size + this.newcomers.size > pendingMax) this.listAll();
    else this.timer ??= setTimeout(() => this.flush(), windowMs);
  }

  private async askForNewcomers(): Promise<void> {
    const generation = this.generation;
    const names = [...this.newcomers].slice(0, listedAtOnceMax);
    for (const name of names) {
      this.newcomers.delete(name);
      this.asked.add(name);
    }
    try {
      const rows = await this.host.listLoaded(names);
      if (this.paused || generation !== this.generation) return;
      // One that was removed since was taken out of `asked`, and stays removed.
      for (const row of rows) if (this.asked.delete(row.name)) this.host.onChanged(row);
      this.asked.clear();
      if (this.newcomers.size > 0) this.arm();
    } catch {
      if (!this.paused && generation === this.generation) this.listAll();
    }
  }
}

const texts: Record<string, 'activeState' | 'subState' | 'freezerState' | 'loadState' | 'following'> = {
  ActiveState: 'activeState',
  SubState: 'subState',
  FreezerState: 'freezerState',
  LoadState: 'loadState',
  Following: 'following',
};

/** What of it matters to us; undefined when nothing does. A value of another type than systemd's is left out. */
function changeOf(
  properties: readonly (readonly [string, BusValue])[],
): Omit<UnitChange, 'name' | 'unitPath'> | undefined {
  const change: Omit<UnitChange, 'name' | 'unitPath'> = {};
  for (const [property, { signature, value }] of properties) {
    const text = Object.hasOwn(texts, property) ? texts[property] : undefined;
    if (text && typeof value === 'string') change[text] = value;
    else if (property === 'InvocationID' && value instanceof Uint8Array) change.invocationId = hex(value);
    else if (property === 'Job' && signature === '(uo)') {
      change.jobId = (value as BusData[])[0] as number;
      if (change.jobId === 0) change.jobType = '';
    }
  }
  return Object.keys(change).length > 0 ? change : undefined;
}

/** Lower-case hex digits. */
export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
