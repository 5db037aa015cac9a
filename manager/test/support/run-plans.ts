/** Plans and requests for tests of runs, written by hand: what the compiler would make is not the question there. */
import type { NodeName } from '@hecate/proto/core/names.ts';
import type { Gate } from '../../src/core/plan/gate.ts';
import type { Action, NodePart, Plan, PlanKind, PlannedOperation, Step } from '../../src/core/plan/plan.ts';
import type { RunId, RunRequest } from '../../src/core/runs/run.ts';

export const node = (name: string): NodeName => name as NodeName;

export const stop = (name: string, unit = 'x.service'): PlannedOperation => ({
  node: node(name),
  verb: 'stop',
  unit,
  options: undefined,
});

export const poweroff = (name: string): PlannedOperation => ({
  node: node(name),
  verb: 'poweroff',
  unit: '',
  options: undefined,
});

export const operations = (
  planned: readonly PlannedOperation[],
  change: Partial<Extract<Action, { type: 'operations' }>> = {},
): Action => ({
  type: 'operations',
  operations: planned,
  successBy: 'outcome',
  isMissingUnitDone: false,
  ...change,
});

export const stopAll = (...names: string[]): Action => operations(names.map((name) => stop(name)));

export const isNode = (name: string, state: 'online' | 'offline' | 'powered-off') =>
  ({ type: 'node', node: node(name), state, address: undefined, probePort: 22 }) as const;

export const gateOn = (
  names: readonly string[],
  state: 'online' | 'offline' | 'powered-off' = 'online',
  change: Partial<Gate> = {},
): Gate => ({
  sentence: `${names.join(', ')} ${state}`,
  condition: { type: 'all', of: names.map((name) => isNode(name, state)) },
  intervalMs: 1000,
  consecutive: 1,
  ...change,
});

export const gate = (
  names: readonly string[],
  state: 'online' | 'offline' | 'powered-off' = 'online',
  change: Partial<Gate> = {},
): Action => ({ type: 'gate', gate: gateOn(names, state, change) });

export const wake = (...names: string[]): Action => ({
  type: 'wake',
  targets: names.map((name) => ({
    node: node(name),
    macAddress: '52:54:00:00:00:01',
    wakeAddress: '192.0.2.255',
  })),
  gate: gateOn(names),
});

export const hook = (isRepeatable = false): Action => ({
  type: 'hook',
  hook: 'cordon',
  argv: ['/usr/bin/cordon'],
  isRepeatable,
});

type StepDraft = Partial<Omit<Step, 'id' | 'methods'>>;

/** A step whose id is given by its place; 60 s long at most, 10 s as a rule, 2 s at least. */
export const step =
  (methods: Action | readonly Action[], change: StepDraft = {}) =>
  (id: string): Step => {
    const list = 'type' in methods ? [methods] : methods;
    const powersOff = list
      .flatMap((action) => (action.type === 'operations' ? action.operations : []))
      .filter(({ verb }) => verb === 'poweroff');
    return {
      id,
      name: `step ${id}`,
      learnKey: `key ${id}`,
      methods: list,
      parallelism: 100,
      timeoutMs: 60_000,
      expectedMs: 10_000,
      minimumMs: 2000,
      onFailure: 'abort',
      dropAt: undefined,
      powersOff: [...new Set(powersOff.map((operation) => operation.node))],
      ...change,
    };
  };

export interface PlanDraft {
  readonly name?: string;
  readonly kind?: PlanKind;
  readonly mode?: Plan['mode'];
  readonly nodes?: readonly string[];
  readonly coordinator?: string;
  readonly parts?: readonly NodePart[];
}

export function planOf(stages: readonly (readonly ((id: string) => Step)[])[], draft: PlanDraft = {}): Plan {
  const built = stages.map((steps, stage) => ({
    name: `stage ${stage + 1}`,
    steps: steps.map((make, at) => make(`${stage + 1}.${at + 1}`)),
  }));
  const { name = 'shutdown', kind = 'shutdown', mode = 'poweroff', nodes = ['a', 'b'] } = draft;
  return {
    version: 1,
    name,
    kind,
    mode,
    site: 'test',
    coordinator: draft.coordinator === undefined ? undefined : node(draft.coordinator),
    nodes: nodes.map(node),
    dependencies: [],
    stages: built,
    parts: draft.parts ?? [],
  };
}

/** `01J00000000000000000000001` and on. */
export const runIdOf = (number: number): RunId => `01J${String(number).padStart(23, '0')}` as RunId;

export const requestOf = (plan: Plan, number = 1, change: Partial<RunRequest> = {}): RunRequest => ({
  runId: runIdOf(number),
  plan,
  planDigest: `sha256:${plan.name}-${plan.mode}`,
  isRehearsal: false,
  reason: 'test',
  requestedBy: 'alice',
  requestedFrom: 'local',
  requestedWallMs: 1_700_000_000_000,
  triggerId: '',
  timeLimitMs: undefined,
  learntMs: {},
  ...change,
});
