/** How systemd's manager, its units and their properties are asked: every answer's signature is checked. */
import type { BusData, BusValue } from '@hecate/proto/core/bus-value.ts';
import type * as port from '../core/systemd-port.ts';
import type { BusMessage } from './bus-codec.ts';
import type { BusConnection } from './bus-connection.ts';
import { BusError } from './bus-error.ts';
import { jobIdOfPath, unitNameOfPath } from './unit-path.ts';

export const systemdName = 'org.freedesktop.systemd1';
export const managerPath = '/org/freedesktop/systemd1';
const manager = { destination: systemdName, path: managerPath, interface: `${systemdName}.Manager` };
const propertiesInterface = 'org.freedesktop.DBus.Properties';

/** systemctl's own for daemon-reload: twice its ordinary 90 s. Generators run in it. */
export const reloadTimeoutMs = 180_000;
/** Reads every unit file on disk; dozens of seconds on a slow disk. */
export const unitFilesTimeoutMs = 60_000;
const unitRow = 'a(ssssssouso)';
const fileChanges = 'a(sss)';

export class SystemdCalls {
  private readonly bus: BusConnection;

  constructor(bus: BusConnection) {
    this.bus = bus;
  }

  /** Calls a method of systemd's manager; a first argument of text is a unit's name. @throws BusError, also when the answer has another signature. */
  async ask(
    member: string,
    signature: string,
    body: readonly BusData[],
    replySignature: string,
    { timeoutMs }: port.CallOptions = {},
  ): Promise<BusData[]> {
    refuseEmptyName(member, body[0]);
    const call = { ...manager, member, signature, body, ...(timeoutMs === undefined ? {} : { timeoutMs }) };
    return expectSignature(await this.bus.call(call), replySignature, member);
  }

  /** Calls a method of org.freedesktop.DBus.Properties that gives one value. */
  private async properties(
    path: string,
    member: string,
    signature: string,
    body: readonly BusData[],
    replySignature: string,
  ): Promise<BusData> {
    const call = { destination: systemdName, path, interface: propertiesInterface, member, signature, body };
    const [value] = expectSignature(await this.bus.call(call), replySignature, member);
    return value as BusData;
  }

  async property(path: string, interfaceName: string, property: string): Promise<BusValue> {
    const body = [fullInterface(interfaceName), property];
    return (await this.properties(path, 'Get', 'ss', body, 'v')) as BusValue;
  }

  async allProperties(path: string, interfaceName: string): Promise<[string, BusValue][]> {
    const pairs = await this.properties(path, 'GetAll', 's', [fullInterface(interfaceName)], 'a{sv}');
    return pairs as [string, BusValue][];
  }

  /** The object of a unit, loaded if need be. `type` is its interface's last part; an alias is resolved. */
  async load(name: string): Promise<{ path: string; type: string }> {
    const [path] = await this.ask('LoadUnit', 's', [name], 'o');
    const canonical = unitNameOfPath(path as string) ?? name;
    const suffix = canonical.slice(canonical.lastIndexOf('.') + 1);
    return { path: path as string, type: suffix.charAt(0).toUpperCase() + suffix.slice(1) };
  }

  async jobs(): ReturnType<port.SystemdPort['listJobs']> {
    const [rows] = await this.ask('ListJobs', '', [], 'a(usssoo)');
    return (rows as JobRow[]).map(([jobId, unit, jobType, jobState, jobPath]) => ({
      jobId,
      unit,
      jobType,
      jobState,
      jobPath,
    }));
  }

  async rows(member: string, signature: string, body: BusData[]): Promise<port.UnitState[]> {
    const [rows] = await this.ask(member, signature, body, unitRow);
    return (rows as UnitRow[]).map(unitStateOfRow);
  }

  async changeUnitFiles(
    member: string,
    signature: string,
    body: BusData[],
    { timeoutMs = unitFilesTimeoutMs, reload = true }: port.UnitFileOptions,
  ): Promise<port.UnitFileChanges> {
    const withInfo = member === 'EnableUnitFiles';
    const shape = withInfo ? `b${fileChanges}` : fileChanges;
    const reply = await this.ask(member, signature, body, shape, { timeoutMs });
    const rows = reply[withInfo ? 1 : 0] as [string, string, string][];
    if (reload) await this.ask('Reload', '', [], '', { timeoutMs: reloadTimeoutMs });
    const changes = rows.map(([change, file, source]) => ({ change, file, source }));
    return { carriesInstallInfo: withInfo ? reply[0] === true : true, changes };
  }
}

type JobRow = [number, string, string, string, string, string];
type UnitRow = [string, string, string, string, string, string, string, number, string, string];

function unitStateOfRow(row: UnitRow): port.UnitState {
  const [name, description, loadState, activeState, subState, following, unitPath, jobId, jobType] = row;
  return { name, description, loadState, activeState, subState, following, unitPath, jobId, jobType };
}

export const startedJob = (jobPath: string): port.StartedJob => ({
  jobId: jobIdOfPath(jobPath) ?? 0,
  jobPath,
});
const fullInterface = (name: string): string => (name.includes('.') ? name : `${systemdName}.${name}`);

function expectSignature(reply: BusMessage, signature: string, member: string): BusData[] {
  if (reply.signature === signature) return reply.body;
  const text = `${member} answered with "${reply.signature}", expected "${signature}"`;
  const remedy = 'this systemd is not one Hecate knows: versions 245 and later are';
  throw new BusError('HEC_UNSUPPORTED', text, { delivery: 'unknown', remedy });
}

/** To systemd an empty name is the caller's own unit: `kill` of "" would end the agent. */
function refuseEmptyName(member: string, first: BusData | undefined): void {
  if (first !== '' && !(Array.isArray(first) && first.includes(''))) return;
  const remedy = 'give the full name of a unit, such as web.service';
  throw new BusError('HEC_BAD_NAME', `${member}: the name of the unit is empty`, {
    delivery: 'not-sent',
    remedy,
  });
}
