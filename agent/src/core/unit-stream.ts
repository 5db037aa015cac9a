/**
 * The stream of unit states to the manager: a whole list at the start of each session and after the bus was
 * away, then what changed, merged per unit, so that a slow link costs freshness and never memory (I14). A state that
 * a unit was in for a moment is told, too, as long as there are not too many of them.
 */
import { limits } from '@hecate/proto/core/limits.ts';
import {
  createJobsFinished,
  createUnitState,
  createUnitsChanged,
  createUnitsSnapshot,
  type FinishedJob,
  type Notice,
  type UnitState,
} from '@hecate/proto/generated/wire.ts';
import type { UnitState as PortUnitState, UnitChange } from './systemd-port.ts';

/** Changes wait at most this long for company; a job makes about a dozen. */
export const flushIntervalMs = 50;
/** While the link is congested, how often to look again. */
const congestedIntervalMs = 200;
const listRetryMs = 2000;
/** Finished jobs that wait; older ones are dropped first: outcomes travel with their operations anyway. */
const jobsMax = 1024;
/** States that units have left again before they were sent; more are merged into what came of them. */
const passedMax = 256;
/** No host has as many; more would be a runaway generator of units. */
const unitsMax = 65_536;

export interface UnitStreamState {
  isSessionOpen: boolean;
  isBusConnected: boolean;
  generation: number;
  /** What is known of each unit: changes come in parts and go out whole. */
  readonly units: Map<string, UnitState>;
  /** Names whose state is to be sent; one that is not in `units` is gone. */
  readonly dirty: Set<string>;
  /** What units of `dirty` were in since the last flush, in that order. */
  passed: UnitState[];
  jobs: FinishedJob[];
  /** Parts of a snapshot that are still to be sent. */
  parts: Notice[];
  /** asked: a list was asked for; what changes meanwhile is sent after it. */
  snapshot: 'none' | 'asked' | 'sending' | 'sent';
  flushAtMs: number;
  listAtMs: number;
  droppedUnits: number;
}

export type UnitStreamInput =
  | { type: 'session'; isOpen: boolean }
  | { type: 'bus'; isConnected: boolean; reason: string }
  /** The answer to `list`, or what systemd lists after a reload. */
  | { type: 'listed'; units: readonly PortUnitState[] }
  | { type: 'list-failed' }
  | { type: 'changed'; change: UnitChange }
  | { type: 'removed'; name: string }
  | { type: 'job-finished'; job: FinishedJob }
  | { type: 'drained' }
  | { type: 'tick' };

export type UnitStreamEffect = { type: 'send'; notice: Notice } | { type: 'list' };

const neverMs = Number.POSITIVE_INFINITY;

export const openUnitStream = (): UnitStreamState => ({
  isSessionOpen: false,
  isBusConnected: false,
  generation: 0,
  units: new Map(),
  dirty: new Set(),
  passed: [],
  jobs: [],
  parts: [],
  snapshot: 'none',
  flushAtMs: neverMs,
  listAtMs: neverMs,
  droppedUnits: 0,
});

export const nextUnitStreamTickMs = (state: UnitStreamState): number =>
  Math.min(state.flushAtMs, state.listAtMs);

/** Changes the state in place: it mirrors hundreds of units, and changes come by the dozen. */
export function unitStreamStep(
  state: UnitStreamState,
  input: UnitStreamInput,
  at: { nowMs: number; isCongested: boolean },
): UnitStreamEffect[] {
  const effects: UnitStreamEffect[] = [];
  switch (input.type) {
    case 'session':
      sessionChanged(state, input.isOpen, effects);
      break;
    case 'bus':
      busChanged(state, input, effects);
      break;
    case 'listed':
      listed(state, input.units);
      break;
    case 'list-failed':
      if (state.snapshot === 'asked') state.listAtMs = at.nowMs + listRetryMs;
      break;
    case 'changed':
      changed(state, input.change);
      break;
    case 'removed':
      removed(state, input.name);
      break;
    case 'job-finished':
      if (state.isSessionOpen) state.jobs.push(input.job);
      if (state.jobs.length > jobsMax) state.jobs.shift();
      break;
    case 'drained':
      if (state.flushAtMs !== neverMs) state.flushAtMs = at.nowMs;
      break;
    case 'tick':
      if (at.nowMs >= state.listAtMs) ask(state, effects);
  }
  flushWhenDue(state, at, effects);
  return effects;
}

