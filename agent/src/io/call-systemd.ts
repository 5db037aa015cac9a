/** An operation as calls to systemd, and what came of them as the operation machine takes it. */
import { asHecateError, HecateError } from '@hecate/proto/core/errors.ts';
import { createVerbOptions, type Operation } from '@hecate/proto/generated/wire.ts';
import type { CallResult } from '../core/operations-state.ts';
import { effectiveJobMode } from '../core/policy.ts';
import type { KillWho, SystemdFailure, SystemdPort, UnitFileChanges } from '../core/systemd-port.ts';
import { isJobVerb } from '../core/verbs.ts';

const done = (result = 'done'): CallResult => ({ case: 'done', changes: [], result });

/** Never rejects: what is thrown on the way is a result, too. */
export async function callSystemd(
  systemd: SystemdPort | undefined,
  operation: Operation,
): Promise<CallResult> {
  try {
    if (!systemd) throw new HecateError('HEC_BUS_GONE', 'the agent has no connection to its D-Bus');
    return await call(systemd, operation);
  } catch (thrown) {
    return failed(thrown);
  }
}

function failed(thrown: unknown): CallResult {
  if (isSystemdFailure(thrown) && thrown.delivery === 'unknown') return { case: 'uncertain' };
  const { code, message, remedy } = asHecateError(thrown);
  return { case: 'failed', code, message, remedy };
}

export const isSystemdFailure = (thrown: unknown): thrown is SystemdFailure =>
  thrown instanceof HecateError && 'delivery' in thrown;

async function call(systemd: SystemdPort, operation: Operation): Promise<CallResult> {
  const { verb, unit, timeLimitMs: timeoutMs } = operation;
  const options = operation.options ?? createVerbOptions();
  if (isJobVerb(verb)) {
    return { case: 'job', job: await systemd.startJob(verb, unit, effectiveJobMode(options.jobMode)) };
  }
  switch (verb) {
    case 'kill':
      await systemd.kill(unit, (options.killWho || 'all') as KillWho, options.signal || 15);
      return done();
    case 'freeze':
      await systemd.freeze(unit, { timeoutMs });
      return done();
    case 'thaw':
      await systemd.thaw(unit, { timeoutMs });
      return done();
    case 'reset-failed':
      return resetFailed(systemd, unit);
    case 'daemon-reload':
      await systemd.reload();
      return done();
    case 'poweroff':
      await systemd.powerOff();
      return done('accepted');
    case 'reboot':
      await systemd.reboot();
      return done('accepted');
    default:
      return changeFiles(systemd, operation);
  }
}

/** Without a unit: all of them. */
async function resetFailed(systemd: SystemdPort, unit: string): Promise<CallResult> {
  const units = await systemd.listUnits();
  const names = unit !== '' ? [unit] : units.filter((u) => u.activeState === 'failed').map((u) => u.name);
  for (const name of names) await systemd.resetFailed(name);
  return done();
}

async function changeFiles(systemd: SystemdPort, operation: Operation): Promise<CallResult> {
  const { verb, unit } = operation;
  const { runtime = false, force = false } = operation.options ?? {};
  switch (verb) {
    case 'enable':
      return changed(await systemd.enable([unit], { runtime, force }));
    case 'disable':
      return changed(await systemd.disable([unit], { runtime }));
    case 'mask':
      return changed(await systemd.mask([unit], { runtime, force }));
    case 'unmask':
      return changed(await systemd.unmask([unit], { runtime }));
    case 'set-default':
      return changed(await systemd.setDefault(unit));
    default:
      throw new HecateError(
        'HEC_UNSUPPORTED',
        `this agent does not know ${verb}`,
        'update hecate-agent on the node',
      );
  }
}

const changed = ({ carriesInstallInfo, changes }: UnitFileChanges): CallResult => ({
  case: 'done',
  changes,
  result: carriesInstallInfo ? 'done' : 'no-install-section',
});
