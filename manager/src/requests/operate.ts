/** One verb on many units of many nodes at once; every one of them gets its one answer. */
import { HecateError } from '@hecate/proto/core/errors.ts';
import type { Item, Outcome } from '@hecate/proto/core/frames.ts';
import { limits } from '@hecate/proto/core/limits.ts';
import type { Operate, OperationOutcome, OutcomeStatus, Verb } from '@hecate/proto/generated/wire.ts';
import { createNodeOutcome } from '@hecate/proto/generated/wire.ts';
import type { FleetNode } from '../core/fleet.ts';
import type { OperationRequest } from '../core/operations.ts';
import { selectNodes, selectUnits } from '../core/selection.ts';
import type { OperatorRequest } from './context.ts';

/** Verbs that act on the node rather than on a unit. */
const nodeVerbs: ReadonlySet<Verb> = new Set<Verb>(['daemon-reload', 'exec', 'poweroff', 'reboot']);
/** Verbs that may act on the node when no unit is named: `reset-failed` of everything. */
const eitherVerbs: ReadonlySet<Verb> = new Set<Verb>(['reset-failed']);

/** Most operations of one request: 30 nodes × 60 units, rounded up. */
const operationsMax = 2048;

/** From good to bad, for the summary. */
const severity: readonly OutcomeStatus[] = ['done', 'refused', 'offline', 'failed', 'timeout', 'unknown'];

export async function operate(request: OperatorRequest<Operate>): Promise<Outcome> {
  const { context, incoming } = request;
  const requests = planOperations(request);
  let worst: OutcomeStatus = 'done';
  const running = requests.map(async ({ node, operation }) => {
    const outcome = await context.operations.submit(operation, {
      offlineReason: node.connection === 'online' ? undefined : node.offlineReason,
      onItem: (item) => relayOutput(item, node.name, request),
      signal: incoming.signal,
    });
    if (severity.indexOf(outcome.status) > severity.indexOf(worst)) worst = outcome.status;
    const answer = nodeOutcome(operation, outcome);
    await incoming.sendItem({ case: 'nodeOutcome', value: answer });
  });
  await Promise.all(running);
  return { case: 'operateSummary', value: { operations: requests.length, worst } };
}

export const nodeOutcome = (operation: OperationRequest, outcome: OperationOutcome) =>
  createNodeOutcome({ node: operation.node, unit: operation.unit, verb: operation.verb, outcome });

async function relayOutput(item: Item, node: string, { incoming }: OperatorRequest<Operate>): Promise<void> {
  if (item.case === 'output') await incoming.sendItem({ case: 'output', value: { ...item.value, node } });
}

function planOperations(
  request: OperatorRequest<Operate>,
): { node: FleetNode; operation: OperationRequest }[] {
  const { value, caller, context } = request;
  const nodes = selectNodes(context.fleet.state, value.nodes);
  const planned = nodes.flatMap((node) => unitsOn(node, value).map((unit) => ({ node, unit })));
  if (planned.length === 0) {
    throw new HecateError(
      'HEC_NOTHING_MATCHED',
      `no loaded unit on ${nodes.map((node) => node.name).join(', ')} matches ${value.units.join(', ')}`,
      'globs match loaded units only, as with systemctl: hecatectl list-units --all',
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
  return planned.map(({ node, unit }) => ({
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
      logLines: value.logLines || operations.logLines,
    },
  }));
}

function unitsOn(node: FleetNode, { verb, units }: Operate): string[] {
  if (nodeVerbs.has(verb)) {
    if (units.length > 0)
      throw new HecateError('HEC_USAGE', `${verb} takes no unit`, `hecatectl ${verb} NODE`);
    return [''];
  }
  if (units.length > 0) return selectUnits(node, units);
  if (eitherVerbs.has(verb)) return [''];
  throw new HecateError('HEC_USAGE', `${verb} needs a unit`, `hecatectl ${verb} NODE UNIT`);
}
