/** Reads that only the node can answer: unit files, properties, states, logs, and how the node is. */
import { busValueToWire } from '@hecate/proto/core/bus-value.ts';
import { encodeFrame } from '@hecate/proto/core/codec.ts';
import { HecateError } from '@hecate/proto/core/errors.ts';
import type { Outcome, QueryBody, QueryResultBody } from '@hecate/proto/core/frames.ts';
import { matchesAny } from '@hecate/proto/core/glob.ts';
import { limits } from '@hecate/proto/core/limits.ts';
import { parseUnitName } from '@hecate/proto/core/unit-name.ts';
import {
  createNodeStatusReport,
  createUnitFileStateEntry,
  createUnitProperty,
  type ListUnitFiles,
  type Query,
  type ReadLogs,
  type ShowUnit,
  type UnitFile,
} from '@hecate/proto/generated/wire.ts';
import type { IncomingRequest } from '@hecate/proto/io/session-host.ts';
import type { Clock } from '@hecate/proto/io/transport.ts';
import { type Policy, policySummary } from '../core/policy.ts';
import type { SystemdPort } from '../core/systemd-port.ts';
import { policyVerdicts } from './policy-verdicts.ts';
import type { UnitLogs } from './unit-logs.ts';
import { unitStatus } from './unit-status.ts';

export interface QueryServices {
  readonly systemd: () => SystemdPort | undefined;
  readonly logs: UnitLogs;
  readonly policy: () => Policy;
  /** The unit that the agent runs in. */
  readonly ownUnit: string;
  /** The order that the node holds, in a line, or nothing. */
  readonly armed: () => string[];
  readonly clock: Clock;
  readonly softwareVersion: string;
}

const doneResult: QueryResultBody = { case: 'done', value: {} };

/** @throws HecateError, which becomes the response's failure */
export async function answerQuery(
  services: QueryServices,
  request: IncomingRequest,
  { query }: Query,
): Promise<Outcome> {
  if (query.case === undefined)
    throw new HecateError('HEC_UNSUPPORTED', 'this agent does not know this query');
  checkPolicy(services.policy(), query);
  const result = await answer(services, request, query);
  return fitting({ case: 'queryResult', value: { result } });
}

/** What shows more than states: `Read=no` keeps it on the node. */
const readCases: ReadonlySet<QueryBody['case']> = new Set(['readLogs', 'showUnit', 'readUnitFile']);

function checkPolicy(policy: Policy, query: QueryBody): void {
  if (policy.read || !readCases.has(query.case)) return;
  throw new HecateError(
    'HEC_POLICY',
    `${policy.source} does not let managers read logs, properties and unit files`,
    'set Read=yes in agent-policy.conf on the node, then: systemctl reload hecate-agent',
  );
}

function answer(
  services: QueryServices,
  request: IncomingRequest,
  query: QueryBody,
): Promise<QueryResultBody> {
  switch (query.case) {
    case 'listUnitFiles':
      return listUnitFiles(busOf(services), request, query.value);
    case 'showUnit':
      return showUnit(busOf(services), query.value);
    case 'readUnitFile':
      return readUnitFile(busOf(services), query.value.unit);
    case 'unitFileStates':
      return unitFileStates(busOf(services), query.value.units);
    case 'getDefaultTarget':
      return defaultTarget(busOf(services));
    case 'unitStatus':
      return unitStatus(services, busOf(services), query.value);
    case 'readLogs':
      return readLogs(services.logs, request, query.value);
    case 'nodeStatus':
      return nodeStatus(services);
    case 'judgeOperations':
      return policyVerdicts(services, query.value);
  }
}

function busOf(services: QueryServices): SystemdPort {
  const systemd = services.systemd();
  if (systemd) return systemd;
  throw new HecateError('HEC_BUS_GONE', 'the agent has no connection to its D-Bus', 'hecatectl doctor NODE');
}

