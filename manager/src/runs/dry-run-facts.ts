/** Looks at everything that a dry run tells of: units, policies, gates (once), hooks. Reads, and applies nothing. */
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import type { QueryBody, QueryResultBody } from '@hecate/proto/core/frames.ts';
import type { NodeName } from '@hecate/proto/core/names.ts';
import { createOperationWish, createQuery } from '@hecate/proto/generated/wire.ts';
import type { Session } from '@hecate/proto/io/session-host.ts';
import type { FleetState } from '../core/fleet.ts';
import type { Leaf, Observations } from '../core/plan/gate.ts';
import { leafKey, leavesOf } from '../core/plan/gate-verdict.ts';
import type { Plan, PlannedOperation } from '../core/plan/plan.ts';
import { type DryRunFacts, methodsOf, operationsOf, unitsOf, wakeCommandOf } from './dry-run.ts';
import { operationKey, unitKey } from './unit-key.ts';

export interface DryRunPorts {
  fleet(): FleetState;
  sessionOf(node: NodeName): Session | undefined;
  observe(leaves: readonly Leaf[], timeLimitMs: number): Promise<Observations>;
  /** Why a look could not tell that a host is off. */
  whyBlind(leaf: NodeLeaf, timeLimitMs: number): Promise<string | undefined>;
}

const lookTimeLimitMs = 5000;

type NodeLeaf = Extract<Leaf, { type: 'node' }>;

type Seen = Omit<DryRunFacts, 'refusal' | 'rung' | 'rungWhy'>;

export async function dryRunFacts(plan: Plan, ports: DryRunPorts): Promise<Seen> {
  const [observations, blindLooks, missingUnits, policyRefusals, hookTroubles] = await Promise.all([
    observeGates(plan, ports),
    blindLooksOf(plan, ports),
    missingUnitsOf(plan, ports),
    policyRefusalsOf(plan, ports),
    hookTroublesOf(plan),
  ]);
  const offline = offlineOf(plan, ports.fleet());
  return { observations, blindLooks, missingUnits, policyRefusals, hookTroubles, offline };
}

function offlineOf(plan: Plan, fleet: FleetState): Map<NodeName, string> {
  const entries = plan.nodes.flatMap((name): [NodeName, string][] => {
    const node = fleet.nodes.get(name);
    if (!node) return [[name, 'it is not enrolled']];
    return node.connection === 'online' ? [] : [[name, node.offlineReason]];
  });
  return new Map(entries);
}

/** What gates look at, each once, by leafKey. */
function leavesOfPlan(plan: Plan): Map<string, Leaf> {
  const gates = methodsOf(plan).flatMap((method) =>
    method.type === 'gate' || method.type === 'wake' ? [method.gate] : [],
  );
  return new Map(gates.flatMap(({ condition }) => leavesOf(condition)).map((leaf) => [leafKey(leaf), leaf]));
}

/** Tried while hosts are up: then it is known that they answer. */
async function blindLooksOf(plan: Plan, { whyBlind }: DryRunPorts): Promise<string[]> {
  const looks = [...leavesOfPlan(plan).values()].flatMap((leaf) =>
    leaf.type === 'node' && leaf.state === 'powered-off' ? [whyBlind(leaf, lookTimeLimitMs)] : [],
  );
  return (await Promise.all(looks)).filter((why) => why !== undefined);
}

/** A command is no read: what it does nobody knows. */
async function observeGates(plan: Plan, { observe }: DryRunPorts): Promise<Observations> {
  const leaves = leavesOfPlan(plan);
  const commands = [...leaves].filter(([, { type }]) => type === 'exec');
  for (const [key] of commands) leaves.delete(key);
  const seen = await observe([...leaves.values()], lookTimeLimitMs);
  const notRun = { verdict: 'unknown', detail: 'a command: not run in a dry run' } as const;
  return { ...seen, ...Object.fromEntries(commands.map(([key]) => [key, notRun])) };
}

async function missingUnitsOf(plan: Plan, ports: DryRunPorts): Promise<Set<string>> {
  const missing = [...unitsOf(plan)].map(async ([node, units]) => {
    const unloaded = [...units].filter((unit) => !ports.fleet().nodes.get(node)?.units.has(unit));
    const states = await unitFileStates(node, unloaded, ports);
    return unloaded.filter((unit) => states.get(unit) === 'not-found').map((unit) => unitKey(node, unit));
  });
  return new Set((await Promise.all(missing)).flat());
}

async function unitFileStates(
  node: NodeName,
  units: readonly string[],
  { sessionOf }: DryRunPorts,
): Promise<Map<string, string>> {
  if (units.length === 0) return new Map();
  const result = await ask(sessionOf(node), { case: 'unitFileStates', value: { units: [...units] } });
  if (result?.case !== 'unitFileStates') return new Map();
  return new Map(result.value.entries.map(({ unit, state }) => [unit, state]));
}

async function policyRefusalsOf(plan: Plan, { sessionOf }: DryRunPorts): Promise<Map<string, string>> {
  const byNode = Map.groupBy(operationsOf(plan), ({ node }) => node);
  const refusals = [...byNode].map(([node, operations]) => refusalsBy(sessionOf(node), operations));
  return new Map((await Promise.all(refusals)).flat());
}

async function refusalsBy(
  session: Session | undefined,
  operations: readonly PlannedOperation[],
): Promise<[string, string][]> {
  const asked = operations.map(({ verb, unit, options }) =>
    createOperationWish({ verb, unit, jobMode: options?.jobMode ?? '' }),
  );
  const result = await ask(session, { case: 'judgeOperations', value: { operations: asked } });
  const verdicts = result?.case === 'policyVerdicts' ? result.value.verdicts : [];
  return operations.flatMap((operation, index): [string, string][] => {
    const { refusal = '', remedy = '' } = verdicts[index] ?? {};
    return refusal === '' ? [] : [[operationKey(operation), `${refusal}; ${remedy}`]];
  });
}

/** @returns undefined: the node cannot be asked, or its agent does not know the question; nothing is claimed (I12) */
async function ask(session: Session | undefined, query: QueryBody): Promise<QueryResultBody | undefined> {
  const method = { case: 'query', value: createQuery({ query }) } as const;
  try {
    const outcome = await session?.call(method, { timeLimitMs: lookTimeLimitMs });
    const result = outcome?.case === 'queryResult' ? outcome.value.result : undefined;
    return result?.case === undefined ? undefined : result;
  } catch {
    return undefined;
  }
}

async function hookTroublesOf(plan: Plan): Promise<Map<string, string>> {
  const commands = methodsOf(plan).flatMap(
    (method): [name: string, what: string, argv: readonly string[]][] => {
      if (method.type === 'hook') return [[method.hook, `hook ${method.hook}`, method.argv]];
      if (method.type !== 'wake') return [];
      return method.targets.flatMap(({ node, command }) =>
        command === undefined ? [] : [[wakeCommandOf(node), `what wakes ${node}`, command]],
      );
    },
  );
  const troubles = await Promise.all(
    commands.map(async ([name, what, [command = '']]): Promise<[string, string][]> => {
      const isThere = await canRun(command);
      return isThere ? [] : [[name, `${what}: ${command} is not a program that can be run here`]];
    }),
  );
  return new Map(troubles.flat());
}

async function canRun(command: string): Promise<boolean> {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const paths = isAbsolute(command) ? [command] : folders.map((folder) => join(folder, command));
  const found = await Promise.all(
    paths.map((path) =>
      access(path, constants.X_OK).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.includes(true);
}
