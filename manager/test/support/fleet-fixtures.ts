/** Nodes and what they tell, for tests of the fleet and of what reads it. */
import { type NodeName, parseNodeName } from '@hecate/proto/core/names.ts';
import {
  createBusState,
  createHello,
  createJobsFinished,
  createNotice,
  createUnitState,
  createUnitsChanged,
  createUnitsSnapshot,
  type Hello,
  type Notice,
  type UnitState,
} from '@hecate/proto/generated/wire.ts';
import {
  emptyFleet,
  type FleetEffect,
  type FleetInput,
  type FleetNode,
  type FleetState,
  fleetStep,
} from '../../src/core/fleet.ts';

export const wallMs = 1_700_000_000_000;
export const names = (...texts: string[]): NodeName[] => texts.map(parseNodeName);

export const helloOf = (name: string, changes: Partial<Hello> = {}): Hello =>
  createHello({
    peerKind: 'agent',
    name,
    bootId: '01234567-89ab-cdef-0123-456789abcdef',
    softwareVersion: '0.1.0',
    protocolMin: 1,
    protocolMax: 1,
    clockMs: 1000,
    wallClockMs: wallMs,
    ...changes,
  });

export const unit = (name: string, activeState = 'active', changes: Partial<UnitState> = {}): UnitState =>
  createUnitState({
    name,
    description: `the ${name}`,
    loadState: 'loaded',
    activeState,
    subState: activeState === 'active' ? 'running' : 'dead',
    ...changes,
  });

export const snapshot = (units: UnitState[], { generation = 1, last = true } = {}): Notice =>
  createNotice({
    notice: { case: 'unitsSnapshot', value: createUnitsSnapshot({ generation, units, last }) },
  });
export const changes = (units: UnitState[], removed: string[] = []): Notice =>
  createNotice({ notice: { case: 'unitsChanged', value: createUnitsChanged({ units, removed }) } });
export const busState = (connected: boolean): Notice =>
  createNotice({ notice: { case: 'busState', value: createBusState({ connected }) } });
export const jobFinished = (unitName: string, result: string): Notice =>
  createNotice({
    notice: {
      case: 'jobsFinished',
      value: createJobsFinished({ jobs: [{ jobId: 7, unit: unitName, result }] }),
    },
  });

export const connected = (name: string, sessionId = `session-of-${name}`, takesOver = false): FleetInput => ({
  type: 'connected',
  takesOver,
  node: parseNodeName(name),
  sessionId,
  hello: helloOf(name),
  address: '192.0.2.7:51234',
  wallMs,
});
export const notice = (name: string, body: Notice, sessionId = `session-of-${name}`): FleetInput => ({
  type: 'notice',
  node: parseNodeName(name),
  sessionId,
  notice: body,
  wallMs: wallMs + 1000,
});
export const disconnected = (name: string, sessionId = `session-of-${name}`): FleetInput => ({
  type: 'disconnected',
  node: parseNodeName(name),
  sessionId,
  reason: 'nothing heard for 10 s',
  wallMs: wallMs + 2000,
});

export function playFleet(
  state: FleetState,
  ...inputs: FleetInput[]
): { state: FleetState; effects: readonly FleetEffect[] } {
  let step: { state: FleetState; effects: readonly FleetEffect[] } = { state, effects: [] };
  for (const input of inputs) step = fleetStep(step.state, input);
  return step;
}

/** node-a online with units, node-b offline with the units it had, node-c never seen. */
export const threeNodes = (): FleetState =>
  playFleet(
    emptyFleet,
    { type: 'allowed', names: names('node-c', 'node-a', 'node-b') },
    connected('node-a'),
    notice(
      'node-a',
      snapshot([unit('web.service'), unit('db.service', 'failed'), unit('old.timer', 'inactive')]),
    ),
    connected('node-b'),
    notice('node-b', snapshot([unit('web.service')])),
    disconnected('node-b'),
  ).state;

export function nodeOf(state: FleetState, name: string): FleetNode {
  const node = state.nodes.get(name);
  if (!node) throw new Error(`no ${name}`);
  return node;
}

export const eventsOf = (effects: readonly FleetEffect[]) =>
  effects.filter((effect) => effect.type === 'event').map(({ event }) => event.event);
