/** The times of a step out of what was declared of them. */
import type { StepCompilation } from './compilation.ts';
import { formatSeconds } from './plan-words.ts';
import type { StepDeclaration } from './sequence.ts';

export interface StepTimes {
  /** Of each method. */
  readonly timeoutMs: number;
  readonly expectedMs: number;
  readonly minimumMs: number;
}

/** A step that nobody has measured is expected to take this part of its timeout. */
const expectedShare = 1 / 4;

export function stepTimes(step: StepDeclaration, compilation: StepCompilation): StepTimes {
  const timeoutMs = limitOf(step, compilation);
  const usualMs = step.action.type === 'wait' ? timeoutMs : Math.ceil(timeoutMs * expectedShare);
  const expectedMs = capped('expected', step.expectedMs ?? usualMs, timeoutMs, compilation);
  const minimumMs = capped('minimum', step.minimumMs ?? expectedMs, timeoutMs, compilation);
  if (minimumMs > expectedMs) {
    const figures = `${formatSeconds(minimumMs)} is more than the ${formatSeconds(expectedMs)} expected`;
    compilation.warn(
      `the minimum of ${figures}: the rung short gives it the minimum`,
      'lower minimum, or raise expected',
    );
  }
  return { timeoutMs, expectedMs, minimumMs };
}

function limitOf({ action, timeoutMs }: StepDeclaration, compilation: StepCompilation): number {
  if (action.type === 'wait')
    return capped('waiting', action.durationMs, timeoutMs ?? action.durationMs, compilation);
  if (timeoutMs !== undefined && timeoutMs > 0) return timeoutMs;
  compilation.error('the step has no bound', 'give it a timeout, such as timeout: 2m');
  return 0;
}

function capped(what: string, durationMs: number, timeoutMs: number, compilation: StepCompilation): number {
  if (durationMs <= timeoutMs || timeoutMs === 0) return durationMs;
  const figures = `${formatSeconds(durationMs)} is more than the timeout of ${formatSeconds(timeoutMs)}`;
  compilation.warn(`the ${what} time of ${figures}, which counts`, `lower ${what}, or raise timeout`);
  return timeoutMs;
}

/** How long systemd and logind may take to take an order; what it leads to is waited for by the gate behind it. */
const acceptanceMs = 30_000;
const acceptanceShare = 1 / 4;
const acceptanceExpectedMs = 1000;

/** The time of a step, shared by an order and the gate behind it: together they have what was declared. */
export function sharedTimes(times: StepTimes): { readonly order: StepTimes; readonly gate: StepTimes } {
  const timeoutMs = Math.min(acceptanceMs, Math.ceil(times.timeoutMs * acceptanceShare));
  const share = (durationMs: number): number =>
    Math.min(timeoutMs, acceptanceExpectedMs, Math.ceil(durationMs * acceptanceShare));
  const order = { timeoutMs, expectedMs: share(times.expectedMs), minimumMs: share(times.minimumMs) };
  return {
    order,
    gate: {
      timeoutMs: times.timeoutMs - order.timeoutMs,
      expectedMs: Math.min(times.expectedMs - order.expectedMs, times.timeoutMs - order.timeoutMs),
      minimumMs: Math.min(times.minimumMs - order.minimumMs, times.timeoutMs - order.timeoutMs),
    },
  };
}
