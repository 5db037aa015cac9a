/**
 * Switching the host off, through logind: systemd's own PowerOff stops no services and waits for no inhibitor.
 */
import type { BusConnection } from './bus-connection.ts';
import { BusError } from './bus-error.ts';

const logind = {
  destination: 'org.freedesktop.login1',
  path: '/org/freedesktop/login1',
  interface: 'org.freedesktop.login1.Manager',
};

/** @throws HEC_UNSUPPORTED on a user's bus. The answer comes when the shutdown is scheduled, not done. */
export async function askLogind(
  bus: BusConnection,
  isSystemBus: boolean,
  member: 'PowerOff' | 'Reboot',
): Promise<void> {
  if (!isSystemBus) {
    const text = `${member}: the agent of a user manager cannot switch its host off`;
    const remedy = 'run the agent on the system bus, without --user';
    throw new BusError('HEC_UNSUPPORTED', text, { delivery: 'not-sent', remedy });
  }
  // false: not interactive, nobody is there to type a password.
  await bus.call({ ...logind, member, signature: 'b', body: [false], autoStart: true });
}
