/** `intent.json`: a shutdown is in progress. What it is to say, and whom it stops. */
import { isActive } from './plan-walk.ts';
import type { Intent, RunId, RunRequest, RunState } from './run.ts';
import type { RunRefusal } from './runs-state.ts';

export const intentOf = ({ runId, plan, reason, requestedWallMs }: RunRequest): Intent => ({
  version: 1,
  runId,
  plan: plan.name,
  mode: plan.mode,
  reason,
  sinceWallMs: requestedWallMs,
});

/**
 * The intent that belongs to these runs: the one that is there while its shutdown goes on, else that of another
 * shutdown that does; `released`: one whose run is over, or which a startup has overridden.
 */
export function intentAfter(
  runs: Iterable<RunState>,
  intent: Intent | undefined,
  released: ReadonlySet<RunId>,
): Intent | undefined {
  const shutdowns = [...runs].filter((run) => isActive(run) && run.request.plan.kind === 'shutdown');
  if (intent && shutdowns.some(({ request }) => request.runId === intent.runId)) return intent;
  const [oldest] = shutdowns;
  if (oldest) return intentOf(oldest.request);
  return intent && released.has(intent.runId) ? undefined : intent;
}

/** Why a startup is not begun: the only decision on the wall clock, because it goes over boots. */
export function refusalByIntent(
  intent: Intent | undefined,
  wallMs: number,
  ageMaxMs: number,
): RunRefusal | undefined {
  // An age below zero: the clock was set back since, and says nothing; the intent stands.
  if (!intent || wallMs - intent.sinceWallMs >= ageMaxMs) return undefined;
  const since = new Date(intent.sinceWallMs).toISOString();
  const reason = intent.reason ? ` (${intent.reason})` : '';
  return {
    code: 'HEC_INTENT',
    message: `a shutdown is in progress since ${since}: ${intent.plan} (${intent.mode}), run ${intent.runId}${reason}`,
    remedy:
      'wait until it is over: hecatectl runs list; when it was over long ago: hecatectl startup --override-intent',
  };
}
