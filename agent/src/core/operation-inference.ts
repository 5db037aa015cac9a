/**
 * What became of an operation whose end nobody saw: the agent was killed, or the bus went away, between asking
 * systemd and its answer. It is never applied again (I2); the unit's own state is the witness.
 */
import type { OperationOutcome } from '@hecate/proto/generated/wire.ts';
import { createUnitEvidence } from '@hecate/proto/generated/wire.ts';
import { done, jobFailed, unknown } from './operation-outcomes.ts';
import type { BegunRecord } from './operation-record.ts';
import type { StartedJob, UnitOutcome } from './systemd-port.ts';
import { isJobVerb } from './verbs.ts';

/** What an inspection brought to light; what does not matter for the verb is undefined. */
export interface Facts {
  /** A job of this operation, or one that must be taken for it, is still there. */
  readonly job: StartedJob | undefined;
  readonly unit: UnitOutcome | undefined;
  readonly freezerState: string | undefined;
  readonly unitFileState: string | undefined;
  readonly defaultTarget: string | undefined;
  /** What kind of shutdown is under way on this host; `some`: whether to power off or to boot again is not told. */
  readonly shutdown: 'none' | 'poweroff' | 'reboot' | 'some' | undefined;
  /** CLOCK_MONOTONIC, microseconds: what the unit did before is not known to this systemd. */
  readonly systemdStartedUs: number | undefined;
}

export type Inference = { type: 'wait'; job: StartedJob } | { type: 'outcome'; outcome: OperationOutcome };

export function infer(begun: BegunRecord, facts: Facts, isSameBoot: boolean): Inference {
  if (facts.job) return { type: 'wait', job: facts.job };
  const outcome = conclude(begun, facts, isSameBoot);
  const evidence = facts.unit && evidenceOf(facts.unit);
  return { type: 'outcome', outcome: { ...outcome, inferred: true, ...(evidence ? { evidence } : {}) } };
}

export const evidenceOf = (unit: UnitOutcome) =>
  createUnitEvidence({
    loadState: unit.loadState,
    activeState: unit.activeState,
    subState: unit.subState,
    result: unit.result ?? '',
    execMainCode: unit.execMainCode ?? 0,
    execMainStatus: unit.execMainStatus ?? 0,
    invocationId: unit.invocationId,
  });

function conclude(begun: BegunRecord, facts: Facts, isSameBoot: boolean): OperationOutcome {
  const persistent = concludeFromFiles(begun, facts);
  if (persistent) return persistent;
  if (begun.verb === 'poweroff' || begun.verb === 'reboot') {
    return isSameBoot ? concludeFromShutdown(begun, facts) : done(begun, 'the host was restarted');
  }
  if (!isSameBoot) return unknown(begun, 'the host was restarted while it ran');
  if (begun.verb === 'exec')
    return { ...unknown(begun, 'the agent was restarted while the command ran, its output is lost') };
  const { unit } = facts;
  if (!unit) return unknown(begun, 'the agent was interrupted, and nothing on the node tells whether it ran');
  if (isOfNewSystemd(begun, facts)) return concludeAnew(begun, unit, facts);
  return isJobVerb(begun.verb) ? concludeFromState(begun, unit) : concludeOther(begun, unit, facts);
}

/** It was accepted when a shutdown of its kind is under way; that there is none must have been said (I12). */
function concludeFromShutdown(begun: BegunRecord, { shutdown }: Facts): OperationOutcome {
  if (shutdown === begun.verb) return done(begun, 'accepted');
  const sameBoot = 'the host is still in the same boot';
  if (shutdown === 'none') return notApplied(begun, `${sameBoot}, and no shutdown is under way`);
  if (shutdown === undefined)
    return unknown(begun, `${sameBoot}, and whether it is shutting down cannot be told`);
  const kind = shutdown === 'some' ? 'a shutdown' : shutdown;
  return unknown(begun, `${sameBoot}, with ${kind} under way; whether this was applied, too, cannot be told`);
}

const isOfNewSystemd = (begun: BegunRecord, { systemdStartedUs }: Facts): boolean =>
  systemdStartedUs !== undefined && systemdStartedUs > begun.monotonicUs;

/**
 * A user's systemd can be started anew in the same boot. The new one has no memory of what the unit did before: only
 * what is there as it was to be, counts.
 */
