/** Which run may take over from which, as a table (I11): at most one run holds a node. */
import type { NodeName } from '@hecate/proto/core/names.ts';
import type { PlanKind } from '../plan/plan.ts';
import { isActive, isPastNoReturn } from './plan-walk.ts';
import type { RunId, RunRequest, RunState } from './run.ts';
import type { RunRefusal } from './runs-state.ts';

export type TakeOver =
  | { readonly type: 'begin'; readonly preempts: readonly RunId[] }
  | { readonly type: 'join'; readonly runId: RunId }
  | { readonly type: 'refuse'; readonly refusal: RunRefusal };

type Relation = 'pre-empts' | 'joins' | 'refused';

/** What is asked (rows) against what holds its nodes (columns). */
const table: Readonly<
  Record<PlanKind, Readonly<Record<PlanKind, (asked: RunRequest, run: RunState) => Relation>>>
> = {
  startup: { startup: joinsSamePlan, sequence: refused, shutdown: refused },
  sequence: { startup: refused, sequence: refused, shutdown: refused },
  shutdown: { startup: preempts, sequence: preempts, shutdown: shutdownAgainstShutdown },
};

function refused(): Relation {
  return 'refused';
}

function preempts(): Relation {
  return 'pre-empts';
}

function joinsSamePlan(asked: RunRequest, run: RunState): Relation {
  return asked.planDigest === run.request.planDigest && !run.abort ? 'joins' : 'refused';
}

/**
 * Joins what is there, unless that would leave undone what is asked (I10): hosts left on, nodes that are not its own, a
 * run that stops because of an abort. Past its point of no return nothing pre-empts it.
 */
function shutdownAgainstShutdown(asked: RunRequest, run: RunState): Relation {
  const isCovered = asked.plan.nodes.every((node) => run.request.plan.nodes.includes(node));
  const isReal = !asked.isRehearsal;
  const goesFurther =
    isReal &&
    asked.plan.mode === 'poweroff' &&
    (run.request.plan.mode !== 'poweroff' || run.request.isRehearsal);
  if (isPastNoReturn(run)) return isCovered ? 'joins' : 'refused';
  return goesFurther || (isReal && (!isCovered || run.abort)) ? 'pre-empts' : 'joins';
}

/** Pure: the runs that are active, and what is asked. */
export function takeOver(runs: Iterable<RunState>, asked: RunRequest): TakeOver {
  const active = [...runs].filter(isActive);
  // Of its own kind: a shutdown that joined a startup would be a trigger that is lost (I10).
  const sameTrigger = active.find(
    ({ request }) =>
      asked.triggerId !== '' &&
      request.triggerId === asked.triggerId &&
      request.plan.kind === asked.plan.kind,
  );
  if (sameTrigger) return { type: 'join', runId: sameTrigger.request.runId };
  const concerned = active
    .filter((run) => overlaps(run, asked))
    .map((run) => ({ run, relation: table[asked.plan.kind][run.request.plan.kind](asked, run) }));
  const refusing = concerned.find(({ relation }) => relation === 'refused');
  if (refusing) return { type: 'refuse', refusal: heldBy(refusing.run, asked) };
  const joined = concerned.find(({ relation }) => relation === 'joins');
  if (joined) return { type: 'join', runId: joined.run.request.runId };
  return { type: 'begin', preempts: concerned.map(({ run }) => run.request.runId) };
}

const shared = ({ request }: RunState, asked: RunRequest): NodeName[] =>
  asked.plan.nodes.filter((node) => request.plan.nodes.includes(node));

const overlaps = (run: RunState, asked: RunRequest): boolean => shared(run, asked).length > 0;

function heldBy(run: RunState, asked: RunRequest): RunRefusal {
  const nodes = shared(run, asked);
  const named =
    nodes.length > 3 ? `${nodes.slice(0, 3).join(', ')} and ${nodes.length - 3} more` : nodes.join(', ');
  const { plan, runId } = run.request;
  return {
    code: 'HEC_RUN_ACTIVE',
    message: `run ${runId} (${plan.name}) holds ${named}, which ${asked.plan.name} needs`,
    remedy: `watch it: hecatectl runs watch ${runId}; or stop it first: hecatectl runs abort ${runId}`,
  };
}
