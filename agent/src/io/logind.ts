/**
 * Switching the host off, through logind: systemd's own PowerOff stops no services and waits for no inhibitor.
 */
import type { BusValue } from '@hecate/proto/core/bus-value.ts';
import type { BusConnection } from './bus-connection.ts';
import { BusError } from './bus-error.ts';

const destination = 'org.freedesktop.login1';
const path = '/org/freedesktop/login1';
const managerInterface = 'org.freedesktop.login1.Manager';

/** @throws HEC_UNSUPPORTED on a user's bus. The answer comes when the shutdown is scheduled, not done. */
export async function askLogind(
  bus: BusConnection,
  isSystemBus: boolean,
  member: 'PowerOff' | 'Reboot',
): Promise<void> {
  refuseUserBus(isSystemBus, member);
  const call = { destination, path, interface: managerInterface, member, signature: 'b' };
  // false: not interactive, nobody is there to type a password.
  await bus.call({ ...call, body: [false], autoStart: true });
}

/**
 * From the moment that logind takes a shutdown, also while programs that inhibit it are waited for, until its job has
 * ended. Asked after a PowerOff on the same bus, it tells of that one: logind answers in the order of the calls.
 * @throws HEC_UNSUPPORTED on a user's bus
 */
export async function isPreparingForShutdown(bus: BusConnection, isSystemBus: boolean): Promise<boolean> {
  const property = 'PreparingForShutdown';
  refuseUserBus(isSystemBus, property);
  const call = { destination, path, interface: 'org.freedesktop.DBus.Properties', member: 'Get' };
  const reply = await bus.call({
    ...call,
    signature: 'ss',
    body: [managerInterface, property],
    autoStart: true,
  });
  const { value } = reply.signature === 'v' ? (reply.body[0] as BusValue) : { value: undefined };
  if (typeof value === 'boolean') return value;
  throw new BusError('HEC_UNSUPPORTED', `logind answered ${property} with no boolean`, {
    delivery: 'unknown',
  });
}

function refuseUserBus(isSystemBus: boolean, member: string): void {
  if (isSystemBus) return;
  const text = `${member}: the agent of a user manager cannot switch its host off`;
  const remedy = 'run the agent on the system bus, without --user';
  throw new BusError('HEC_UNSUPPORTED', text, { delivery: 'not-sent', remedy });
}
