/** One verb on many units of many nodes at once; every one of them gets its one answer. */
import { HecateError } from '@hecate/proto/core/errors.ts';
import type { Item, Outcome } from '@hecate/proto/core/frames.ts';
import { isGlob } from '@hecate/proto/core/glob.ts';
import { limits } from '@hecate/proto/core/limits.ts';
import type {
  LeftOut,
  Operate,
  OperationOutcome,
  OutcomeStatus,
  Verb,
} from '@hecate/proto/generated/wire.ts';
import { createNodeOutcome } from '@hecate/proto/generated/wire.ts';
import type { FleetNode } from '../core/fleet.ts';
import type { OperationRequest } from '../core/operations.ts';
import { offline, unitsNotKnown } from '../core/outcome-text.ts';
import { requireRoleForUnits } from '../core/roles.ts';
import { isKnown, lifelinesAmong, selectNodes, selectUnits } from '../core/selection.ts';
import type { OperatorRequest } from './context.ts';

/** Verbs that act on the node rather than on a unit. */
const nodeVerbs: ReadonlySet<Verb> = new Set<Verb>(['daemon-reload', 'exec', 'poweroff', 'reboot']);
/** Verbs that may act on the node when no unit is named: `reset-failed` of everything. */
const eitherVerbs: ReadonlySet<Verb> = new Set<Verb>(['reset-failed']);

/** Most operations of one request: 30 nodes × 60 units, rounded up. */
const operationsMax = 2048;
/** What an agent takes; more would end its session. */
const logLinesMax = 1000;
/** A command is sent on in a frame with other things in it; the kernel takes 128 KiB for one argument. */
const argumentBytesMax = 128 * 1024;

/** From good to bad, for the summary. */
const severity: readonly OutcomeStatus[] = ['done', 'refused', 'offline', 'failed', 'timeout', 'unknown'];

interface Planned {
  readonly node: FleetNode;
  readonly operation: OperationRequest;
}

export async function operate(request: OperatorRequest<Operate>): Promise<Outcome> {
  const { context, incoming } = request;
  const { planned, leftOut } = planOperations(request);
  let worst: OutcomeStatus = 'done';
  const running = planned.map(async ({ node, operation }) => {
    const outcome = await context.operations.submit(operation, {
      refusal: whyNot(node, operation),
      onItem: (item) => relayOutput(item, node.name, request),
      signal: incoming.signal,
    });
    if (severity.indexOf(outcome.status) > severity.indexOf(worst)) worst = outcome.status;
    await tell(operation, outcome, request);
  });
  await Promise.all(running);
  return { case: 'operateSummary', value: { operations: planned.length, worst, leftOut } };
}

function whyNot(node: FleetNode, { unit }: OperationRequest): OperationOutcome | undefined {
  if (node.connection !== 'online') return offline(node.name, node.offlineReason);
  return isGlob(unit) ? unitsNotKnown(node.name) : undefined;
}

/** One that does not fit a frame with its log lines is told without them: the others wait for nothing of it. */
async function tell(
  operation: OperationRequest,
  outcome: OperationOutcome,
  { incoming }: OperatorRequest<Operate>,
): Promise<void> {
  const say = (value: OperationOutcome) =>
    incoming.sendItem({ case: 'nodeOutcome', value: nodeOutcome(operation, value) });
  await say(outcome).catch(() => say({ ...outcome, logLines: [], changes: [] }));
}

export const nodeOutcome = (operation: OperationRequest, outcome: OperationOutcome) =>
  createNodeOutcome({ node: operation.node, unit: operation.unit, verb: operation.verb, outcome });

async function relayOutput(item: Item, node: string, { incoming }: OperatorRequest<Operate>): Promise<void> {
  if (item.case === 'output') await incoming.sendItem({ case: 'output', value: { ...item.value, node } });
}

