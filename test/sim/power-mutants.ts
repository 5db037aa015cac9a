/** Planted bugs of power, each as it would be made: the simulator must find every one of them. */
import type { RuntimeBelief } from '../../manager/src/core/power/ups/effective-runtime.ts';
import type { upsStep } from '../../manager/src/core/power/ups/ups.ts';
import type { UpsReading, UpsSample } from '../../manager/src/core/power/ups/ups-sample.ts';
import type { UpsEffect, UpsState } from '../../manager/src/core/power/ups/ups-state.ts';
import type { Mutation } from './runs-mutation.ts';

type Step = typeof upsStep;

const changingSample =
  (change: (sample: UpsSample, state: UpsState) => UpsSample) =>
  (step: Step): Step =>
  (state, config, input, at) =>
    step(
      state,
      config,
      input.type === 'sample' ? { ...input, sample: change(input.sample, state) } : input,
      at,
    );

const changingReading = (change: (reading: UpsReading, state: UpsState) => UpsReading) =>
  changingSample((sample, state) =>
    sample.reading ? { ...sample, reading: change(sample.reading, state) } : sample,
  );

const changingState =
  (change: (state: UpsState, nowMs: number) => UpsState) =>
  (step: Step): Step =>
  (state, config, input, at) =>
    step(change(state, at.nowMs), config, input, at);

const changingEffects =
  (change: (effect: UpsEffect) => readonly UpsEffect[]) =>
  (step: Step): Step =>
  (state, config, input, at) => {
    const taken = step(state, config, input, at);
    return { ...taken, effects: taken.effects.flatMap((effect) => change(effect)) };
  };

/** What was told last is taken for what is so now. */
const withReadingOfBefore = (sample: UpsSample, { reading }: UpsState): UpsSample =>
  sample.reading || !reading ? sample : { ...sample, reading, failure: undefined };

/** As long left as a moment ago. */
const standing = (belief: RuntimeBelief, atMs: number): RuntimeBelief => ({
  ...belief,
  believed: belief.believed && { ...belief.believed, atMs },
  told: belief.told && { ...belief.told, atMs },
});

const withoutOutage = (state: UpsState): UpsState => ({ ...state, outage: undefined });

const isSpeaking = ({ type }: UpsEffect): boolean => type !== 'reverse';

/**
 * What is not here, and why: batteries of the simulator empty evenly, and what is told is counted down from its first look.
 * So a threshold without the age of telemetry is not late here, nor one whose looks a single one above it forgets: what is
 * believed does not swing around it. ups-properties.test.ts and threshold.test.ts hold both.
 */
export const powerMutants: Readonly<Record<string, Mutation>> = {
  'the threshold is half of what is needed': {
    upsConfig: (config) => ({ ...config, runtimeSafetyFactor: config.runtimeSafetyFactor / 2 }),
  },
  'the threshold has no safety factor': {
    upsConfig: (config) => ({ ...config, runtimeSafetyFactor: 1, debouncePolls: 2 }),
  },
  'stale data are believed': { upsStep: changingSample(withReadingOfBefore) },
  'what was told is not counted down in silence': {
    upsStep: changingState((state, nowMs) =>
      state.silentSinceMs === undefined ? state : { ...state, belief: standing(state.belief, nowMs) },
    ),
  },
  'every fall is believed at once': {
    upsStep: changingReading((reading, { reading: before }) => ({
      ...reading,
      loadPercent: (before?.loadPercent ?? 0) + 10,
    })),
  },
  'one look under the threshold is enough': {
    upsConfig: (config) => ({ ...config, debouncePolls: 1 }),
    upsStep: changingReading((reading, { reading: before }) => ({
      ...reading,
      loadPercent: (before?.loadPercent ?? 0) + 10,
    })),
  },
  'silence with mains is an outage': {
    upsStep: changingSample((sample, { reading }) =>
      sample.reading || !reading
        ? sample
        : { ...sample, reading: { ...reading, flags: ['OB'] }, failure: undefined },
    ),
  },
  'a calibration is an outage': {
    upsStep: changingReading((reading) => ({
      ...reading,
      flags: reading.flags.filter((flag) => flag !== 'CAL'),
    })),
  },
  'LB with mains is a low battery': {
    upsStep: changingReading((reading) =>
      reading.flags.includes('LB') ? { ...reading, flags: ['OB', 'LB'] } : reading,
    ),
  },
  'a trigger is not persisted': { forgetsPower: true },
  'an outage is forgotten at a restart': {
    upsStep: (step) => (state, config, input, at) =>
      step(input.type === 'resume' ? withoutOutage(state) : state, config, input, at),
  },
  'a trigger is forgotten at a restart': {
    upsStep: (step) => (state, config, input, at) =>
      step(
        input.type === 'resume' && state.trigger && !state.trigger.isStarted
          ? { ...state, trigger: undefined, phase: 'on-battery' }
          : state,
        config,
        input,
        at,
      ),
  },
  'a trigger is asked for once': {
    upsStep: (step) => (state, config, input, at) => {
      const taken = step(state, config, input, at);
      const known = state.trigger?.triggerId;
      const effects = taken.effects.filter((each) => each.type !== 'trigger' || each.triggerId !== known);
      return { ...taken, effects };
    },
  },
  'nothing is taken back': { upsStep: changingEffects((effect) => (isSpeaking(effect) ? [effect] : [])) },
  'the run has no time limit': { powerRequest: (request) => ({ ...request, timeLimitMs: undefined }) },
  'one UPS takes back what another has asked for': { takesBackWanted: true },
  'a trigger of before a boot is asked for without a look': {
    upsStep: changingState((state) =>
      state.trigger?.unseen ? { ...state, trigger: { ...state.trigger, unseen: undefined } } : state,
    ),
  },
  'a run that was accepted before a crash is not found': { forgetsAccepted: true },
  'what has not asked yet is good for nothing': { countsUnasked: true },
  'the end of a run is not heard of': {
    upsStep: (step) => (state, config, input, at) =>
      input.type === 'run' && input.event === 'ended'
        ? { state, effects: [] }
        : step(state, config, input, at),
  },
};
