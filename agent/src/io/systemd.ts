/** systemd over D-Bus: the adapter behind core/systemd-port.ts. */
import type { BusData, BusValue } from '@hecate/proto/core/bus-value.ts';
import { HecateError } from '@hecate/proto/core/errors.ts';
import type * as port from '../core/systemd-port.ts';
import { type BusKind, busAddress, type Environment } from './bus-address.ts';
import { type BusConnection, type BusOptions, openBus } from './bus-connection.ts';
import { BusError } from './bus-error.ts';
import { FinishedJobs } from './finished-jobs.ts';
import { askLogind, isPreparingForShutdown } from './logind.ts';
import {
  managerPath,
  reloadTimeoutMs,
  SystemdCalls,
  startedJob,
  systemdName,
  unitFilesTimeoutMs,
} from './systemd-calls.ts';
import { SystemdEvents } from './systemd-events.ts';
import { SystemdSignals } from './systemd-signals.ts';
import { hex, UnitEvents } from './unit-events.ts';
import { readUnitFiles } from './unit-file-contents.ts';
import { jobIdOfPath } from './unit-path.ts';
import { waitJob } from './wait-job.ts';

export interface SystemdOptions extends Omit<BusOptions, 'address'> {
  bus: BusKind;
  /** Instead of the one that the environment names. */
  address?: string;
  /** Default: that of the process. */
  environment?: Environment;
}

const jobMethods: Record<port.JobVerb, string> = {
  start: 'StartUnit',
  stop: 'StopUnit',
  restart: 'RestartUnit',
  'try-restart': 'TryRestartUnit',
  reload: 'ReloadUnit',
  'reload-or-restart': 'ReloadOrRestartUnit',
};
/** Unit types whose interface has a Result property. */
const typesWithResult = ['Service', 'Socket', 'Timer', 'Path', 'Mount', 'Automount', 'Swap', 'Scope'];

class Systemd extends SystemdEvents implements port.SystemdPort {
  private readonly bus: BusConnection;
  private readonly calls: SystemdCalls;
  private readonly isSystemBus: boolean;
  private readonly signals: SystemdSignals;
  private readonly finishedJobs = new FinishedJobs();
  private readonly events: UnitEvents;

  constructor(bus: BusConnection, isSystemBus: boolean) {
    super();
    this.bus = bus;
    this.calls = new SystemdCalls(bus);
    this.isSystemBus = isSystemBus;
    this.events = new UnitEvents({
      listLoaded: (names) => this.calls.rows('ListUnitsByPatterns', 'asas', [[], [...names]]),
      listAll: () => this.calls.rows('ListUnits', '', []),
      onChanged: (change) => this.unitChanged.emit(change),
      onRemoved: (name) => this.unitRemoved.emit(name),
      onListed: (units) => this.unitsListed.emit(units),
      onLost: (cause) => this.close(lost('the units could not be listed', cause)),
    });
    this.signals = new SystemdSignals(bus, {
      onJobRemoved: (job) => {
        this.finishedJobs.add(job);
        this.jobRemoved.emit(job);
      },
      onUnitNew: (name) => this.events.onUnitNew(name),
      onUnitRemoved: (name) => this.events.onUnitRemoved(name),
      onUnitProperties: (path, properties) => this.events.onPropertiesChanged(path, properties),
      onReloading: (active) => {
        this.reloading.emit(active);
        this.events.onReloading(active);
      },
      onUnitFilesChanged: () => this.unitFilesChanged.emit(undefined),
      onNewOwner: () => void this.greetNewOwner(),
    });
    bus.onClosed(() => this.events.end());
  }

  /** Resolves when systemd is on the bus and sends its signals to us. */
  async begin(timeoutMs: number): Promise<void> {
    await this.signals.begin(timeoutMs);
    await this.subscribe();
  }

  // ── Jobs ──

  async startJob(
    verb: port.JobVerb,
    unit: string,
    mode = 'replace',
    options: port.CallOptions = {},
  ): Promise<port.StartedJob> {
    const [path] = await this.calls.ask(jobMethods[verb], 'ss', [unit, mode], 'o', options);
    return startedJob(path as string);
  }

  async startTransientUnit(
    unit: string,
    mode: string,
    properties: readonly (readonly [string, BusValue])[],
    options: port.CallOptions = {},
  ): Promise<port.StartedJob> {
    const body: BusData[] = [unit, mode, properties.map(([name, value]) => [name, value]), []];
    const [path] = await this.calls.ask('StartTransientUnit', 'ssa(sv)a(sa(sv))', body, 'o', options);
    return startedJob(path as string);
  }

  finishedJob(jobPath: string): port.FinishedJob | undefined {
    return this.finishedJobs.get(jobPath);
  }

  async jobExists(jobPath: string): Promise<boolean> {
    try {
      await this.calls.ask('GetJob', 'u', [jobIdOfPath(jobPath) ?? 0], 'o');
      return true;
    } catch (error) {
      if (error instanceof BusError && error.busErrorName === `${systemdName}.NoSuchJob`) return false;
      throw error;
    }
  }