function planOperations(request: OperatorRequest<Operate>): { planned: Planned[]; leftOut: LeftOut[] } {
  const { value, caller, context } = request;
  checkArguments(value);
  const nodes = selectNodes(context.fleet.state, value.nodes);
  const leftOut = new Map<string, string[]>();
  const planned = nodes.flatMap((node) => {
    const units = unitsOn(node, value);
    const lifelines = lifelinesAmong(node, value, units);
    for (const unit of lifelines) leftOut.set(unit, [...(leftOut.get(unit) ?? []), node.name]);
    return units.filter((unit) => !lifelines.includes(unit)).map((unit) => ({ node, unit }));
  });
  requireRoleForUnits(
    caller.role,
    value.verb,
    planned.map(({ unit }) => unit),
  );
  if (planned.length === 0 && leftOut.size > 0) throw onlyLifelines(value.verb, [...leftOut.keys()]);
  if (planned.length === 0) {
    throw new HecateError(
      'HEC_NOTHING_MATCHED',
      nodes.length === 0
        ? 'this site has no nodes yet'
        : `no loaded unit on ${nodes.map((node) => node.name).join(', ')} matches ${value.units.join(', ')}`,
      nodes.length === 0
        ? 'hecatectl node enroll NAME'
        : 'globs match loaded units only, as with systemctl: hecatectl list-units --all',
    );
  }
  if (planned.length > operationsMax) {
    throw new HecateError(
      'HEC_BUSY',
      `${planned.length} operations in one request, allowed are ${operationsMax}`,
      'name fewer nodes or units',
    );
  }
  const { operations } = context.config();
  const withIds = planned.map(({ node, unit }) => ({
    node,
    operation: {
      opId: context.newOpId(),
      node: node.name,
      unit,
      verb: value.verb,
      options: value.options,
      requestedBy: caller.who,
      requestedFrom: caller.from,
      reason: value.reason,
      requestedMs: context.clock.wallMs(),
      timeLimitMs: Math.min(value.timeLimitMs || operations.timeLimitMs, limits.timeLimitMsMax),
      logLines: Math.min(value.logLines || operations.logLines, logLinesMax),
    },
  }));
  return { planned: withIds, leftOut: [...leftOut].map(([unit, on]) => ({ unit, nodes: on })) };
}

const onlyLifelines = (verb: Verb, units: readonly string[]): HecateError =>
  new HecateError(
    'HEC_NOTHING_MATCHED',
    `what matches is not meant by a pattern, because a node is cut off without it: ${units.join(', ')}`,
    `to ${verb} it, name it without a pattern`,
  );

function checkArguments({ options }: Operate): void {
  const bytes = (options?.argv ?? []).reduce((sum, argument) => sum + Buffer.byteLength(argument), 0);
  if (bytes <= argumentBytesMax) return;
  throw new HecateError(
    'HEC_USAGE',
    `the command has ${bytes} bytes, allowed are ${argumentBytesMax}`,
    'put it into a script on the node, or into its standard input there',
  );
}

/**
 * I12: of a node whose units are not all known, a glob that matches nothing stays as it is, so that the node is
 * answered for, too.
 */
function unitsOn(node: FleetNode, { verb, units }: Operate): string[] {
  if (nodeVerbs.has(verb)) {
    if (units.length > 0)
      throw new HecateError('HEC_USAGE', `${verb} takes no unit`, `hecatectl ${verb} NODE`);
    return [''];
  }
  if (units.length > 0) return isKnown(node) ? selectUnits(node, units) : withGlobs(node, units);
  if (eitherVerbs.has(verb)) return [''];
  throw new HecateError('HEC_USAGE', `${verb} needs a unit`, `hecatectl ${verb} NODE UNIT`);
}

/** A list that is not whole would make the operation quietly smaller than what was asked for. */
function withGlobs(node: FleetNode, patterns: readonly string[]): string[] {
  const isLastKnown = node.connection !== 'online';
  const names = patterns.flatMap((pattern) => {
    if (isGlob(pattern) && !isLastKnown) return [pattern];
    const units = selectUnits(node, [pattern]);
    return units.length > 0 ? units : [pattern];
  });
  return [...new Set(names)].sort();
}
