/** Inventories and sequences for the tests of plans, by their few interesting properties. */
import { type NodeName, parseNodeName } from '@hecate/proto/core/names.ts';
import type { Inventory, InventoryNode, NodeRole, Place } from '../../../../src/core/plan/inventory.ts';
import type { PlanKind } from '../../../../src/core/plan/plan.ts';
import type {
  ActionDeclaration,
  ConditionDeclaration,
  NodeSelector,
  SequenceDeclaration,
  StageDeclaration,
  StepDeclaration,
} from '../../../../src/core/plan/sequence.ts';

export const place = (line: number, key = `line${line}`): Place => ({ key, line });

export const node = (name: string, role: NodeRole, more: Partial<InventoryNode> = {}): InventoryNode => ({
  name: parseNodeName(name),
  role,
  dependsOn: [],
  units: [],
  macAddress: undefined,
  wakeAddress: '255.255.255.255',
  address: undefined,
  probePort: 22,
  place: place(1, `inventory.${name}`),
  ...more,
});

export const names = (...texts: string[]): NodeName[] => texts.map(parseNodeName);

export const inventoryOf = (nodes: readonly InventoryNode[], more: Partial<Inventory> = {}): Inventory => ({
  site: 'test',
  coordinator: nodes.find(({ role }) => role === 'coordinator')?.name,
  nodes,
  hooks: [],
  ...more,
});

const macAddress = (last: number): string => `52:54:00:00:00:0${last}`;

/** Three servers, two agents, one storage, a coordinator: what README's example declares. */
export const clusterInventory = (): Inventory =>
  inventoryOf([
    node('agent-1', 'agent', { macAddress: macAddress(4) }),
    node('agent-2', 'agent', { macAddress: macAddress(5) }),
    node('nas', 'storage', { units: ['nfs-server.service'], address: 'nas.lan' }),
    node('pi', 'coordinator'),
    node('srv-1', 'server', { macAddress: macAddress(1) }),
    node('srv-2', 'server', { macAddress: macAddress(2) }),
    node('srv-3', 'server', { macAddress: macAddress(3) }),
  ]);

export const step = (action: ActionDeclaration, more: Partial<StepDeclaration> = {}): StepDeclaration => ({
  name: undefined,
  action,
  parallelism: undefined,
  timeoutMs: 60_000,
  expectedMs: undefined,
  minimumMs: undefined,
  onFailure: 'abort',
  escalation: [],
  dropAt: undefined,
  place: place(10),
  ...more,
});

export const stage = (name: string, ...steps: StepDeclaration[]): StageDeclaration => ({
  name,
  steps,
  place: place(9, `stage.${name}`),
});

export const sequence = (
  stages: readonly StageDeclaration[],
  kind: PlanKind = 'sequence',
): SequenceDeclaration => ({ name: kind, kind, stages, place: place(8, `sequences.${kind}`) });

type UnitAction = Extract<ActionDeclaration, { readonly type: 'unit' }>;

export const stop = (nodes: readonly NodeSelector[], ...units: string[]): UnitAction => ({
  type: 'unit',
  verb: 'stop',
  nodes,
  units: units.length > 0 ? units : 'of-node',
  options: undefined,
  successBy: 'outcome',
  isMissingUnitDone: false,
});

export const poweroff = (...nodes: NodeSelector[]): ActionDeclaration => ({
  type: 'power',
  verb: 'poweroff',
  nodes,
});

export const gate = (
  condition: ConditionDeclaration,
  sentence = 'it holds',
  consecutive = 2,
): ActionDeclaration => ({
  type: 'gate',
  gate: { sentence, condition, intervalMs: 1000, consecutive },
});