function concludeAnew(begun: BegunRecord, unit: UnitOutcome, { freezerState }: Facts): OperationOutcome {
  const { activeState } = unit;
  const isReached = (): boolean => {
    switch (begun.verb) {
      case 'stop':
        return activeState === 'inactive' || activeState === 'failed';
      case 'freeze':
      case 'thaw':
        return (freezerState === 'frozen') === (begun.verb === 'freeze');
      case 'reset-failed':
        return activeState !== 'failed';
      default:
        return isJobVerb(begun.verb) && activeState === 'active';
    }
  };
  return isReached()
    ? done(begun, 'done')
    : unknown(begun, `systemd was started anew meanwhile; the unit is ${activeState}`);
}

/** What the verb was to bring about is there, or it is not: on disk it outlives a restart of the host. */
function concludeFromFiles(begun: BegunRecord, facts: Facts): OperationOutcome | undefined {
  const state = facts.unitFileState ?? '';
  const verdict = (isReached: boolean): OperationOutcome =>
    isReached ? done(begun, 'done') : notApplied(begun, `the unit file is ${state || 'not there'}`);
  switch (begun.verb) {
    case 'enable':
      return verdict(/^(enabled|linked|alias|static|indirect|generated)/.test(state));
    case 'disable':
      return verdict(!/^(enabled|linked)/.test(state));
    case 'mask':
      return verdict(state.startsWith('masked'));
    case 'unmask':
      return verdict(!state.startsWith('masked'));
    case 'set-default':
      return facts.defaultTarget === begun.unit
        ? done(begun, 'done')
        : notApplied(begun, `the default target is ${facts.defaultTarget ?? 'not known'}`);
    default:
      return undefined;
  }
}

/** Whether the unit has changed since the operation was begun: then this may be its doing, and may be another's. */
const hasChanged = (begun: BegunRecord, unit: UnitOutcome): boolean =>
  unit.stateChangeTimestampMonotonic > BigInt(Math.floor(begun.monotonicUs));

function concludeFromState(begun: BegunRecord, unit: UnitOutcome): OperationOutcome {
  const isChanged = hasChanged(begun, unit);
  const { activeState } = unit;
  if (begun.verb === 'stop') {
    return activeState === 'inactive' || activeState === 'failed'
      ? done(begun, 'done')
      : notReached(begun, unit, `the unit is ${activeState}`);
  }
  if (activeState === 'failed') {
    return isChanged ? jobFailed(begun, 'failed') : notApplied(begun, 'the unit had failed before');
  }
  if (activeState === 'active')
    return isChanged || begun.verb === 'start'
      ? done(begun, 'done')
      : notApplied(begun, 'the unit has not changed since');
  // A oneshot without RemainAfterExit is inactive again once it has succeeded.
  if (activeState === 'inactive' && isChanged) return done(begun, 'done');
  if (activeState === 'inactive' && begun.verb === 'try-restart') return done(begun, 'done');
  return notReached(begun, unit, `the unit is ${activeState} and has no job`);
}

/**
 * What it was to bring about is not there. Only a unit that has not changed since proves that it was not applied:
 * one that is started and fails is activating again (auto-restart), one that is stopped may be started by another
 * (I12).
 */
const notReached = (begun: BegunRecord, unit: UnitOutcome, why: string): OperationOutcome =>
  hasChanged(begun, unit)
    ? unknown(begun, `the agent was interrupted; ${why}, and has changed since it was begun`)
    : notApplied(begun, why);

function concludeOther(begun: BegunRecord, unit: UnitOutcome, facts: Facts): OperationOutcome {
  switch (begun.verb) {
    case 'freeze':
    case 'thaw': {
      const isFrozen = facts.freezerState === 'frozen';
      return isFrozen === (begun.verb === 'freeze')
        ? done(begun, 'done')
        : notReached(begun, unit, `the unit is ${facts.freezerState ?? 'not known'}`);
    }
    case 'reset-failed':
      return unit.activeState === 'failed'
        ? notReached(begun, unit, 'the unit is failed')
        : done(begun, 'done');
    case 'kill':
      return hasChanged(begun, unit)
        ? done(begun, 'done')
        : unknown(begun, 'the unit has not changed since: whether the signal was sent is not known');
    default:
      return unknown(begun, 'the agent was interrupted, and nothing on the node tells whether it ran');
  }
}

const notApplied = (begun: BegunRecord, why: string): OperationOutcome => ({
  ...jobFailed(begun, 'not-applied'),
  message: `${begun.verb} ${begun.unit}: the agent was interrupted, and by all signs it was not applied: ${why}`,
  remedy: 'ask again if it is still wanted',
});