function sessionChanged(state: UnitStreamState, isOpen: boolean, effects: UnitStreamEffect[]): void {
  state.isSessionOpen = isOpen;
  state.parts = [];
  state.jobs = [];
  state.snapshot = 'none';
  state.listAtMs = neverMs;
  state.flushAtMs = neverMs;
  if (!isOpen) return;
  if (state.isBusConnected) ask(state, effects);
  else effects.push(busNotice(false, 'the agent has no connection to its D-Bus'));
}

function busChanged(
  state: UnitStreamState,
  { isConnected, reason }: { isConnected: boolean; reason: string },
  effects: UnitStreamEffect[],
): void {
  const isNews = isConnected !== state.isBusConnected;
  state.isBusConnected = isConnected;
  if (!isConnected) {
    // What was observed is not known any more (I12); the next list replaces it.
    state.units.clear();
    forgetChanges(state);
    state.parts = [];
    state.snapshot = 'none';
    state.listAtMs = neverMs;
  }
  if (!state.isSessionOpen) return;
  if (isNews) effects.push(busNotice(isConnected, reason));
  if (isConnected) ask(state, effects);
}

const busNotice = (connected: boolean, reason: string): UnitStreamEffect => ({
  type: 'send',
  notice: { notice: { case: 'busState', value: { connected, reason: reason.slice(0, 512) } } },
});

function ask(state: UnitStreamState, effects: UnitStreamEffect[]): void {
  state.listAtMs = neverMs;
  if (!state.isSessionOpen || !state.isBusConnected) return;
  state.snapshot = 'asked';
  effects.push({ type: 'list' });
}

/** Whatever the list was asked for, it is newer than all that is waiting to be sent. */
function listed(state: UnitStreamState, units: readonly PortUnitState[]): void {
  state.units.clear();
  for (const unit of units.slice(0, unitsMax)) state.units.set(unit.name, wireUnit(unit));
  state.droppedUnits = Math.max(0, units.length - unitsMax);
  forgetChanges(state);
  if (!state.isSessionOpen) return;
  state.generation += 1;
  state.parts = snapshotParts(state.generation, state.units.values());
  state.snapshot = 'sending';
}

const wireUnit = (unit: PortUnitState): UnitState =>
  createUnitState({
    name: unit.name,
    description: shortText(unit.description),
    loadState: unit.loadState,
    activeState: unit.activeState,
    subState: unit.subState,
    jobId: unit.jobId,
    jobType: unit.jobType,
  });

/** Descriptions are free text of any length; on the wire they are for a table. */
const shortText = (text: string): string => text.slice(0, 512);

function changed(state: UnitStreamState, change: UnitChange): void {
  const before = state.units.get(change.name);
  if (!before && state.units.size >= unitsMax) {
    state.droppedUnits += 1;
    return;
  }
  const known = before ?? createUnitState({ name: change.name });
  const jobId = change.jobId ?? known.jobId;
  const jobType = change.jobType ?? (jobId === known.jobId ? known.jobType : '');
  const after: UnitState = {
    name: change.name,
    description: change.description === undefined ? known.description : shortText(change.description),
    loadState: change.loadState ?? known.loadState,
    activeState: change.activeState ?? known.activeState,
    subState: change.subState ?? known.subState,
    jobId,
    jobType,
  };
  if (before && isSame(before, after)) return;
  if (before && before.activeState !== after.activeState) pass(state, before);
  state.units.set(change.name, after);
  state.dirty.add(change.name);
}

/** The unit is in another state now, or gone, and this one has not been told. */
function pass(state: UnitStreamState, unit: UnitState): void {
  const isUntold = state.dirty.has(unit.name) && unit.activeState !== '';
  if (isUntold && state.passed.length < passedMax) state.passed.push(unit);
}

