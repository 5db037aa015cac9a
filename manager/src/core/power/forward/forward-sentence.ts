/** What becomes of a forwarded trigger, in one sentence with its figures: a part of `hecatectl power explain`. */
import { formatSeconds } from '../../plan/plan-words.ts';
import type { ReceivedState } from './forward-received-state.ts';
import type { ForwardState } from './forward-state.ts';

/** @param receiver how people call the other site */
export function sayForward(
  { forward, leftover, local, trouble, ups }: ForwardState,
  receiver: string,
  nowMs: number,
): string {
  const because = trouble === '' ? '' : ` (${trouble})`;
  if (forward === undefined)
    return leftover === undefined
      ? ''
      : `${ups}: its withdrawal is still being told to ${receiver}${because}`;
  const own = local && !local.isOver ? `; ${local.sentence}` : '';
  return `${ups}: ${standing(forward, receiver, nowMs)}${because}${own}`;
}

function standing(
  { phase, progress, heardAtMs, openedAtMs, withdrawal }: NonNullable<ForwardState['forward']>,
  receiver: string,
  nowMs: number,
): string {
  const heard = heardAtMs === undefined ? '' : `, heard ${formatSeconds(nowMs - heardAtMs)} ago`;
  if (withdrawal !== '') return `it is being withdrawn at ${receiver}${heard}`;
  switch (phase) {
    case 'sending':
      return `it is being forwarded to ${receiver} for ${formatSeconds(nowMs - openedAtMs)}, and not acknowledged`;
    case 'ended':
      return `the shutdown at ${receiver} is over`;
    case 'acknowledged':
    case 'committed': {
      const run = progress?.runId ? `run ${progress.runId}` : 'no run yet';
      const stage = progress?.stage ? `, stage ${progress.stage}` : '';
      const left = progress?.boundLeftMs ? `, over in ${formatSeconds(progress.boundLeftMs)} at worst` : '';
      const trouble = progress?.trouble ? `: ${progress.trouble}` : '';
      const fate = phase === 'committed' ? ' past its point of no return' : '';
      return `${receiver} carries it out${fate}: ${run}${stage}${left}${trouble}${heard}`;
    }
  }
}

export function sayReceived({ forward, peer, ups }: ReceivedState, trouble: string): string {
  if (forward === undefined) return '';
  const because = trouble === '' ? '' : `; no shutdown begins: ${trouble}`;
  return `${peer} has forwarded a trigger of ${ups} (${forward.phase}): ${forward.sentence}${because}`;
}
