/**
 * The text of `power.json`: JSON, one line for each UPS, each with its checksum. A byte that has changed anywhere is
 * seen, and costs at most the record that it is in: between two records are two line ends, one of which may be it.
 */
import { createHash } from 'node:crypto';
import type { AlertLevel, UpsState } from '../core/power/ups/ups-state.ts';
import type { RunId } from '../core/runs/run.ts';

export interface KnownAlert {
  readonly level: AlertLevel;
  readonly sentence: string;
}

export interface KnownRun {
  readonly triggerId: string;
  readonly runId: RunId;
}

/** Of one UPS. */
export interface PowerRecord {
  readonly state: UpsState;
  /** The run of its trigger; undefined: none has been accepted yet. */
  readonly run: KnownRun | undefined;
  /** Its shutdown is being taken back, and what it took down is not up again: why. */
  readonly takenBack: string | undefined;
  /** By key. */
  readonly alerts: Readonly<Record<string, KnownAlert>>;
}

export interface ReadPowerRecords {
  /** Those that are whole. */
  readonly records: Map<string, PowerRecord>;
  /** False: something in it is not as it was written. */
  readonly isWhole: boolean;
}

const head = '{"version":2,"upses":{';
const tail = '}}';

export function powerRecordsText(records: ReadonlyMap<string, PowerRecord>): string {
  const lines = [...records].map(([ups, record]) => {
    const [name, text] = [JSON.stringify(ups), JSON.stringify(record)];
    return `${name}:{"sha256":"${checksum(name, text)}","record":${text}}`;
  });
  return `${head}\n${lines.join(',\n\n')}\n${tail}\n`;
}

/** @param text undefined: there is no file, as at a first start */
export function readPowerRecords(text: string | undefined): ReadPowerRecords {
  if (text === undefined) return { records: new Map(), isWhole: true };
  const found = text.split('\n').map(readRecord);
  const records = new Map(found.flatMap((each) => (each ? [each] : [])));
  return { records, isWhole: text === powerRecordsText(records) };
}

const checksum = (name: string, text: string): string =>
  createHash('sha256').update(`${name}:${text}`).digest('hex');

const line = /^("(?:[^"\\]|\\.)*"):\{"sha256":"([0-9a-f]{64})","record":(.*)\},?$/;

function readRecord(text: string): [string, PowerRecord] | undefined {
  const [, name = '', sum, record = ''] = line.exec(text) ?? [];
  if (sum === undefined || checksum(name, record) !== sum) return undefined;
  const ups: unknown = JSON.parse(name);
  const kept = JSON.parse(record) as PowerRecord;
  return typeof ups === 'string' && isOf(ups, kept)
    ? [ups, { ...kept, alerts: kept.alerts ?? {} }]
    : undefined;
}

/** Of a record that another release has written: what it is of is what must be right. */
const isOf = (ups: string, { state }: PowerRecord): boolean => state?.version === 1 && state.ups === ups;
