/** Looks up what became of an operation whose end nobody saw; operation-inference.ts concludes from it. */
import { HecateError } from '@hecate/proto/core/errors.ts';
import type { Facts } from '../core/operation-inference.ts';
import type { BegunRecord } from '../core/operation-record.ts';
import type { StartedJob, SystemdPort } from '../core/systemd-port.ts';
import { isJobVerb, jobTypesOf } from '../core/verbs.ts';
import { execUnitName } from './exec-command.ts';

const nothing: Facts = {
  job: undefined,
  unit: undefined,
  freezerState: undefined,
  unitFileState: undefined,
  defaultTarget: undefined,
  shutdown: undefined,
  systemdStartedUs: undefined,
};

/** @throws SystemdFailure when the bus does not answer */
export async function inspectOperation(
  systemd: SystemdPort | undefined,
  begun: BegunRecord,
  job: StartedJob | undefined,
  isSameBoot: boolean,
): Promise<Facts> {
  if (!systemd) throw new HecateError('HEC_BUS_GONE', 'the agent has no connection to its D-Bus');
  const { verb, unit } = begun;
  if (isJobVerb(verb)) {
    if (!isSameBoot) return nothing;
    const found = await findJob(systemd, begun, job);
    return found ? { ...nothing, job: found } : { ...nothing, ...(await unitFacts(systemd, unit)) };
  }
  switch (verb) {
    case 'enable':
    case 'disable':
    case 'mask':
    case 'unmask':
      return { ...nothing, unitFileState: await systemd.unitFileState(unit) };
    case 'set-default':
      return { ...nothing, defaultTarget: await systemd.getDefault() };
    case 'freeze':
    case 'thaw': {
      const { value } = await systemd.unitProperty(unit, 'Unit', 'FreezerState');
      return { ...nothing, ...(await unitFacts(systemd, unit)), freezerState: String(value) };
    }
    case 'kill':
    case 'reset-failed':
      return unit === '' ? nothing : { ...nothing, ...(await unitFacts(systemd, unit)) };
    case 'poweroff':
    case 'reboot':
      return isSameBoot ? { ...nothing, shutdown: await shutdownUnderWay(systemd) } : nothing;
    case 'exec':
      await endCommand(systemd, execUnitName(begun.opId));
      return nothing;
    default:
      return nothing;
  }
}

/** A unit's state, and since when there is a systemd that can tell it. */
async function unitFacts(
  systemd: SystemdPort,
  unit: string,
): Promise<Pick<Facts, 'unit' | 'systemdStartedUs'>> {
  const [outcome, started] = await Promise.all([
    systemd.unitOutcome(unit),
    systemd.managerProperty('UserspaceTimestampMonotonic'),
  ]);
  return { unit: outcome, systemdStartedUs: Number(started.value) };
}

/** The targets that systemd starts for a shutdown, each with what the host does in the end. */
const shutdownTargets: Readonly<Record<string, NonNullable<Facts['shutdown']>>> = {
  'poweroff.target': 'poweroff',
  'reboot.target': 'reboot',
  'kexec.target': 'reboot',
  'halt.target': 'some',
  'shutdown.target': 'some',
};

/** systemd's jobs tell its kind; before they are queued logind has it, and waits for who inhibits it. */
async function shutdownUnderWay(systemd: SystemdPort): Promise<NonNullable<Facts['shutdown']>> {
  const jobs = await systemd.listJobs();
  const kinds = jobs.flatMap(({ unit, jobType }) => (jobType === 'start' && shutdownTargets[unit]) || []);
  const kind = kinds.find((each) => each !== 'some') ?? kinds[0];
  return kind ?? ((await systemd.isPreparingForShutdown()) ? 'some' : 'none');
}

/**
 * The job that was recorded; or, when the agent died before it could, the one that waits for the unit. A job is told
 * by its unit, too: a systemd that was started anew counts its jobs from 1 again; and by the unit's own name, because
 * it may have been asked for by an alias.
 */
async function findJob(
  systemd: SystemdPort,
  begun: BegunRecord,
  job: StartedJob | undefined,
): Promise<StartedJob | undefined> {
  if (!isJobVerb(begun.verb)) return undefined;
  const { name } = await systemd.unitState(begun.unit);
  const types = jobTypesOf[begun.verb];
  const jobs = await systemd.listJobs();
  return jobs.find(({ unit, jobPath, jobType }) => {
    const isOfUnit = unit === name || unit === begun.unit;
    return isOfUnit && (job ? jobPath === job.jobPath : types.includes(jobType));
  });
}

/** Nobody will read its output any more. */
async function endCommand(systemd: SystemdPort, unit: string): Promise<void> {
  const state = await systemd.unitState(unit);
  if (state.loadState === 'not-found') return;
  await systemd.startJob('stop', unit).catch(() => undefined);
  await systemd.resetFailed(unit).catch(() => undefined);
}
