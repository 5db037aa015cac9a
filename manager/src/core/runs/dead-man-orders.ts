/**
 * Dead man's orders: each agent holds its own part of a shutdown, for the case that it is cut off. Armed when the run
 * begins and again at each new session; withdrawn as soon as the run is over, or is to end because of an abort, until
 * each agent has said so.
 */
import type { NodeName } from '@hecate/proto/core/names.ts';
import { deadManParts } from '../plan/dead-man-parts.ts';
import type { Dependencies } from '../plan/dependencies.ts';
import type { Plan } from '../plan/plan.ts';
import { isActive, stepAt } from './plan-walk.ts';
import type { RunState } from './run.ts';
import type { RunDraft } from './run-draft.ts';
import type { DeadManOrder, RunsEffect } from './runs-state.ts';

/**
 * The orders of a run as they are on its rung. Below `full` a node acts alone when the manager would have acted at the
 * latest, had the whole plan begun on this rung when it was chosen, and not later than at `full`.
 */
export function ordersOf(run: RunState): DeadManOrder[] {
  const { request, beganAtMs, rungAtMs, rung } = run;
  const { plan } = request;
  const reason = request.reason ? `run ${request.runId}: ${request.reason}` : `run ${request.runId}`;
  const { coordinator } = plan;
  const lower = rung === 'full' ? [] : deadManParts({ plan, dependencies: edgesOf(plan), coordinator }, rung);
  return plan.parts.map((full) => {
    const { node } = full;
    const beginAtMs = beganAtMs + full.beginsAfterMs;
    const part = lower.find((each) => each.node === node);
    if (!part) return { node, beginAtMs, operations: full.operations, reason };
    const lowerAtMs = rungAtMs + part.beginsAfterMs;
    return { node, beginAtMs: Math.min(beginAtMs, lowerAtMs), operations: part.operations, reason };
  });
}

const edgesOf = ({ nodes, dependencies }: Plan): Dependencies => {
  const declared = new Map(dependencies.map(({ node, dependsOn }) => [node, dependsOn]));
  return new Map(nodes.map((node) => [node, declared.get(node) ?? []]));
};

/** At the run's beginning: recorded before any is sent, so that none is forgotten on an agent. */
export function recordArming(draft: RunDraft): void {
  const nodes = draft.plan.parts.map(({ node }) => node);
  if (draft.plan.kind === 'shutdown' && nodes.length > 0) draft.write({ type: 'arming', nodes });
}

/** To every node that holds one, or is to: at the beginning, and when another rung makes others of them. */
export function sendOrders(draft: RunDraft): void {
  const { runId, run } = draft;
  if (run.armed.length === 0) return;
  for (const order of ordersOf(run))
    if (run.armed.includes(order.node) && !isPoweredOff(run, order.node))
      draft.send({ type: 'arm', runId, order });
}

export function withdrawOrders(draft: RunDraft): void {
  for (const node of draft.run.armed) draft.send({ type: 'withdraw', runId: draft.runId, node });
}

/** What a node that is back is told: its order again, or that there is none any more. */
export function ordersAtReturn(run: RunState, node: NodeName): RunsEffect[] {
  if (!run.armed.includes(node)) return [];
  const { runId } = run.request;
  if (!holdsToOrders(run)) return [{ type: 'withdraw', runId, node }];
  const order = isPoweredOff(run, node) ? undefined : ordersOf(run).find((each) => each.node === node);
  return order ? [{ type: 'arm', runId, order }] : [];
}

/** One that is being aborted does not power anybody off any more: nor may a node that is cut off until it has ended. */
export const holdsToOrders = (run: RunState): boolean => isActive(run) && !run.abort;

/** A host that went off for the run, and that is on again, was switched on by somebody: it is left alone. */
const isPoweredOff = ({ request: { plan }, results, carriedOut }: RunState, node: NodeName): boolean =>
  carriedOut.includes(node) ||
  results.some(
    ({ address, outcome }) => outcome !== 'left-out' && stepAt(plan, address).powersOff.includes(node),
  );