function removed(state: UnitStreamState, name: string): void {
  const before = state.units.get(name);
  if (!before) return;
  pass(state, before);
  state.units.delete(name);
  state.dirty.add(name);
}

function forgetChanges(state: UnitStreamState): void {
  state.dirty.clear();
  state.passed = [];
}

const isSame = (a: UnitState, b: UnitState): boolean =>
  a.activeState === b.activeState &&
  a.subState === b.subState &&
  a.loadState === b.loadState &&
  a.jobId === b.jobId &&
  a.jobType === b.jobType &&
  a.description === b.description;

function flushWhenDue(
  state: UnitStreamState,
  at: { nowMs: number; isCongested: boolean },
  effects: UnitStreamEffect[],
): void {
  if (!state.isSessionOpen) {
    // Nobody is told: the next session begins with a whole list.
    forgetChanges(state);
    return;
  }
  if (!hasWork(state)) return;
  if (state.parts.length > 0) state.flushAtMs = Math.min(state.flushAtMs, at.nowMs);
  else if (state.flushAtMs === neverMs) state.flushAtMs = at.nowMs + flushIntervalMs;
  if (at.nowMs < state.flushAtMs) return;
  if (at.isCongested) {
    state.flushAtMs = at.nowMs + congestedIntervalMs;
    return;
  }
  flush(state, at.nowMs, effects);
}

const hasWork = (state: UnitStreamState): boolean =>
  state.parts.length > 0 || state.jobs.length > 0 || (state.snapshot === 'sent' && state.dirty.size > 0);

/** One part of a snapshot at a time, so that the runner can look at the congestion in between. */
function flush(state: UnitStreamState, nowMs: number, effects: UnitStreamEffect[]): void {
  state.flushAtMs = neverMs;
  const part = state.parts.shift();
  if (part) {
    effects.push({ type: 'send', notice: part });
    if (state.parts.length > 0) state.flushAtMs = nowMs;
    else state.snapshot = 'sent';
    return;
  }
  if (state.jobs.length > 0) {
    const jobs = createJobsFinished({ jobs: state.jobs.splice(0) });
    effects.push({ type: 'send', notice: { notice: { case: 'jobsFinished', value: jobs } } });
  }
  if (state.snapshot === 'sent') flushChanges(state, effects);
}

function flushChanges(state: UnitStreamState, effects: UnitStreamEffect[]): void {
  let units: UnitState[] = [];
  let gone: string[] = [];
  let bytes = 0;
  const send = (): void => {
    if (units.length === 0 && gone.length === 0) return;
    const value = createUnitsChanged({ units, removed: gone });
    effects.push({ type: 'send', notice: { notice: { case: 'unitsChanged', value } } });
    units = [];
    gone = [];
    bytes = 0;
  };
  const add = (name: string, unit: UnitState | undefined): void => {
    const size = unit ? sizeOf(unit) : name.length;
    if (bytes + size > limits.batchBytesMax) send();
    bytes += size;
    if (unit) units.push(unit);
    else gone.push(name);
  };
  for (const unit of state.passed) add(unit.name, unit);
  for (const name of state.dirty) add(name, state.units.get(name));
  forgetChanges(state);
  send();
}

/** Upper bound of the encoded size: a character takes at most 3 bytes of UTF-8 for each UTF-16 unit. */
const sizeOf = (unit: UnitState): number =>
  3 * (unit.name.length + unit.description.length) +
  unit.loadState.length +
  unit.activeState.length +
  unit.subState.length +
  unit.jobType.length +
  24;

function snapshotParts(generation: number, units: Iterable<UnitState>): Notice[] {
  const batches: UnitState[][] = [[]];
  let bytes = 0;
  for (const unit of units) {
    bytes += sizeOf(unit);
    if (bytes > limits.batchBytesMax) {
      batches.push([]);
      bytes = sizeOf(unit);
    }
    batches.at(-1)?.push(unit);
  }
  return batches.map((batch, index) => {
    const last = index === batches.length - 1;
    const value = createUnitsSnapshot({ generation, units: batch, last });
    return { notice: { case: 'unitsSnapshot', value } };
  });
}
