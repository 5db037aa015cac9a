/** What becomes of a trigger: its run begins, passes the point of no return, ends or fails; the site is up again. */
import { decide } from './ups-decision.ts';
import type { UpsDraft } from './ups-draft.ts';
import { hold } from './ups-hold.ts';
import { finish, isSilentAfterMains, leave, phaseWithHostsOff } from './ups-leave.ts';
import type { UpsInput, UpsPhase, UpsState, UpsTrigger } from './ups-state.ts';
import { retry } from './ups-trigger.ts';

export function changeBudget(draft: UpsDraft, budgetMs: number): void {
  draft.set({ budgetMs });
  decide(draft, 'time');
}

export function hearRun(draft: UpsDraft, { triggerId, event }: Extract<UpsInput, { type: 'run' }>): void {
  const { trigger, phase } = draft.state;
  if (trigger?.triggerId !== triggerId || (phase !== 'triggered' && phase !== 'committed')) return;
  switch (event) {
    case 'started':
      draft.set({ trigger: { ...trigger, isStarted: true } });
      draft.clear('run-failed', `${draft.state.ups}: the shutdown has begun`);
      return;
    case 'past-no-return':
      draft.set({ trigger: { ...trigger, isStarted: true, isReversing: false } });
      draft.enter('committed');
      return;
    case 'ended':
      leave(draft, phaseWithHostsOff(draft.state));
      return;
    case 'failed':
      trigger.isReversing ? restored(draft, trigger) : retry(draft);
      return;
    case 'aborted':
      if (!trigger.isReversing) hold(draft);
      restored(draft, trigger);
      return;
  }
}

function restored(draft: UpsDraft, { isLast }: UpsTrigger): void {
  const { state } = draft;
  leave(draft, isLast === true ? phaseWithHostsOff(state) : watchingPhase(state));
}

/** The site is up again, by whatever way. */
export function recovered(draft: UpsDraft): void {
  const { phase, ups } = draft.state;
  finish(draft, `${ups}: the site is up again`);
  if (phase !== 'recover' && phase !== 'hosts-off') return;
  draft.enter(watchingPhase(draft.state));
}

function watchingPhase(state: UpsState): UpsPhase {
  const { mainsSinceMs, outage, silentSinceMs, lookAtMs } = state;
  if (mainsSinceMs !== undefined) return 'online';
  if (lookAtMs === undefined) return 'unknown';
  const isBlind = silentSinceMs !== undefined;
  if (outage === undefined || isSilentAfterMains(state)) return isBlind ? 'blind-online' : 'online';
  return isBlind ? 'blind-on-battery' : 'on-battery';
}
