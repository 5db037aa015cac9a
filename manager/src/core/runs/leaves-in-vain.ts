/**
 * What a gate waits for in vain: a host that refused to be powered off, a unit that its node refused to stop. Without
 * this, one policy would hold the whole shutdown up for the gate's full time, on battery.
 */
import { errorTable } from '@hecate/proto/core/errors.ts';
import type { Leaf, Observations } from '../plan/gate.ts';
import { leafKey } from '../plan/gate-verdict.ts';
import type { PlannedOperation } from '../plan/plan.ts';
import { askedOperations } from './asked-operations.ts';
import type { OperationEnd, RunState } from './run.ts';

/** Of these leaves; by what the run itself has asked for, and was refused for good. */
export function leavesInVain(run: RunState, leaves: readonly Leaf[]): Leaf[] {
  const refused = refusedOf(run);
  if (refused.length === 0) return [];
  return leaves.filter((leaf) => refused.some((operation) => wouldHaveMade(operation, leaf)));
}

/** As if what is waited for in vain held: the rest still has to. */
export function withoutWaiting(observations: Observations, inVain: readonly Leaf[]): Observations {
  const holding = inVain.map((leaf) => [leafKey(leaf), { verdict: 'holds', detail: '' }] as const);
  return { ...observations, ...Object.fromEntries(holding) };
}

const refusedOf = (run: RunState): PlannedOperation[] =>
  askedOperations(run).flatMap(({ operation, end }) => (end && isRefusedForGood(end) ? [operation] : []));

const isRefusedForGood = ({ status, code }: OperationEnd): boolean =>
  status === 'refused' && code !== '' && !errorTable[code].retryable;

function wouldHaveMade({ node, verb, unit }: PlannedOperation, leaf: Leaf): boolean {
  if (leaf.type === 'node') return leaf.node === node && leaf.state === 'powered-off' && verb === 'poweroff';
  if (leaf.type !== 'unit' || leaf.node !== node || leaf.unit !== unit) return false;
  return verb === 'stop' && leaf.states.includes('inactive');
}
