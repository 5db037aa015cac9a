/**
 * What the manager knows of its nodes: who is connected, and every unit of every node, all of it told by the
 * agents' streams and never polled. Pure: sessions feed it, monitors and requests read it.
 */
import type { NodeName } from '@hecate/proto/core/names.ts';
import type {
  FinishedJob,
  Hello,
  MonitorEvent,
  NodeInfo,
  Notice,
  UnitState,
} from '@hecate/proto/generated/wire.ts';
import { createMonitorEvent, createNodeInfo } from '@hecate/proto/generated/wire.ts';

export interface FleetNode {
  readonly name: NodeName;
  /** False: it was taken out of the site, and is gone with its session. */
  readonly isAllowed: boolean;
  readonly connection: 'online' | 'offline' | 'never-seen';
  readonly sessionId: string;
  /** The session that this one took over from, whose words count until the new list is whole; empty: none. */
  readonly formerSessionId: string;
  /** Unix time of the last word from it; 0: never. Kept current by the session while it is online. */
  readonly lastSeenMs: number;
  readonly offlineReason: string;
  readonly agentVersion: string;
  readonly bootId: string;
  /** The unit that its agent runs in; empty when it has not said. */
  readonly ownUnit: string;
  readonly address: string;
  readonly clockOffsetMs: number;
  readonly busConnected: boolean;
  /** Whether `units` is a whole list of this session; until then what is missing is unknown, not inactive. */
  readonly snapshotComplete: boolean;
  readonly units: ReadonlyMap<string, UnitState>;
  /** Parts of a snapshot that is still arriving. */
  readonly arriving:
    | { readonly generation: number; readonly units: ReadonlyMap<string, UnitState> }
    | undefined;
}

export interface FleetState {
  readonly nodes: ReadonlyMap<string, FleetNode>;
}

export type FleetInput =
  /** The names that may connect: enrolled or listed in the config. */
  | { type: 'allowed'; names: readonly NodeName[] }
  /** `takesOver`: the same agent, whose older session goes on with what is in flight: all is known as before. */
  | {
      type: 'connected';
      node: NodeName;
      sessionId: string;
      hello: Hello;
      address: string;
      wallMs: number;
      takesOver: boolean;
    }
  | { type: 'notice'; node: NodeName; sessionId: string; notice: Notice; wallMs: number }
  | { type: 'disconnected'; node: NodeName; sessionId: string; reason: string; wallMs: number }
  /** By a manager before this one. */
  | { type: 'remembered'; node: NodeName; wallMs: number };

/**
 * Units of one node that are kept (I14); systemd itself stops at 131,072 names. A node with k3s has a few thousand.
 */
export const unitsPerNodeMax = 20_000;

export type FleetEffect =
  /** It tells of more units than are kept. */
  | { type: 'end-session'; sessionId: string; message: string }
  /** A newer session of the node came: the older one is ended. */
  | { type: 'replace-session'; sessionId: string }
  | { type: 'event'; event: MonitorEvent };

export interface FleetStep {
  readonly state: FleetState;
  readonly effects: readonly FleetEffect[];
}

export const emptyFleet: FleetState = { nodes: new Map() };

function unseenNode(name: NodeName): FleetNode {
  return {
    name,
    isAllowed: true,
    connection: 'never-seen',
    sessionId: '',
    formerSessionId: '',
    lastSeenMs: 0,
    offlineReason: 'it has not connected since the manager started',
    agentVersion: '',
    bootId: '',
    ownUnit: '',
    address: '',
    clockOffsetMs: 0,
    busConnected: false,
    snapshotComplete: false,
    units: new Map(),
    arriving: undefined,
  };
}

export function fleetStep(state: FleetState, input: FleetInput): FleetStep {
  switch (input.type) {
    case 'allowed':
      return allow(state, input.names);
    case 'connected':
      return connect(state, input);
    case 'notice':
      return take(state, input);
    case 'disconnected':
      return disconnect(state, input);
    case 'remembered':
      return remember(state, input);
  }
}

/** Of a node that has been here since, more is known already. */
function remember(state: FleetState, { node: name, wallMs }: Extract<FleetInput, { type: 'remembered' }>) {
  const node = state.nodes.get(name);
  if (node?.connection !== 'never-seen') return { state, effects: [] };
  return { state: replaceNode(state, { ...node, connection: 'offline', lastSeenMs: wallMs }), effects: [] };
}