  waitJob(jobPath: string, options: { timeoutMs: number; pollIntervalMs?: number }): Promise<port.JobEnd> {
    return waitJob(this, jobPath, options);
  }

  listJobs(): ReturnType<port.SystemdPort['listJobs']> {
    return this.calls.jobs();
  }

  async cancelJob(jobId: number): Promise<void> {
    await this.calls.ask('CancelJob', 'u', [jobId], '');
  }

  // ── Units ──

  async kill(unit: string, who: port.KillWho, signal: number): Promise<void> {
    await this.calls.ask('KillUnit', 'ssi', [unit, who, signal], '');
  }

  async freeze(unit: string, options: port.CallOptions = {}): Promise<void> {
    await this.calls.ask('FreezeUnit', 's', [unit], '', options);
  }

  async thaw(unit: string, options: port.CallOptions = {}): Promise<void> {
    await this.calls.ask('ThawUnit', 's', [unit], '', options);
  }

  async resetFailed(unit: string): Promise<void> {
    await this.calls.ask('ResetFailedUnit', 's', [unit], '');
  }

  async listUnits(): Promise<port.UnitState[]> {
    const units = await this.calls.rows('ListUnits', '', []);
    // Changes from before the list are told before it, so that none of them overwrites it.
    this.events.flush();
    return units;
  }

  async unitState(name: string): Promise<port.UnitState> {
    const [row] = await this.calls.rows('ListUnitsByNames', 'as', [[name]]);
    if (row) return row;
    // systemd leaves out names that are none.
    const remedy = 'quote the name exactly as systemctl list-units prints it';
    const text = `${JSON.stringify(name.slice(0, 300))} is not a unit name`;
    throw new BusError('HEC_BAD_NAME', text, { delivery: 'refused', remedy });
  }

  async unitProperties(name: string, interfaceNames?: readonly string[]): Promise<Map<string, BusValue>> {
    const { path, type } = await this.calls.load(name);
    const answers = await Promise.all(
      (interfaceNames ?? ['Unit', type]).map((interfaceName) =>
        this.calls.allProperties(path, interfaceName),
      ),
    );
    // The first interface wins, so that a type cannot shadow what Unit says.
    return new Map(answers.reverse().flat());
  }

  async unitProperty(name: string, interfaceName: string, property: string): Promise<BusValue> {
    const { path } = await this.calls.load(name);
    return this.calls.property(path, interfaceName, property);
  }

  async unitOutcome(name: string): Promise<port.UnitOutcome> {
    const { path, type } = await this.calls.load(name);
    const get = async (interfaceName: string, property: string): Promise<BusData> =>
      (await this.calls.property(path, interfaceName, property)).value;
    const ofService = async (property: string): Promise<number | undefined> =>
      type === 'Service' ? ((await get(type, property)) as number) : undefined;
    // All asked for at once, so that systemd answers them in a row.
    const [load, active, sub, invocation, since, result, status, code, restarts] = await Promise.all([
      get('Unit', 'LoadState'),
      get('Unit', 'ActiveState'),
      get('Unit', 'SubState'),
      get('Unit', 'InvocationID'),
      get('Unit', 'StateChangeTimestampMonotonic'),
      typesWithResult.includes(type) ? get(type, 'Result') : undefined,
      ofService('ExecMainStatus'),
      ofService('ExecMainCode'),
      ofService('NRestarts'),
    ]);
    return {
      loadState: load as string,
      activeState: active as string,
      subState: sub as string,
      result: result as string | undefined,
      execMainStatus: status,
      execMainCode: code,
      invocationId: hex(invocation as Uint8Array),
      stateChangeTimestampMonotonic: since as bigint,
      nRestarts: restarts,
    };
  }

  managerProperty(property: string): Promise<BusValue> {
    return this.calls.property(managerPath, 'Manager', property);
  }

  // ── Unit files ──

  enable(units: readonly string[], options: port.UnitFileOptions = {}): Promise<port.UnitFileChanges> {
    const body = [[...units], options.runtime ?? false, options.force ?? false];
    return this.calls.changeUnitFiles('EnableUnitFiles', 'asbb', body, options);
  }

  disable(units: readonly string[], options: port.UnitFileOptions = {}): Promise<port.UnitFileChanges> {
    return this.calls.changeUnitFiles(
      'DisableUnitFiles',
      'asb',
      [[...units], options.runtime ?? false],
      options,
    );
  }

  mask(units: readonly string[], options: port.UnitFileOptions = {}): Promise<port.UnitFileChanges> {
    const body = [[...units], options.runtime ?? false, options.force ?? false];
    return this.calls.changeUnitFiles('MaskUnitFiles', 'asbb', body, options);
  }

