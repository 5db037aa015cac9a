/**
 * Dead man's orders: each agent holds its own part of a shutdown, for the case that it is cut off. Armed when the run
 * begins and again at each new session; withdrawn when the run is over, until each agent has said so.
 */
import type { NodeName } from '@hecate/proto/core/names.ts';
import { isActive, stepAt } from './plan-walk.ts';
import type { RunState } from './run.ts';
import type { RunDraft } from './run-draft.ts';
import type { DeadManOrder, RunsEffect } from './runs-state.ts';

/** The order of a node, if the run has one for it. */
export function orderOf({ request, beganAtMs }: RunState, node: NodeName): DeadManOrder | undefined {
  const part = request.plan.parts.find((each) => each.node === node);
  if (!part) return undefined;
  const { operations, beginsAfterMs } = part;
  const reason = request.reason ? `run ${request.runId}: ${request.reason}` : `run ${request.runId}`;
  return { node, beginAtMs: beganAtMs + beginsAfterMs, operations, reason };
}

/** At the run's beginning: recorded before they are sent, so that none is forgotten on an agent. */
export function armOrders(draft: RunDraft): void {
  const nodes = draft.plan.parts.map(({ node }) => node);
  if (draft.plan.kind !== 'shutdown' || nodes.length === 0) return;
  draft.write({ type: 'arming', nodes });
  for (const node of nodes) {
    const order = orderOf(draft.run, node);
    if (order) draft.send({ type: 'arm', runId: draft.runId, order });
  }
}

export function withdrawOrders(draft: RunDraft): void {
  for (const node of draft.run.armed) draft.send({ type: 'withdraw', runId: draft.runId, node });
}

/** What a node that is back is told: its order again, or that there is none any more. */
export function ordersAtReturn(run: RunState, node: NodeName): RunsEffect[] {
  if (!run.armed.includes(node)) return [];
  const { runId } = run.request;
  if (!isActive(run)) return [{ type: 'withdraw', runId, node }];
  const order = isPoweredOff(run, node) ? undefined : orderOf(run, node);
  return order ? [{ type: 'arm', runId, order }] : [];
}

/** A host that the run has powered off, and that is on again, was switched on by somebody: it is left alone. */
const isPoweredOff = ({ request: { plan }, results }: RunState, node: NodeName): boolean =>
  results.some(
    ({ address, outcome }) => outcome !== 'left-out' && stepAt(plan, address).powersOff.includes(node),
  );
