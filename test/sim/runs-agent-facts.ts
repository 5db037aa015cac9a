/** What systemd tells a simulated agent. */
import type { Facts } from '../../agent/src/core/operation-inference.ts';
import type { CallResult, OperationsEffect } from '../../agent/src/core/operations-state.ts';
import type { UnitNamesAnswer } from '../../agent/src/core/policy-decision.ts';
import type { UnitOutcome } from '../../agent/src/core/systemd-port.ts';
import { isJobVerb } from '../../agent/src/core/verbs.ts';
import type { SimulatedHost } from './runs-host.ts';

export const namesOf = (unit: string): UnitNamesAnswer => ({
  case: 'known',
  unitNames: { id: unit, names: [unit] },
});

export const noSuchUnit = (unit: string): CallResult => ({
  case: 'failed',
  code: 'HEC_NO_SUCH_UNIT',
  message: `there is no unit ${unit}`,
  remedy: '',
});

const nothing: Facts = {
  job: undefined,
  unit: undefined,
  freezerState: undefined,
  unitFileState: undefined,
  defaultTarget: undefined,
  shutdown: undefined,
  systemdStartedUs: undefined,
};

/** As agent/src/io/inspect-operation.ts finds them. */
export function factsOf(
  host: SimulatedHost,
  { opId, begun, isSameBoot }: Extract<OperationsEffect, { type: 'inspect' }>,
): Facts {
  const { verb, unit } = begun;
  if (verb === 'poweroff')
    return isSameBoot ? { ...nothing, shutdown: host.isGoingDown ? 'poweroff' : 'none' } : nothing;
  if (verb === 'exec' || !isSameBoot || unit === '') return nothing;
  const own = host.jobs.get(opId);
  const queued = host.units.get(unit)?.job;
  const job = own && !own.result ? own : queued?.verb === verb && !own ? queued : undefined;
  if (job && isJobVerb(verb)) return { ...nothing, job: { jobId: job.jobId, jobPath: job.jobPath } };
  const state = host.stateOf(unit);
  const outcome: UnitOutcome = {
    loadState: host.units.has(unit) ? 'loaded' : 'not-found',
    activeState: state,
    subState: '',
    result: state === 'failed' ? 'exit-code' : 'success',
    execMainStatus: 0,
    execMainCode: 0,
    invocationId: '',
    stateChangeTimestampMonotonic: BigInt(Math.floor(host.changedAtClockMs(unit) * 1000)),
    nRestarts: 0,
  };
  return { ...nothing, unit: outcome, systemdStartedUs: 0 };
}
