/** Everything `hecatectl status NODE UNIT` shows, out of one look at the unit. */
import type { BusData, BusValue } from '@hecate/proto/core/bus-value.ts';
import { asHecateError } from '@hecate/proto/core/errors.ts';
import type { QueryResultBody } from '@hecate/proto/core/frames.ts';
import { parseUnitName } from '@hecate/proto/core/unit-name.ts';
import {
  createUnitEvidence,
  createUnitState,
  createUnitStatusReport,
  type UnitStatus,
} from '@hecate/proto/generated/wire.ts';
import type { SystemdPort } from '../core/systemd-port.ts';
import type { QueryServices } from './queries.ts';

/** Long enough for a journal of many gigabytes; the rest of the status should not wait longer. */
const logsTimeLimitMs = 5000;
/** systemd's "not known" for sizes and counts. */
const unsetCount = 2n ** 64n - 1n;

export async function unitStatus(
  services: Pick<QueryServices, 'logs' | 'policy'>,
  systemd: SystemdPort,
  { unit, logLines }: UnitStatus,
): Promise<QueryResultBody> {
  const name = parseUnitName(unit);
  const [state, properties, logs] = await Promise.all([
    systemd.unitState(name),
    systemd.unitProperties(name),
    readTail(services, name, logLines),
  ]);
  const get = (property: string): BusData | undefined => properties.get(property)?.value;
  return {
    case: 'unitStatus',
    value: createUnitStatusReport({
      state: createUnitState({
        name: state.name,
        description: state.description.slice(0, 512),
        loadState: state.loadState,
        activeState: state.activeState,
        subState: state.subState,
        jobId: state.jobId,
        jobType: state.jobType,
      }),
      evidence: createUnitEvidence({
        loadState: state.loadState,
        activeState: state.activeState,
        subState: state.subState,
        result: text(get('Result')),
        execMainCode: Number(get('ExecMainCode') ?? 0),
        execMainStatus: Number(get('ExecMainStatus') ?? 0),
        invocationId: hexOf(properties.get('InvocationID')),
      }),
      fragmentPath: text(get('FragmentPath')),
      unitFileState: text(get('UnitFileState')),
      mainPid: Number(get('MainPID') ?? 0),
      activeEnterMs: Math.floor(Number(get('ActiveEnterTimestamp') ?? 0) / 1000),
      memoryCurrentBytes: count(get('MemoryCurrent')),
      tasksCurrent: count(get('TasksCurrent')),
      ...logs,
    }),
  };
}

async function readTail(
  { logs, policy }: Pick<QueryServices, 'logs' | 'policy'>,
  unit: string,
  lines: number,
): Promise<{ logLines: string[]; logsMissingBecause: string }> {
  if (lines === 0) return { logLines: [], logsMissingBecause: '' };
  if (!policy().read) return { logLines: [], logsMissingBecause: `${policy().source} says Read=no` };
  try {
    return {
      logLines: await logs.tail(unit, Math.min(lines, 1000), logsTimeLimitMs),
      logsMissingBecause: '',
    };
  } catch (error) {
    return { logLines: [], logsMissingBecause: asHecateError(error).message };
  }
}

const text = (value: BusData | undefined): string => (typeof value === 'string' ? value : '');

/** Decimal; empty when systemd does not count it. */
const count = (value: BusData | undefined): string =>
  typeof value === 'bigint' && value !== unsetCount ? value.toString() : '';

const hexOf = (value: BusValue | undefined): string =>
  value?.value instanceof Uint8Array ? Buffer.from(value.value).toString('hex') : '';