  unmask(units: readonly string[], options: port.UnitFileOptions = {}): Promise<port.UnitFileChanges> {
    return this.calls.changeUnitFiles(
      'UnmaskUnitFiles',
      'asb',
      [[...units], options.runtime ?? false],
      options,
    );
  }

  async getDefault(): Promise<string> {
    const [target] = await this.calls.ask('GetDefaultTarget', '', [], 's');
    return target as string;
  }

  /** Replaces the default target that there is, as `systemctl set-default` does. */
  setDefault(target: string, options: port.UnitFileOptions = {}): Promise<port.UnitFileChanges> {
    return this.calls.changeUnitFiles('SetDefaultTarget', 'sb', [target, options.force ?? true], options);
  }

  async unitFileState(unit: string): Promise<string> {
    try {
      const [state] = await this.calls.ask('GetUnitFileState', 's', [unit], 's', {
        timeoutMs: unitFilesTimeoutMs,
      });
      return state as string;
    } catch (error) {
      if (error instanceof BusError && error.code === 'HEC_NO_SUCH_UNIT') return 'not-found';
      throw error;
    }
  }

  async listUnitFiles(): Promise<port.UnitFileEntry[]> {
    const [rows] = await this.calls.ask('ListUnitFiles', '', [], 'a(ss)', { timeoutMs: unitFilesTimeoutMs });
    return (rows as [string, string][]).map(([path, state]) => ({
      unit: path.slice(path.lastIndexOf('/') + 1),
      path,
      state,
    }));
  }

  async unitFileContents(name: string): Promise<port.UnitFileText[]> {
    const { path } = await this.calls.load(name);
    const [fragment, dropIns, source, load] = await Promise.all(
      ['FragmentPath', 'DropInPaths', 'SourcePath', 'LoadState'].map((p) =>
        this.calls.property(path, 'Unit', p),
      ),
    );
    const paths = [fragment?.value, ...((dropIns?.value ?? []) as string[]), source?.value];
    const files = paths.filter((file): file is string => typeof file === 'string' && file !== '');
    if (files.length > 0) return readUnitFiles(name, files);
    const why = load?.value === 'not-found' ? 'there is no such unit' : 'systemd made it itself';
    const remedy = 'hecatectl list-unit-files NODE shows the units that have files';
    throw new HecateError('HEC_NO_SUCH_UNIT', `${name} has no file: ${why}`, remedy);
  }

  async reload({ timeoutMs = reloadTimeoutMs }: port.CallOptions = {}): Promise<void> {
    await this.calls.ask('Reload', '', [], '', { timeoutMs });
  }

  // ── Host ──

  powerOff(): Promise<void> {
    return askLogind(this.bus, this.isSystemBus, 'PowerOff');
  }

  reboot(): Promise<void> {
    return askLogind(this.bus, this.isSystemBus, 'Reboot');
  }

  isPreparingForShutdown(): Promise<boolean> {
    return isPreparingForShutdown(this.bus, this.isSystemBus);
  }

  // ── Events ──

  onClosed(listener: (reason: port.SystemdFailure) => void): port.Unsubscribe {
    return this.bus.onClosed(listener);
  }

  close(reason?: BusError): void {
    this.events.end();
    this.bus.close(reason);
  }

  counters(): port.SystemdCounters {
    return { ...this.bus.counters(), ...this.signals.counters };
  }

  private async subscribe(): Promise<void> {
    try {
      await this.calls.ask('Subscribe', '', [], '');
    } catch (error) {
      if (!(error instanceof BusError && error.busErrorName === `${systemdName}.AlreadySubscribed`))
        throw error;
    }
  }

  /** systemd executed itself again, or is another process: it may not know that we listen. */
  private async greetNewOwner(): Promise<void> {
    this.finishedJobs.clear();
    // Before anything that its listeners ask: no signal about what they hear in answer is missed.
    const subscribed = this.subscribe();
    this.newOwner.emit(undefined);
    try {
      await subscribed;
      this.events.listAll();
    } catch (cause) {
      this.close(lost('systemd came back to the bus and did not accept us', cause));
    }
  }
}

const lost = (message: string, cause: unknown): BusError =>
  new BusError('HEC_BUS_GONE', message, { delivery: 'not-sent', cause });
const openTimeoutMsDefault = 10_000;

/**
 * Connects to systemd and subscribes to its signals.
 * @throws HEC_CONFIG when the bus's address is not known or usable; HEC_BUS_GONE when bus or systemd do not
 *   answer within `openTimeoutMs`.
 */
export async function openSystemd(options: SystemdOptions): Promise<port.SystemdPort> {
  const { bus: kind, environment = process.env, ...rest } = options;
  const openTimeoutMs = options.openTimeoutMs ?? openTimeoutMsDefault;
  const address = options.address ?? busAddress(kind, environment);
  const bus = await openBus({ ...rest, address, openTimeoutMs });
  const opened = new Systemd(bus, kind === 'system');
  try {
    await opened.begin(openTimeoutMs);
    return opened;
  } catch (cause) {
    opened.close();
    throw cause;
  }
}
