/** Asks nodes a question that only they can answer, and tells which of them could not. */
import { asHecateError, HecateError, isSessionEnd } from '@hecate/proto/core/errors.ts';
import type { ExitName } from '@hecate/proto/core/exit-codes.ts';
import type { Item, QueryBody } from '@hecate/proto/core/frames.ts';
import { isGlob } from '@hecate/proto/core/glob.ts';
import {
  createQuery,
  type Failure,
  type NodeReading,
  type NodeSelection,
} from '@hecate/proto/generated/wire.ts';
import type { Context } from './context.ts';
import { exitOfCode, worstExit } from './core/exit-status.ts';
import { printable } from './core/printable.ts';
import { listUnits } from './list-units.ts';
import { failureJson } from './output/fleet-json.ts';

type ReadingBody = Exclude<NodeReading['reading'], { case: undefined } | { case: 'failure' }>;

export interface ReadResult {
  readonly exit: ExitName;
  readonly failures: readonly { node: string; unit: string | null; failure: Failure }[];
}

export interface ReadOptions {
  readonly nodes?: NodeSelection;
  readonly timeLimitMs?: number;
  /** What is asked about, for the failures. */
  readonly unit?: string;
}

/** Whether the time that was given for watching is over; an end of the session under it is something else. */
export function isTimeUp(thrown: unknown): boolean {
  return !isSessionEnd(thrown) && asHecateError(thrown).code === 'HEC_TIMEOUT';
}

/** Following a journal ends by our own limit. */
const isEndless = (query: QueryBody): boolean => query.case === 'readLogs' && query.value.follow;

/** @param take gets every answer; what it returns is waited for, so that a slow reader slows the nodes down */
export async function readNodes(
  context: Context,
  query: QueryBody,
  take: (node: string, reading: ReadingBody) => void | Promise<void>,
  options: ReadOptions = {},
): Promise<ReadResult> {
  const failures: { node: string; unit: string | null; failure: Failure }[] = [];
  const timeLimitMs = options.timeLimitMs ?? context.timeLimitMs();
  const value = { nodes: options.nodes ?? context.nodes, query: createQuery({ query }), timeLimitMs };
  const isFollowing = isEndless(query);
  const exits: ExitName[] = [];
  const onItem = (item: Item): void | Promise<void> => {
    if (item.case !== 'reading') return;
    const { node, reading } = item.value;
    if (reading.case === undefined) return;
    if (reading.case !== 'failure') return take(node, reading);
    exits.push(exitOfCode(reading.value.code));
    // That the time for following is over is no failure of the node.
    if (isFollowing && reading.value.code === 'HEC_TIMEOUT') return;
    failures.push({ node, unit: options.unit ?? null, failure: reading.value });
    tellFailure(context, node, reading.value);
  };
  try {
    await context.ask(
      'readSummary',
      { case: 'read', value },
      { timeLimitMs, isLimitedByManager: !isFollowing, onItem },
    );
  } catch (thrown) {
    if (!isFollowing || !isTimeUp(thrown)) throw thrown;
    exits.push('timeout');
  }
  return { failures, exit: worstExit(exits) };
}

function tellFailure(context: Context, node: string, failure: Failure): void {
  context.out.error(`${printable(node)}: ${printable(failure.message)} (${printable(failure.code)})`);
  if (failure.remedy !== '') context.out.error(`  next: ${printable(failure.remedy)}`);
}

/** Failures among the answers of `-o json`: the same keys, and an error instead of what was asked for. */
export const failuresJson = (result: ReadResult): Record<string, unknown>[] =>
  result.failures.map(({ node, unit, failure }) => ({
    node,
    ...(unit === null ? {} : { unit }),
    error: failureJson(failure),
  }));

/** Queries are for one unit each: names as they are, patterns by what is loaded on the nodes. */
export async function expandUnits(
  context: Context,
  patterns: readonly string[],
): Promise<{ unit: string; nodes: NodeSelection }[]> {
  const nodes = context.nodes;
  const names = patterns.filter((pattern) => !isGlob(pattern)).map((unit) => ({ unit, nodes }));
  const globs = patterns.filter(isGlob);
  if (globs.length === 0) return names;
  const found = new Map<string, string[]>();
  for (const { node, units } of await listUnits(context, { nodes, patterns: globs, inactiveToo: true })) {
    for (const { name } of units) found.set(name, [...(found.get(name) ?? []), node]);
  }
  if (names.length === 0 && found.size === 0) {
    throw new HecateError(
      'HEC_NOTHING_MATCHED',
      `no loaded unit matches ${globs.join(', ')}`,
      'patterns match loaded units only; hecatectl list-units --all shows them',
    );
  }
  const matched = [...found].map(([unit, on]) => ({ unit, nodes: { patterns: on, all: false } }));
  return [...names, ...matched.filter(({ unit }) => !names.some((each) => each.unit === unit))];
}

/** Units asked about at the same time; the session allows 64 requests. */
const unitsAtOnce = 16;

/** The worst end of all, the question asked for every unit. */
export async function forEachUnit(
  targets: readonly { unit: string; nodes: NodeSelection }[],
  ask: (unit: string, nodes: NodeSelection) => Promise<ReadResult>,
): Promise<ReadResult> {
  const results: ReadResult[] = [];
  for (let i = 0; i < targets.length; i += unitsAtOnce) {
    const batch = targets.slice(i, i + unitsAtOnce);
    results.push(...(await Promise.all(batch.map(({ unit, nodes }) => ask(unit, nodes)))));
  }
  return {
    exit: worstExit(results.map(({ exit }) => exit)),
    failures: results.flatMap(({ failures }) => failures),
  };
}
