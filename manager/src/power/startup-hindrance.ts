/** What keeps a site from being started up, its power aside: a run that goes on, an intent, a plan that cannot be. */
import { asHecateError } from '@hecate/proto/core/errors.ts';
import { isByHand } from '../core/power/site/shut-down-by-hand.ts';
import type { RunId, RunRequest } from '../core/runs/run.ts';
import type { RunService } from '../runs/run-service.ts';

export interface StartupHindrance {
  /** A sentence; empty: nothing does. */
  readonly refusal: string;
  /** It ends by itself, and nobody who is there now has asked for it. */
  readonly isRefusalPassing: boolean;
}

/**
 * A shutdown that was going on when the manager started is finished by it: afterwards the site may come up, as after one
 * that a UPS asks for. One that somebody has asked for since is wanted.
 * @param resumed runs that were going on when the manager started
 */
export function startupHindrance(
  runs: Pick<RunService, 'active' | 'wouldRefuse'>,
  startup: () => RunRequest,
  resumed: ReadonlySet<RunId>,
): StartupHindrance {
  const active = runs.active();
  const isWanted = active.some(
    (run) => run.request.plan.kind === 'shutdown' && isByHand(run) && !resumed.has(run.request.runId),
  );
  try {
    const refusal = runs.wouldRefuse(startup(), false);
    return { refusal, isRefusalPassing: active.length > 0 && !isWanted };
  } catch (thrown) {
    return { refusal: asHecateError(thrown).message, isRefusalPassing: false };
  }
}
