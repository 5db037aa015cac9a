/**
 * Hosts that a gate takes for powered off because they are silent, and of which nobody has heard that they go off: they
 * may be up, and cut off. The gate holds all the same (a host that is dead must not hold up a shutdown on battery), and
 * what it does not know is told (I12).
 */
import type { NodeName } from '@hecate/proto/core/names.ts';
import type { Leaf } from '../plan/gate.ts';
import { formatList } from '../plan/plan-words.ts';
import { type AskedOperation, askedOperations } from './asked-operations.ts';
import type { RunState } from './run.ts';

/** Of the hosts that these leaves want powered off, as far as the run itself has asked for that; sorted. */
export function presumedOff(run: RunState, leaves: readonly Leaf[]): readonly NodeName[] {
  const awaited = leaves.flatMap((leaf) =>
    leaf.type === 'node' && leaf.state === 'powered-off' ? [leaf.node] : [],
  );
  const last = new Map<NodeName, AskedOperation>();
  for (const asked of askedOperations(run))
    if (asked.operation.verb === 'poweroff') last.set(asked.operation.node, asked);
  return [...new Set(awaited)]
    .filter((node) => {
      const asked = last.get(node);
      return asked !== undefined && !hasTakenIt(asked) && !run.carriedOut.includes(node);
    })
    .sort();
}

/** logind has answered: from there on silence is what was to be expected. */
const hasTakenIt = ({ phase, end }: AskedOperation): boolean =>
  end === undefined ? phase === 'accepted' : end.status === 'done';

/** Empty: every host was heard to go. */
export function presumedSentence(run: RunState, leaves: readonly Leaf[]): string {
  const presumed = presumedOff(run, leaves);
  if (presumed.length === 0) return '';
  const [are, it] = presumed.length === 1 ? ['is', 'it'] : ['are', 'they'];
  const ordered = presumed.filter((node) => run.armed.includes(node));
  const alone = ordered.length > 0 ? `; by its order, ${formatList(ordered)} would go off alone` : '';
  return `${formatList(presumed)} ${are} silent, and nobody has heard that ${it} would go off: ${it} may be up, and cut off${alone}`;
}
