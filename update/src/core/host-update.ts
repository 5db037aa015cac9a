/**
 * The update of one host, decided: from a release to a newer one, and back where that does not come up. What is about to
 * be changed is durable before it changes (I9), so that an update that was cut short is taken back at the next start.
 */

/** A change that has begun. */
export interface Change {
  readonly from: string;
  readonly to: string;
}

export type HostUpdateState =
  | { readonly phase: 'idle'; readonly refused: readonly string[] }
  /** Packages of both releases are being brought here and verified; nothing has changed yet. */
  | (Change & { readonly phase: 'preparing'; readonly refused: readonly string[] })
  | (Change & { readonly phase: 'asking'; readonly refused: readonly string[] })
  | (Change & { readonly phase: 'installing' | 'checking'; readonly refused: readonly string[] })
  | (Change & {
      readonly phase: 'rolling-back' | 'checking-rollback';
      readonly refused: readonly string[];
      readonly why: string;
    });

export type HostUpdateInput =
  | (Change & { readonly type: 'begin' })
  /** The program was started, and this is what it finds. */
  | { readonly type: 'resume' }
  | { readonly type: 'prepared' }
  /** What speaks against it just now; empty: nothing. */
  | { readonly type: 'asked'; readonly hindrance: string }
  | { readonly type: 'installed' }
  | { readonly type: 'healthy' }
  /** Preparing, installing, or coming up has failed: why. */
  | { readonly type: 'failed'; readonly why: string };

export type HostUpdateEffect =
  /** The state is to be durable before what follows. */
  | { readonly type: 'persist' }
  /** Brings the packages of both releases here, each verified. */
  | (Change & { readonly type: 'prepare' })
  /** Whether a run goes on, or a UPS is on battery. */
  | { readonly type: 'ask' }
  | { readonly type: 'install'; readonly version: string }
  | { readonly type: 'check'; readonly version: string }
  | { readonly type: 'end'; readonly outcome: HostOutcome; readonly sentence: string };

/** `stuck`: neither release came up; the next run goes back once more. */
export type HostOutcome = 'updated' | 'postponed' | 'not-begun' | 'rolled-back' | 'stuck';

export interface HostUpdateStep {
  readonly state: HostUpdateState;
  readonly effects: readonly HostUpdateEffect[];
}

/** Releases that did not come up are remembered, the newest of them (I14). */
const refusedMax = 20;

export const idle: HostUpdateState = { phase: 'idle', refused: [] };

/** @throws TypeError for an input that its phase does not wait for: a fault of the program */
export function stepHostUpdate(state: HostUpdateState, input: HostUpdateInput): HostUpdateStep {
  if (input.type === 'resume') return resume(state);
  const { refused } = state;
  const unexpected = (): never => {
    throw new TypeError(`${input.type} while ${state.phase}`);
  };
  switch (state.phase) {
    case 'idle': {
      if (input.type !== 'begin') return unexpected();
      const { from, to } = input;
      return { state: { phase: 'preparing', from, to, refused }, effects: [{ type: 'prepare', from, to }] };
    }
    case 'preparing':
      if (input.type === 'failed') return leave(state, 'not-begun', input.why);
      if (input.type !== 'prepared') return unexpected();
      return { state: { ...state, phase: 'asking' }, effects: [{ type: 'ask' }] };
    case 'asking':
      if (input.type !== 'asked') return unexpected();
      if (input.hindrance !== '') return leave(state, 'postponed', input.hindrance);
      return {
        state: { ...state, phase: 'installing' },
        effects: [{ type: 'persist' }, { type: 'install', version: state.to }],
      };
    case 'installing':
      if (input.type === 'failed') return goBack(state, input.why);
      if (input.type !== 'installed') return unexpected();
      return {
        state: { ...state, phase: 'checking' },
        effects: [{ type: 'persist' }, { type: 'check', version: state.to }],
      };
    case 'checking':
      if (input.type === 'failed') return goBack(state, input.why);
      if (input.type !== 'healthy') return unexpected();
      return {
        state: { phase: 'idle', refused },
        effects: [
          { type: 'persist' },
          { type: 'end', outcome: 'updated', sentence: `updated from ${state.from} to ${state.to}` },
        ],
      };
    case 'rolling-back':
      if (input.type === 'failed') return stuck(state, input.why);
      if (input.type !== 'installed') return unexpected();
      return {
        state: { ...state, phase: 'checking-rollback' },
        effects: [{ type: 'persist' }, { type: 'check', version: state.from }],
      };
    case 'checking-rollback':
      if (input.type === 'failed') return stuck(state, input.why);
      if (input.type !== 'healthy') return unexpected();
      return rolledBack(state);
  }
}