async function listUnitFiles(
  systemd: SystemdPort,
  request: IncomingRequest,
  { patterns, states }: ListUnitFiles,
): Promise<QueryResultBody> {
  const entries = await systemd.listUnitFiles();
  let files: UnitFile[] = [];
  let bytes = 0;
  const send = async (): Promise<boolean> => {
    const batch = files;
    files = [];
    bytes = 0;
    return request.sendItem({ case: 'unitFiles', value: { node: '', files: batch } });
  };
  for (const { unit, path, state } of entries.toSorted((a, b) => (a.unit < b.unit ? -1 : 1))) {
    if (patterns.length > 0 && !matchesAny(patterns, unit)) continue;
    if (states.length > 0 && !states.includes(state)) continue;
    const size = 3 * path.length + state.length + 8;
    if (files.length > 0 && bytes + size > limits.batchBytesMax && !(await send())) return doneResult;
    files.push({ path, state });
    bytes += size;
  }
  if (files.length > 0) await send();
  return doneResult;
}

async function showUnit(systemd: SystemdPort, { unit, properties }: ShowUnit): Promise<QueryResultBody> {
  const all = await systemd.unitProperties(parseUnitName(unit));
  const wanted = [...all].filter(([name]) => properties.length === 0 || properties.includes(name));
  const list = wanted
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => createUnitProperty({ name, value: busValueToWire(value) }));
  return { case: 'unitProperties', value: { properties: list } };
}

async function readUnitFile(systemd: SystemdPort, unit: string): Promise<QueryResultBody> {
  const files = await systemd.unitFileContents(parseUnitName(unit));
  return { case: 'unitFileTexts', value: { files } };
}

async function unitFileStates(systemd: SystemdPort, units: readonly string[]): Promise<QueryResultBody> {
  const entries = await Promise.all(
    units
      .slice(0, limits.listLengthMax)
      .map(async (unit) =>
        createUnitFileStateEntry({ unit, state: await systemd.unitFileState(parseUnitName(unit)) }),
      ),
  );
  return { case: 'unitFileStates', value: { entries } };
}

async function defaultTarget(systemd: SystemdPort): Promise<QueryResultBody> {
  return { case: 'defaultTarget', value: { target: await systemd.getDefault() } };
}

async function readLogs(
  logs: UnitLogs,
  request: IncomingRequest,
  { unit, follow, since, until, linesMax }: ReadLogs,
): Promise<QueryResultBody> {
  // Without one it would be the whole journal: logins, commands, and what other programs write.
  parseUnitName(unit);
  await logs.read(
    { unit, follow, since, until, linesMax },
    (entries) => request.sendItem({ case: 'logs', value: { node: '', entries } }),
    request.signal,
  );
  return doneResult;
}

async function nodeStatus(services: QueryServices): Promise<QueryResultBody> {
  const { clock, softwareVersion } = services;
  const systemd = services.systemd();
  const ask = async (property: string): Promise<unknown> =>
    (await systemd?.managerProperty(property).catch(() => undefined))?.value;
  const [state, version, failed, jobs] = await Promise.all(
    ['SystemState', 'Version', 'NFailedUnits', 'NJobs'].map(ask),
  );
  return {
    case: 'nodeStatus',
    value: createNodeStatusReport({
      systemState: String(state ?? 'unknown'),
      systemdVersion: String(version ?? ''),
      agentVersion: softwareVersion,
      unitsFailed: Number(failed ?? 0),
      jobsQueued: Number(jobs ?? 0),
      busConnected: systemd !== undefined,
      uptimeMs: Math.floor(clock.bootTimeMs()),
      policySummary: [...policySummary(services.policy()), ...services.armed()],
    }),
  };
}

/** An answer that is too large for a frame is an error to its asker, and none of the session's. */
function fitting(outcome: Outcome): Outcome {
  try {
    encodeFrame({ case: 'response', value: { id: 1, outcome } });
    return outcome;
  } catch (error) {
    throw new HecateError(
      'HEC_UNSUPPORTED',
      `the answer is larger than a frame of ${limits.frameBytesMax} bytes`,
      'ask for less: name the properties or units',
      error,
    );
  }
}
