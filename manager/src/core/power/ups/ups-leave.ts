/** How a trigger ends: its run is over, it is taken back, or there is no more reason to ask for another run. */
import { judgeEnough } from './recovery.ts';
import type { UpsDraft } from './ups-draft.ts';
import type { UpsPhase, UpsState } from './ups-state.ts';

/** Of what comes next, looks are counted anew. */
export function leave(draft: UpsDraft, phase: UpsPhase): void {
  const { outage } = draft.state;
  draft.set({ trigger: undefined, outage: outage && { ...outage, looksBelow: 0, looksLow: 0 } });
  draft.clear('run-failed', `${draft.state.ups}: no shutdown is asked for any more`);
  draft.enter(phase);
}

/** Silence that came after mains is no outage (I12): what has stayed up does not go off for it. */
export const phaseWithHostsOff = (state: UpsState): UpsPhase =>
  state.mainsSinceMs !== undefined || isSilentAfterMains(state) ? 'recover' : 'hosts-off';

/** Nothing is heard, and what was told last was mains. */
export const isSilentAfterMains = ({ silentSinceMs, reading }: UpsState): boolean =>
  silentSinceMs !== undefined && reading?.flags.includes('OL') === true && !reading.flags.includes('OB');

/**
 * A run that failed past its point of no return leaves some hosts off and some not. On battery another one is asked for
 * as long as it takes; with mains back, and enough for what is still to come, the way on is up.
 * @returns whether it has ended
 */
export function leaveUnfinished(draft: UpsDraft): boolean {
  const { trigger, phase, ups, hasForcedShutdown } = draft.state;
  if (trigger === undefined || phase !== 'committed' || trigger.isStarted) return false;
  // FSD that a shutdown has set itself latches; one that has asked for it is a command, and stands.
  if (trigger.cause === 'forced-shutdown' && hasForcedShutdown === true) return false;
  const { isAllowed, sentence } = judgeEnough(draft.state, draft.threshold, draft.nowMs);
  if (!isAllowed) return false;
  leave(draft, phaseWithHostsOff(draft.state));
  draft.raise(
    'unfinished',
    'critical',
    `${ups}: the shutdown that it asked for failed when hosts were being powered off, and is not asked for again: ${sentence}; see which nodes are off (hecatectl status), and start them: hecatectl startup --execute`,
  );
  return true;
}

/** The site is up again, or goes down again. */
export const finish = (draft: UpsDraft, why: string): void => draft.clear('unfinished', why);