/** What was begun and has no end is taken back: whether it would have come up, nobody has seen. */
function resume(state: HostUpdateState): HostUpdateStep {
  const { refused } = state;
  switch (state.phase) {
    case 'idle':
    case 'preparing':
    case 'asking':
      return { state: { phase: 'idle', refused }, effects: [] };
    case 'installing':
    case 'checking':
      return goBack(state, 'it was cut short');
    case 'rolling-back':
    case 'checking-rollback':
      return {
        state: { ...state, phase: 'rolling-back' },
        effects: [{ type: 'persist' }, { type: 'install', version: state.from }],
      };
  }
}

function leave(
  { refused, to }: Change & { readonly refused: readonly string[] },
  outcome: HostOutcome,
  why: string,
): HostUpdateStep {
  const sentence = `not updated to ${to}, and nothing was changed: ${why}`;
  return { state: { phase: 'idle', refused }, effects: [{ type: 'end', outcome, sentence }] };
}

function goBack(change: Change & { readonly refused: readonly string[] }, why: string): HostUpdateStep {
  const { from, to, refused } = change;
  const kept = [...refused.filter((version) => version !== to), to].slice(-refusedMax);
  return {
    state: { phase: 'rolling-back', from, to, refused: kept, why },
    effects: [{ type: 'persist' }, { type: 'install', version: from }],
  };
}

type GoingBack = Extract<HostUpdateState, { phase: 'rolling-back' | 'checking-rollback' }>;

const rolledBack = ({ from, to, refused, why }: GoingBack): HostUpdateStep => ({
  state: { phase: 'idle', refused },
  effects: [
    { type: 'persist' },
    { type: 'end', outcome: 'rolled-back', sentence: `${to} did not come up (${why}): back to ${from}` },
  ],
});

function stuck(state: GoingBack, why: string): HostUpdateStep {
  const { from, to } = state;
  const sentence = `${to} did not come up (${state.why}), and ${from} does not either: ${why}`;
  return { state, effects: [{ type: 'persist' }, { type: 'end', outcome: 'stuck', sentence }] };
}

const phases = ['idle', 'preparing', 'asking', 'installing', 'checking', 'rolling-back', 'checking-rollback'];

export const formatHostUpdate = (state: HostUpdateState): string => `${JSON.stringify(state)}\n`;

/** @returns undefined for a text that {@link formatHostUpdate} has not made */
export function parseHostUpdate(text: string): HostUpdateState | undefined {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof found !== 'object' || found === null) return undefined;
  const { phase, refused, from, to, why } = found as Record<string, unknown>;
  const isText = (value: unknown): value is string => typeof value === 'string';
  if (!isText(phase) || !phases.includes(phase)) return undefined;
  if (!Array.isArray(refused) || !refused.every(isText)) return undefined;
  if (phase === 'idle') return { phase, refused };
  if (!isText(from) || !isText(to)) return undefined;
  if (phase === 'rolling-back' || phase === 'checking-rollback')
    return isText(why) ? { phase, refused, from, to, why } : undefined;
  return { phase: phase as 'installing', refused, from, to };
}