/** Names that are gone disappear, unless they are connected: their session is ended by whoever removed them. */
function allow(state: FleetState, names: readonly NodeName[]): FleetStep {
  const nodes = new Map<string, FleetNode>();
  for (const name of [...names].sort())
    nodes.set(name, { ...(state.nodes.get(name) ?? unseenNode(name)), isAllowed: true });
  for (const [name, node] of state.nodes) {
    if (node.connection === 'online' && !nodes.has(name)) nodes.set(name, { ...node, isAllowed: false });
  }
  return { state: { nodes }, effects: [] };
}

function replaceNode(state: FleetState, node: FleetNode): FleetState {
  return { nodes: new Map(state.nodes).set(node.name, node) };
}

function connect(state: FleetState, input: Extract<FleetInput, { type: 'connected' }>): FleetStep {
  const { hello, wallMs } = input;
  const before = state.nodes.get(input.node);
  const node: FleetNode = {
    ...unseenNode(input.node),
    connection: 'online',
    sessionId: input.sessionId,
    lastSeenMs: wallMs,
    offlineReason: '',
    agentVersion: hello.softwareVersion,
    bootId: hello.bootId,
    ownUnit: hello.ownUnit,
    address: input.address,
    clockOffsetMs: Math.round(hello.wallClockMs - wallMs),
    busConnected: true,
    // Of its last session: told as unknown, and what has changed since is news when the new list is there.
    units: before?.units ?? new Map(),
  };
  if (before?.connection === 'online' && input.takesOver) {
    const { busConnected, snapshotComplete, sessionId: formerSessionId } = before;
    const heir = { ...node, busConnected, snapshotComplete, formerSessionId };
    return { state: replaceNode(state, heir), effects: [] };
  }
  const effects: FleetEffect[] = [];
  if (before?.connection === 'online') effects.push({ type: 'replace-session', sessionId: before.sessionId });
  effects.push(event(wallMs, input.node, { case: 'connection', value: 'online' }));
  return { state: replaceNode(state, node), effects };
}

function disconnect(state: FleetState, input: Extract<FleetInput, { type: 'disconnected' }>): FleetStep {
  const node = state.nodes.get(input.node);
  // The end of a session that was replaced says nothing about the node.
  if (!node || node.sessionId !== input.sessionId) return { state, effects: [] };
  const offline: FleetNode = {
    ...node,
    connection: 'offline',
    lastSeenMs: input.wallMs,
    offlineReason: input.reason,
    snapshotComplete: false,
    arriving: undefined,
  };
  const effect = event(input.wallMs, input.node, { case: 'connection', value: 'offline' });
  if (node.isAllowed) return { state: replaceNode(state, offline), effects: [effect] };
  const nodes = new Map(state.nodes);
  nodes.delete(node.name);
  return { state: { nodes }, effects: [effect] };
}

function event(atMs: number, node: string, what: MonitorEvent['event']): FleetEffect {
  return { type: 'event', event: createMonitorEvent({ atMs, node, event: what }) };
}

function take(state: FleetState, input: Extract<FleetInput, { type: 'notice' }>): FleetStep {
  const node = state.nodes.get(input.node);
  const { notice } = input.notice;
  const isFormer = node?.formerSessionId !== '' && node?.formerSessionId === input.sessionId;
  if (node && isFormer) return takeFormer(state, node, notice, input.wallMs);
  if (!node || node.sessionId !== input.sessionId) return { state, effects: [] };
  switch (notice.case) {
    case 'unitsSnapshot':
      return takeSnapshot(state, node, notice.value, input.wallMs);
    case 'unitsChanged':
      return takeChanges(state, node, notice.value, input.wallMs);
    case 'jobsFinished':
      return { state, effects: notice.value.jobs.map((job) => jobEvent(input.wallMs, node.name, job)) };
    case 'busState': {
      const { connected } = notice.value;
      const next = { ...node, busConnected: connected, snapshotComplete: connected && node.snapshotComplete };
      return { state: replaceNode(state, next), effects: [] };
    }
    case undefined:
      return { state, effects: [] };
  }
}

