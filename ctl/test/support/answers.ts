/** Answers of a small, well-known site, for the fake manager. */

import { globMatches } from '@hecate/proto/core/glob.ts';
import {
  createNodeInfo,
  createNodeOutcome,
  createNodeReading,
  createOperationOutcome,
  createUnitState,
  type LeftOut,
  type NodeOutcome,
  type NodeReading,
  type NodeSelection,
  type OperationOutcome,
  type UnitState,
} from '@hecate/proto/generated/wire.ts';
import type { IncomingRequest } from '@hecate/proto/io/session-host.ts';
import type { Answers } from './fake-manager.ts';

export const seenAtMs = Date.UTC(2026, 10, 21, 13, 45, 5);

/** node-a and node-b are online, node-c is not. */
export const nodes = [
  createNodeInfo({
    name: 'node-a',
    connection: 'online',
    lastSeenMs: seenAtMs,
    agentVersion: '0.1.0',
    address: '10.0.0.1:5001',
    unitsCount: 2,
    busConnected: true,
    snapshotComplete: true,
  }),
  createNodeInfo({
    name: 'node-b',
    connection: 'online',
    lastSeenMs: seenAtMs,
    agentVersion: '0.1.0',
    address: '10.0.0.2:5002',
    unitsCount: 2,
    unitsFailed: 1,
    busConnected: true,
    snapshotComplete: true,
  }),
  createNodeInfo({
    name: 'node-c',
    connection: 'offline',
    lastSeenMs: seenAtMs - 90_000,
    offlineReason: 'nothing heard for 10 s',
  }),
];

export const selected = (selection: NodeSelection | undefined): string[] =>
  nodes
    .map(({ name }) => name)
    .filter(
      (name) =>
        !selection || selection.all || selection.patterns.some((pattern) => globMatches(pattern, name)),
    );

export const unit = (name: string, activeState = 'active', more: Partial<UnitState> = {}): UnitState =>
  createUnitState({
    name,
    description: `unit ${name}`,
    loadState: 'loaded',
    activeState,
    subState: activeState === 'active' ? 'running' : 'dead',
    ...more,
  });

const unitsOf: Record<string, UnitState[]> = {
  'node-a': [unit('k3s.service'), unit('backup.timer', 'inactive')],
  'node-b': [
    unit('k3s.service', 'failed'),
    unit('evil.service', 'active', { description: '\x1b]0;owned\x07 red' }),
  ],
  'node-c': [unit('k3s.service')],
};

export const listNodes: NonNullable<Answers['listNodes']> = (value) => ({
  case: 'nodes',
  value: { nodes: nodes.filter(({ name }) => selected(value.nodes).includes(name)) },
});

export const listUnits: NonNullable<Answers['listUnits']> = async (value, request) => {
  for (const node of selected(value.nodes)) {
    const units = (unitsOf[node] ?? []).filter(
      ({ name, activeState }) =>
        (value.patterns.length === 0 || value.patterns.some((pattern) => globMatches(pattern, name))) &&
        (value.states.length === 0 || value.states.includes(activeState)) &&
        (value.inactiveToo || activeState !== 'inactive'),
    );
    await request.sendItem({ case: 'units', value: { node, units, stale: node === 'node-c' } });
  }
  return { case: 'done', value: {} };
};

/** Answers an operate request with one outcome per node and unit, as `outcomeOf` says. */
export const operate =
  (
    outcomeOf: (node: string, unitName: string) => Partial<OperationOutcome> | undefined,
    leftOut: LeftOut[] = [],
  ): NonNullable<Answers['operate']> =>
  async (value, request) => {
    const names = value.units.length === 0 ? [''] : value.units;
    let operations = 0;
    for (const node of selected(value.nodes)) {
      for (const name of names) {
        operations += 1;
        const outcome = outcomeOf(node, name);
        if (outcome)
          await sendOutcome(
            request,
            createNodeOutcome({
              node,
              unit: name,
              verb: value.verb,
              outcome: createOperationOutcome({ opId: '01KASVJ5T0ABCDEFGHJKMNPQRS', ...outcome }),
            }),
          );
      }
    }
    return { case: 'operateSummary', value: { operations, worst: 'done', leftOut } };
  };

export const sendOutcome = (request: IncomingRequest, value: NodeOutcome): Promise<boolean> =>
  request.sendItem({ case: 'nodeOutcome', value });

type Reading = NodeReading['reading'];

/** Answers a read request with one reading per node; node-c is offline unless the test says otherwise. */
export const read =
  (
    readingOf: (
      node: string,
      query: NonNullable<Parameters<NonNullable<Answers['read']>>[0]['query']>['query'],
    ) => Reading | Reading[],
  ): NonNullable<Answers['read']> =>
  async (value, request) => {
    let failures = 0;
    const on = selected(value.nodes);
    for (const node of on) {
      const query = value.query?.query ?? { case: undefined };
      const readings = node === 'node-c' ? offline : readingOf(node, query);
      for (const reading of Array.isArray(readings) ? readings : [readings]) {
        if (reading.case === 'failure') failures += 1;
        await request.sendItem({ case: 'reading', value: createNodeReading({ node, reading }) });
      }
    }
    return { case: 'readSummary', value: { nodes: on.length, failures } };
  };

const offline: Reading = {
  case: 'failure',
  value: {
    code: 'HEC_OFFLINE',
    message: 'node-c is offline: nothing heard for 10 s',
    remedy: 'hecatectl doctor node-c',
  },
};

export const failure = (code: string, message = `because of ${code}`, remedy = ''): Reading => ({
  case: 'failure',
  value: { code, message, remedy },
});

/** Never answers, not even when the caller has cancelled or gone. */
export const silence = (_request: IncomingRequest): Promise<never> => new Promise(() => undefined);
