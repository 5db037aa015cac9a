/** What a gate need not wait for, by the checkers' own reckoning: what was refused in its run. */
import type { Gate, Leaf, Observations } from '../../manager/src/core/plan/gate.ts';
import { leafKey, leavesOf } from '../../manager/src/core/plan/gate-verdict.ts';
import type { RunState } from '../../manager/src/core/runs/run.ts';

/** What was seen, as if hosts that refused were off, and units that their node refused to stop stopped. */
export function seenButForRefused(run: RunState, gate: Gate, observations: Observations): Observations {
  const refused = refusedBy(run);
  const seen: Record<string, Observations[string]> = { ...observations };
  for (const leaf of leavesOf(gate.condition))
    if (refused.has(`${nameOf(leaf)}`)) seen[leafKey(leaf)] = { verdict: 'holds', detail: '' };
  return seen;
}

function nameOf(leaf: Leaf): string | undefined {
  if (leaf.type === 'node' && leaf.state === 'powered-off') return `poweroff ${leaf.node} `;
  const isStopped = leaf.type === 'unit' && leaf.states.includes('inactive');
  return isStopped ? `stop ${leaf.node} ${leaf.unit}` : undefined;
}

function refusedBy({ request, pastOperations }: RunState): Set<string> {
  const steps = request.plan.stages.flatMap(({ steps: ofStage }, stage) =>
    ofStage.map((each, step) => ({ ...each, stage, step })),
  );
  const refused = pastOperations.flatMap(({ address, operations }) => {
    const step = steps.find((each) => each.stage === address.stage && each.step === address.step);
    const planned = (step?.methods ?? []).flatMap((each) =>
      each.type === 'operations' ? [each.operations] : [],
    );
    const indices = operations.filter(({ end }) => end?.status === 'refused').map(({ index }) => index);
    return planned.flatMap((all) => indices.map((index) => all[index]));
  });
  return new Set(refused.flatMap((each) => (each ? [`${each.verb} ${each.node} ${each.unit}`] : [])));
}
