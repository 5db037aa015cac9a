/**
 * The update of one host, decided: from a release to a newer one, and back where that does not come up. What is about to
 * be changed is durable before it changes (I9), so that an update that was cut short is taken back at the next start.
 */

/** A change that has begun. */
export interface Change {
  readonly from: string;
  readonly to: string;
}

/** Of the manager's state, made before anything was changed. */
export interface Backup {
  readonly file: string;
  readonly madeAtMs: number;
}

/** What is remembered from one update to the next. */
interface Memory {
  /** Releases that did not come up, by a fault of theirs. */
  readonly refused: readonly string[];
  /** The release that went back for what may be no fault of its own, once for each time. */
  readonly doubted: readonly string[];
}

export type HostUpdateState =
  | (Memory & { readonly phase: 'idle' })
  /** Packages of both releases are being brought here and verified; nothing has changed yet. */
  | (Memory & Change & { readonly phase: 'preparing' | 'asking' | 'backing-up' })
  | (Memory &
      Change & {
        readonly phase: 'installing' | 'checking';
        /** null: there is no manager here whose state could change. */
        readonly backup: Backup | null;
      })
  | (Memory &
      Change & {
        readonly phase: GoingBackPhase;
        readonly backup: Backup | null;
        readonly why: string;
      });

type GoingBackPhase = 'rolling-back' | 'checking-rollback' | 'restoring' | 'checking-restored';

export type HostUpdateInput =
  | (Change & { readonly type: 'begin' })
  /** The program was started, and this is what it finds. */
  | { readonly type: 'resume' }
  | { readonly type: 'prepared' }
  /** What speaks against it just now; empty: nothing. */
  | { readonly type: 'asked'; readonly hindrance: string }
  | { readonly type: 'backed-up'; readonly backup: Backup | null }
  | { readonly type: 'installed' }
  | { readonly type: 'restored' }
  | { readonly type: 'healthy' }
  /** Any of these steps has failed, or it did not come up: why. */
  | { readonly type: 'failed'; readonly why: string }
  /** What is here came up; what does not hold may be no fault of the release: a network, a UPS, another node. */
  | { readonly type: 'failed-elsewhere'; readonly why: string }
  /** It did not come up, for its manager does not start on the state that is there. */
  | { readonly type: 'state-refused'; readonly why: string; readonly nowMs: number };

export type HostUpdateEffect =
  /** The state is to be durable before what follows. */
  | { readonly type: 'persist' }
  /** Brings the packages of both releases here, each verified. */
  | (Change & { readonly type: 'prepare' })
  /** Whether a run goes on, or a UPS is on battery. */
  | { readonly type: 'ask' }
  /** Of the manager's state, if there is a manager here. */
  | ({ readonly type: 'back-up' } & Change)
  /** Of the manager's state, while the manager is stopped. */
  | { readonly type: 'restore'; readonly backup: Backup }
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

/** So many times what may be no fault of a release is not held against it. Then it is: it would go on every night (I14). */
const doubtsMax = 2;

/**
 * A backup that is older is restored by a person: a manager that has worked for longer on the new release may have
 * enrolled since, and a restore forgets that.
 */
const restoredAgeMaxMs = 60 * 60_000;

export const idle: HostUpdateState = { phase: 'idle', refused: [], doubted: [] };

