/**
 * The signals of systemd on one bus connection. Only those of the process that owns systemd's name count: any
 * user of the system bus may send us a signal directly, past all match rules, that says a job is done.
 */

import type { BusData, BusValue } from '@hecate/proto/core/bus-value.ts';
import { formatDuration } from '@hecate/proto/core/duration-text.ts';
import type { FinishedJob } from '../core/systemd-port.ts';
import type { BusMessage } from './bus-codec.ts';
import { type BusConnection, busDaemon } from './bus-connection.ts';
import { BusError } from './bus-error.ts';

export interface SystemdSignalsHost {
  onJobRemoved(job: FinishedJob): void;
  onUnitNew(name: string): void;
  onUnitRemoved(name: string): void;
  onUnitProperties(unitPath: string, properties: readonly (readonly [string, BusValue])[]): void;
  onReloading(active: boolean): void;
  onUnitFilesChanged(): void;
  /** Another connection owns systemd's name now: daemon-reexec, or another process. */
  onNewOwner(): void;
}

const name = 'org.freedesktop.systemd1';
const path = '/org/freedesktop/systemd1';
const fromSystemd = `type='signal',sender='${name}'`;
const managerMembers = ['JobRemoved', 'UnitNew', 'UnitRemoved', 'Reloading', 'UnitFilesChanged'];

/** A fixed set, added once: there is nothing to leak. The Unit interface only: one signal of a pair. */
export const matchRules: readonly string[] = [
  `type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',member='NameOwnerChanged',arg0='${name}'`,
  ...managerMembers.map(
    (member) => `${fromSystemd},interface='${name}.Manager',path='${path}',member='${member}'`,
  ),
  `${fromSystemd},interface='org.freedesktop.DBus.Properties',member='PropertiesChanged',path_namespace='${path}/unit',arg0='${name}.Unit'`,
];

export class SystemdSignals {
  readonly counters = { signals: 0, signalsIgnored: 0, matchRules: 0 };
  private readonly bus: BusConnection;
  private readonly host: SystemdSignalsHost;
  private owner = '';
  private begun = false;
  private ownerKnown: (() => void) | undefined;

  constructor(bus: BusConnection, host: SystemdSignalsHost) {
    this.bus = bus;
    this.host = host;
    bus.onSignal((signal) => this.onSignal(signal));
  }

  /** @throws HEC_BUS_GONE when systemd is not on the bus within the time. */
  async begin(timeoutMs: number): Promise<void> {
    const until = { timeoutMs };
    await Promise.all(
      matchRules.map((rule) =>
        this.bus.call({ ...busDaemon, ...until, member: 'AddMatch', signature: 's', body: [rule] }),
      ),
    );
    this.counters.matchRules = matchRules.length;
    const ask = { ...busDaemon, ...until, member: 'GetNameOwner', signature: 's', body: [name] };
    const reply = await this.bus.call(ask).catch((error: unknown) => {
      if (error instanceof BusError && error.code === 'HEC_BUS_GONE' && error.delivery === 'refused') return;
      throw error;
    });
    // When NameOwnerChanged came meanwhile it is the newer knowledge.
    if (this.owner === '' && typeof reply?.body[0] === 'string') this.owner = reply.body[0];
    // A user's bus is up a moment before systemd has found it.
    if (this.owner === '') await this.waitForOwner(timeoutMs);
    this.begun = true;
  }

  private waitForOwner(timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (message: string): void => {
        const remedy = 'is the host booted with systemd? `busctl list` on the node shows who is on the bus';
        reject(new BusError('HEC_BUS_GONE', message, { delivery: 'not-sent', remedy }));
      };
      const timer = setTimeout(
        () => fail(`systemd did not come to the bus within ${formatDuration(timeoutMs)}`),
        timeoutMs,
      );
      const unsubscribe = this.bus.onClosed((reason) => {
        clearTimeout(timer);
        fail(reason.message);
      });
      this.ownerKnown = () => {
        clearTimeout(timer);
        unsubscribe();
        resolve();
      };
    });
  }

  private onSignal(signal: BusMessage): void {
    if (signal.sender === busDaemon.destination) {
      if (signal.member === 'NameOwnerChanged' && signal.signature === 'sss') this.onOwner(signal.body);
      return; // NameAcquired comes unasked
    }
    const taken = this.owner !== '' && signal.sender === this.owner && this.handle(signal);
    if (taken) this.counters.signals += 1;
    else this.counters.signalsIgnored += 1;
  }

  private onOwner([changed, , owner]: readonly BusData[]): void {
    if (changed !== name || typeof owner !== 'string') return;
    this.owner = owner;
    if (owner === '') return;
    this.ownerKnown?.();
    this.ownerKnown = undefined;
    if (this.begun) this.host.onNewOwner();
  }

  /** False for what is not systemd's, in member or signature. */
  private handle(signal: BusMessage): boolean {
    const { body } = signal;
    switch (`${signal.member} ${signal.signature}`) {
      case 'JobRemoved uoss': {
        const [jobId, jobPath, unit, result] = body as [number, string, string, string];
        this.host.onJobRemoved({ jobId, jobPath, unit, result });
        return true;
      }
      case 'UnitNew so':
        this.host.onUnitNew(body[0] as string);
        return true;
      case 'UnitRemoved so':
        this.host.onUnitRemoved(body[0] as string);
        return true;
      case 'PropertiesChanged sa{sv}as':
        if (body[0] !== `${name}.Unit`) return false;
        this.host.onUnitProperties(signal.path, body[1] as [string, BusValue][]);
        return true;
      case 'Reloading b':
        this.host.onReloading(body[0] as boolean);
        return true;
      case 'UnitFilesChanged ':
        this.host.onUnitFilesChanged();
        return true;
      default:
        return false;
    }
  }
}
