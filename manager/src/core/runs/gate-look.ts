/** A gate looks, again and again, until its condition has held often enough in a row; unknown is not enough (I12). */
import type { NodeName } from '@hecate/proto/core/names.ts';
import type { Gate, Leaf, Observations } from '../plan/gate.ts';
import { judge, leafKey, leavesOf } from '../plan/gate-verdict.ts';
import type { Action } from '../plan/plan.ts';
import { leavesInVain, withoutWaiting } from './leaves-in-vain.ts';
import type { Look, RunningStep, RunState } from './run.ts';
import type { RunDraft } from './run-draft.ts';

export type LookingAction = Extract<Action, { type: 'gate' | 'wake' }>;

export const isLooking = (action: Action): action is LookingAction =>
  action.type === 'gate' || action.type === 'wake';

/** What one look may take, however often its gate looks. */
const lookTimeLimitMs = 10_000;

export function look(draft: RunDraft, action: LookingAction): void {
  const { running } = draft.run;
  if (!running) return;
  const { held = 0, details = [], online = [] } = running.look ?? {};
  const round = running.look ? running.look.round + 1 : firstRoundOf(draft.run, running);
  const next: Look = { round, isAsked: true, nextAtMs: draft.at.nowMs, held, details, online };
  const timeLimitMs = Math.max(1, Math.min(lookTimeLimitMs, running.deadlineAtMs - draft.at.nowMs));
  draft.note({ look: next });
  if (action.type === 'wake') {
    const targets = action.targets.filter(({ node }) => !online.includes(node));
    if (targets.length > 0) draft.send({ type: 'wake', targets });
  }
  const leaves = leavesOf(action.gate.condition);
  draft.send({ type: 'observe', runId: draft.runId, round: next.round, leaves, timeLimitMs });
}

/** More looks than a method takes in a day, and more methods than a step has. */
const roundsMax = 1_000_000;
const methodsMax = 1000;

/** No two methods of a run share a round: a late answer to the gate before is none to this one (I1). */
const firstRoundOf = ({ results }: RunState, { method }: RunningStep): number =>
  (results.length * methodsMax + method) * roundsMax + 1;

/** in-vain: all holds but what never will, because it was refused. */
export type Heard = 'waits' | 'holds' | 'in-vain';

/** How the gate stands now. An answer to another look than the one that was asked is not heard. */
export function heard(
  draft: RunDraft,
  action: LookingAction,
  stepId: string,
  { round, observations }: { round: number; observations: Observations },
): Heard {
  const { running } = draft.run;
  const last = running?.look;
  if (!running || !last?.isAsked || last.round !== round) return 'waits';
  const { gate } = action;
  const { verdict, details } = judge(gate.condition, observations);
  const inVain = leavesInVain(draft.run, leavesOf(gate.condition));
  const isOver = judge(gate.condition, withoutWaiting(observations, inVain)).verdict === 'holds';
  // What held in vain does not count for what holds.
  const isOfSameKind = (verdict === 'holds') === (last.details.length === 0);
  const held = isOver ? (isOfSameKind ? last.held : 0) + 1 : 0;
  const online = action.type === 'wake' ? onlineOf(gate, observations) : [];
  const nextAtMs = draft.at.nowMs + gate.intervalMs;
  draft.note({ look: { round, isAsked: false, nextAtMs, held, details, online } });
  if (held >= gate.consecutive) return verdict === 'holds' ? 'holds' : 'in-vain';
  if (
    verdict !== 'holds' &&
    (round === firstRoundOf(draft.run, running) || !isSameText(details, last.details))
  )
    draft.tell({ type: 'waiting', stepId, sentence: gate.sentence, details });
  return 'waits';
}

/** However often something changes, a gate looks at most so often because of it. */
const hastenedMs = 100;

/**
 * What the gate waits for has changed: it looks at once, and not when its interval is over. Looks that must agree keep
 * their distance.
 */
export function hasten(
  draft: RunDraft,
  { gate }: LookingAction,
  node: NodeName,
  unit: string | undefined,
): void {
  const last = draft.run.running?.look;
  if (!last || last.isAsked || last.held > 0) return;
  if (!leavesOf(gate.condition).some((leaf) => isAbout(leaf, node, unit))) return;
  const heardAtMs = last.nextAtMs - gate.intervalMs;
  const nextAtMs = Math.min(last.nextAtMs, Math.max(draft.at.nowMs, heardAtMs + hastenedMs));
  draft.note({ look: { ...last, nextAtMs } });
}

/** That a host is off is never noticed: its silence is looked for. */
const isAbout = (leaf: Leaf, node: NodeName, unit: string | undefined): boolean =>
  unit === undefined
    ? leaf.type === 'node' && leaf.node === node && leaf.state !== 'powered-off'
    : leaf.type === 'unit' && leaf.node === node && leaf.unit === unit;

const isSameText = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && one.every((text, at) => text === other[at]);

function onlineOf(gate: Gate, observations: Observations): NodeName[] {
  const nodes: NodeName[] = [];
  for (const leaf of leavesOf(gate.condition)) {
    if (leaf.type !== 'node' || leaf.state !== 'online') continue;
    if (observations[leafKey(leaf)]?.verdict === 'holds') nodes.push(leaf.node);
  }
  return nodes;
}