/** What was on its way when the newer session took over. Its list, when it is whole, is newer than all of it. */
function takeFormer(state: FleetState, node: FleetNode, notice: Notice['notice'], wallMs: number): FleetStep {
  if (notice.case === 'jobsFinished')
    return { state, effects: notice.value.jobs.map((job) => jobEvent(wallMs, node.name, job)) };
  if (notice.case !== 'unitsChanged') return { state, effects: [] };
  const step = takeChanges(state, { ...node, arriving: undefined }, notice.value, wallMs);
  const taken = step.state.nodes.get(node.name) ?? node;
  return { state: replaceNode(step.state, { ...taken, arriving: node.arriving }), effects: step.effects };
}

const jobEvent = (wallMs: number, node: string, job: FinishedJob): FleetEffect =>
  event(wallMs, node, { case: 'job', value: job });

function takeSnapshot(
  state: FleetState,
  node: FleetNode,
  part: { generation: number; units: UnitState[]; last: boolean },
  wallMs: number,
): FleetStep {
  const isContinued = node.arriving?.generation === part.generation;
  const units = new Map(isContinued ? node.arriving?.units : undefined);
  for (const unit of part.units) units.set(unit.name, unit);
  if (units.size > unitsPerNodeMax) return tooMany(state, node);
  if (!part.last) {
    return {
      state: replaceNode(state, { ...node, arriving: { generation: part.generation, units } }),
      effects: [],
    };
  }
  const effects: FleetEffect[] = [];
  // A first list is not news; a later one is, where it differs from what was known.
  if (node.units.size > 0) {
    for (const unit of units.values()) {
      if (differs(node.units.get(unit.name), unit)) {
        effects.push(event(wallMs, node.name, { case: 'unit', value: unit }));
      }
    }
    for (const name of node.units.keys()) {
      if (!units.has(name)) effects.push(event(wallMs, node.name, { case: 'unitRemoved', value: name }));
    }
  }
  const next = {
    ...node,
    units,
    arriving: undefined,
    snapshotComplete: true,
    busConnected: true,
    formerSessionId: '',
  };
  return { state: replaceNode(state, next), effects };
}

/** A part of its units would be a wrong picture (I12), and all of them could be without end. */
function tooMany(state: FleetState, { name, sessionId }: FleetNode): FleetStep {
  const message = `${name} has more than ${unitsPerNodeMax} units, and this manager keeps no more of a node`;
  return { state, effects: [{ type: 'end-session', sessionId, message }] };
}

const differs = (a: UnitState | undefined, b: UnitState): boolean =>
  a?.activeState !== b.activeState || a.subState !== b.subState || a.loadState !== b.loadState;

function takeChanges(
  state: FleetState,
  node: FleetNode,
  changes: { units: UnitState[]; removed: string[] },
  wallMs: number,
): FleetStep {
  const units = new Map(node.units);
  const effects: FleetEffect[] = [];
  for (const unit of changes.units) {
    if (differs(units.get(unit.name), unit))
      effects.push(event(wallMs, node.name, { case: 'unit', value: unit }));
    units.set(unit.name, unit);
  }
  if (units.size > unitsPerNodeMax) return tooMany(state, node);
  for (const name of changes.removed) {
    if (units.delete(name)) effects.push(event(wallMs, node.name, { case: 'unitRemoved', value: name }));
  }
  const arriving = node.arriving && withChanges(node.arriving, changes);
  return { state: replaceNode(state, { ...node, units, arriving }), effects };
}

/** A change is newer than the parts of a list that are here already. */
function withChanges(
  arriving: NonNullable<FleetNode['arriving']>,
  changes: { units: UnitState[]; removed: string[] },
): FleetNode['arriving'] {
  const units = new Map(arriving.units);
  for (const unit of changes.units) units.set(unit.name, unit);
  for (const name of changes.removed) units.delete(name);
  return { ...arriving, units };
}

/** How a node is told to an operator. `lastSeenMs` of an online node is the caller's to bring up to date. */
export function nodeInfo(node: FleetNode): NodeInfo {
  let failed = 0;
  for (const unit of node.units.values()) if (unit.activeState === 'failed') failed += 1;
  const isKnown = node.connection === 'online' && node.snapshotComplete;
  return createNodeInfo({
    name: node.name,
    connection: node.connection,
    lastSeenMs: node.lastSeenMs,
    agentVersion: node.agentVersion,
    bootId: node.bootId,
    address: node.address,
    unitsCount: isKnown ? node.units.size : 0,
    unitsFailed: isKnown ? failed : 0,
    busConnected: node.busConnected,
    clockOffsetMs: node.clockOffsetMs,
    snapshotComplete: node.snapshotComplete,
    offlineReason: node.offlineReason,
  });
}