/** @throws TypeError for an input that its phase does not wait for: a fault of the program */
export function stepHostUpdate(state: HostUpdateState, input: HostUpdateInput): HostUpdateStep {
  if (input.type === 'resume') return resume(state);
  const { refused, doubted } = state;
  const unexpected = (): never => {
    throw new TypeError(`${input.type} while ${state.phase}`);
  };
  switch (state.phase) {
    case 'idle': {
      if (input.type !== 'begin') return unexpected();
      const { from, to } = input;
      return {
        state: { phase: 'preparing', from, to, refused, doubted },
        effects: [{ type: 'prepare', from, to }],
      };
    }
    case 'preparing':
      if (input.type === 'failed') return leave(state, 'not-begun', input.why);
      if (input.type !== 'prepared') return unexpected();
      return { state: { ...state, phase: 'asking' }, effects: [{ type: 'ask' }] };
    case 'asking':
      if (input.type !== 'asked') return unexpected();
      if (input.hindrance !== '') return leave(state, 'postponed', input.hindrance);
      return {
        state: { ...state, phase: 'backing-up' },
        effects: [{ type: 'back-up', from: state.from, to: state.to }],
      };
    case 'backing-up':
      if (input.type === 'failed') return leave(state, 'not-begun', input.why);
      if (input.type !== 'backed-up') return unexpected();
      return {
        state: { ...state, phase: 'installing', backup: input.backup },
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
      if (input.type === 'failed' || input.type === 'state-refused') return goBack(state, input.why);
      if (input.type === 'failed-elsewhere') return goBackInDoubt(state, input.why);
      if (input.type !== 'healthy') return unexpected();
      return {
        state: { phase: 'idle', refused, doubted: [] },
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
      if (input.type === 'state-refused') return stateRefused(state, input.why, input.nowMs);
      if (input.type === 'failed') return stuck(state, input.why);
      if (input.type !== 'healthy' && input.type !== 'failed-elsewhere') return unexpected();
      return rolledBack(state);
    case 'restoring':
      if (input.type === 'failed') return stuck(state, input.why);
      if (input.type !== 'restored') return unexpected();
      return {
        state: { ...state, phase: 'checking-restored' },
        effects: [{ type: 'persist' }, { type: 'check', version: state.from }],
      };
    case 'checking-restored':
      if (input.type === 'failed' || input.type === 'state-refused') return stuck(state, input.why);
      if (input.type !== 'healthy' && input.type !== 'failed-elsewhere') return unexpected();
      return rolledBack(state);
  }
}

/** What was begun and has no end is taken back: whether it would have come up, nobody has seen. */
function resume(state: HostUpdateState): HostUpdateStep {
  const { refused, doubted } = state;
  switch (state.phase) {
    case 'idle':
    case 'preparing':
    case 'asking':
    case 'backing-up':
      return { state: { phase: 'idle', refused, doubted }, effects: [] };
    case 'installing':
    case 'checking':
      // By a release that brings its host down, or by the mains.
      return goBackInDoubt(state, 'it was cut short');
    case 'rolling-back':
    case 'checking-rollback':
      return again(state);
    case 'restoring':
      // Half a restore keeps the manager down: it is done once more, before anything else.
      return state.backup ? restore(state, state.backup) : again(state);
    case 'checking-restored':
      // Once is all that it can help (I14): every restore keeps aside what was there.
      return again({ ...state, backup: null });
  }
}

const again = (state: GoingBack): HostUpdateStep => ({
  state: { ...state, phase: 'rolling-back' },
  effects: [{ type: 'persist' }, { type: 'install', version: state.from }],
});

const restore = (state: GoingBack, backup: Backup): HostUpdateStep => ({
  state: { ...state, phase: 'restoring', backup },
  effects: [{ type: 'persist' }, { type: 'restore', backup }],
});

/** The release before does not understand what the newer one has made of its state. */
function stateRefused(state: GoingBack, why: string, nowMs: number): HostUpdateStep {
  const { backup } = state;
  if (!backup) return stuck(state, why);
  const ageMs = nowMs - backup.madeAtMs;
  return ageMs >= 0 && ageMs <= restoredAgeMaxMs ? restore(state, backup) : stuck(state, why);
}

function leave({ refused, doubted, to }: Change & Memory, outcome: HostOutcome, why: string): HostUpdateStep {
  const sentence = `not updated to ${to}, and nothing was changed: ${why}`;
  return { state: { phase: 'idle', refused, doubted }, effects: [{ type: 'end', outcome, sentence }] };
}

type GoneAhead = Extract<HostUpdateState, { phase: 'installing' | 'checking' }>;

function goBack({ from, to, refused, doubted, backup }: GoneAhead, why: string): HostUpdateStep {
  const kept = [...refused.filter((version) => version !== to), to].slice(-refusedMax);
  return {
    state: { phase: 'rolling-back', from, to, refused: kept, doubted, backup, why },
    effects: [{ type: 'persist' }, { type: 'install', version: from }],
  };
}

function goBackInDoubt(state: GoneAhead, why: string): HostUpdateStep {
  const { from, to, refused, backup } = state;
  const before = state.doubted.filter((version) => version === to);
  if (before.length >= doubtsMax) return goBack({ ...state, doubted: [] }, `${why}; not for the first time`);
  return {
    state: { phase: 'rolling-back', from, to, refused, doubted: [...before, to], backup, why },
    effects: [{ type: 'persist' }, { type: 'install', version: from }],
  };
}

type GoingBack = Extract<HostUpdateState, { phase: GoingBackPhase }>;

const rolledBack = ({ from, to, refused, doubted, why }: GoingBack): HostUpdateStep => ({
  state: { phase: 'idle', refused, doubted },
  effects: [
    { type: 'persist' },
    { type: 'end', outcome: 'rolled-back', sentence: `${to} did not come up (${why}): back to ${from}` },
  ],
});

function stuck(state: GoingBack, why: string): HostUpdateStep {
  const { from, to, backup } = state;
  const byHand = backup
    ? `; if it is the state that keeps the manager down, that of before is put back by: ${restoreCommands(backup.file)}`
    : '';
  const sentence = `${to} did not come up (${state.why}), and ${from} does not either: ${why}${byHand}`;
  return { state, effects: [{ type: 'persist' }, { type: 'end', outcome: 'stuck', sentence }] };
}

const restoreCommands = (file: string): string =>
  `systemctl stop hecate-manager; hecatectl restore --force --keep-config ${file}; systemctl start hecate-manager`;

const aheadPhases: readonly string[] = ['installing', 'checking'];
const backPhases: readonly string[] = ['rolling-back', 'checking-rollback', 'restoring', 'checking-restored'];
const phases: readonly string[] = [
  'idle',
  'preparing',
  'asking',
  'backing-up',
  ...aheadPhases,
  ...backPhases,
];

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
  const { phase, refused, doubted = [], from, to, why, backup = null } = found as Record<string, unknown>;
  const isText = (value: unknown): value is string => typeof value === 'string';
  if (!isText(phase) || !phases.includes(phase)) return undefined;
  const isList = (value: unknown): value is string[] => Array.isArray(value) && value.every(isText);
  if (!isList(refused) || !isList(doubted)) return undefined;
  const memory = { refused, doubted };
  if (phase === 'idle') return { phase, ...memory };
  if (!isText(from) || !isText(to)) return undefined;
  if (!aheadPhases.includes(phase) && !backPhases.includes(phase))
    return { phase: phase as 'preparing', ...memory, from, to };
  if (!isBackup(backup)) return undefined;
  const change = { ...memory, from, to, backup };
  if (aheadPhases.includes(phase)) return { phase: phase as 'installing', ...change };
  return isText(why) ? { phase: phase as GoingBackPhase, ...change, why } : undefined;
}

function isBackup(value: unknown): value is Backup | null {
  if (typeof value !== 'object' || value === null) return value === null;
  const { file, madeAtMs } = value as Record<string, unknown>;
  return typeof file === 'string' && typeof madeAtMs === 'number';
}
