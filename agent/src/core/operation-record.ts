/**
 * The records of the agent's operation journal. Their fold says what was begun, what became of it, and what
 * the manager has been told (I2, I7). The arguments of a command are never written: they may hold secrets.
 */
import {
  createOperationOutcome,
  createUnitEvidence,
  type OperationOutcome,
  OutcomeStatusValues,
  type Verb,
  VerbValues,
} from '@hecate/proto/generated/wire.ts';
import type { Expiry } from './operation-expiry.ts';

/** Durable before systemd is asked for anything (I9). */
export interface BegunRecord {
  readonly type: 'begun';
  readonly opId: string;
  readonly epoch: number;
  readonly verb: Verb;
  readonly unit: string;
  readonly bootId: string;
  /** CLOCK_MONOTONIC of this boot, microseconds: what changed after it may be this operation's doing. */
  readonly monotonicUs: number;
  readonly timeLimitMs: number;
  readonly logLines: number;
  /** CLOCK_BOOTTIME of this boot, milliseconds, after which no frame can apply it. 0 in journals of before. */
  readonly notAfterClockMs: number;
}

export interface JobRecord {
  readonly type: 'job';
  readonly opId: string;
  readonly jobId: number;
  readonly jobPath: string;
}

export interface FinishedRecord {
  readonly type: 'finished';
  readonly opId: string;
  /** As JSON without the fields that have their default: see {@link packOutcome}. */
  readonly outcome: string;
  /** False: it was refused, or given up by the manager, and must never be applied. */
  readonly wasApplied: boolean;
  /** A timeout that was told while the job went on: the true outcome is still to come. */
  readonly isOpen: boolean;
  /** When its beginning is not in the journal any more; it holds for one boot only. */
  readonly expiry?: Expiry | undefined;
}

/** The manager has these outcomes. */
export interface ReportedRecord {
  readonly type: 'reported';
  readonly opIds: readonly string[];
}

/** Written into a new journal, when the first manager has come, and at compaction: what is not in the file any more, and the highest epoch that was. */
export interface ForgottenRecord {
  readonly type: 'forgotten';
  /** The highest OpId that was dropped; of an unknown one up to here nothing can be said. */
  readonly upTo: string;
  readonly epoch: number;
}

/**
 * The highest OpId there can be: of none can anything be said. A journal begins with it, because it may stand in the
 * place of one that was lost (a new disk, a removed file), until a manager says what its clock shows (I12).
 */
export const everyOpId = 'Z'.repeat(26);

export const newJournalRecord: ForgottenRecord = { type: 'forgotten', upTo: everyOpId, epoch: 0 };

export type OperationRecord = BegunRecord | JobRecord | FinishedRecord | ReportedRecord | ForgottenRecord;

const defaults = createOperationOutcome();

/** What is kept of the log lines that came with a failure: enough to say why, for 10,000 of them. */
const keptLinesMax = 10;
const keptLineLengthMax = 300;
const keptListMax = 32;

/** An outcome in a few dozen bytes: 10,000 of them are remembered. */
export function packOutcome(outcome: OperationOutcome): string {
  const packed: Record<string, unknown> = {};
  const kept: OperationOutcome = {
    ...outcome,
    logLines: outcome.logLines.slice(-keptLinesMax).map((line) => line.slice(0, keptLineLengthMax)),
    changes: outcome.changes.slice(0, keptListMax),
  };
  for (const [key, value] of Object.entries(kept)) {
    const isDefault = value === defaults[key as keyof OperationOutcome];
    if (!isDefault && !(Array.isArray(value) && value.length === 0) && key !== 'opId') packed[key] = value;
  }
  return JSON.stringify(packed);
}

export function unpackOutcome(opId: string, packed: string): OperationOutcome {
  const outcome = createOperationOutcome({ ...(JSON.parse(packed) as Partial<OperationOutcome>), opId });
  return outcome.evidence ? { ...outcome, evidence: createUnitEvidence(outcome.evidence) } : outcome;
}

type Fields = Readonly<Record<string, unknown>>;

/** @throws Error saying which field is not what it must be */
export function parseOperationRecord(value: unknown): OperationRecord {
  if (typeof value !== 'object' || value === null) throw new Error('an object');
  const fields = value as Fields;
  switch (fields.type) {
    case 'begun':
      return parseBegun(fields);
    case 'job':
      return {
        type: 'job',
        opId: text(fields, 'opId'),
        jobId: number(fields, 'jobId'),
        jobPath: text(fields, 'jobPath'),
      };
    case 'finished':
      return parseFinished(fields);
    case 'reported': {
      const { opIds } = fields;
      if (!Array.isArray(opIds) || !opIds.every((opId) => typeof opId === 'string'))
        throw new Error('a list of operation ids in "opIds"');
      return { type: 'reported', opIds };
    }
    case 'forgotten':
      return { type: 'forgotten', upTo: text(fields, 'upTo'), epoch: number(fields, 'epoch') };
    default:
      throw new Error('a "type" of begun, job, finished, reported or forgotten');
  }
}

function parseBegun(fields: Fields): BegunRecord {
  const verb = VerbValues.find((known) => known === fields.verb);
  if (!verb) throw new Error('a verb in "verb"');
  return {
    type: 'begun',
    opId: text(fields, 'opId'),
    epoch: number(fields, 'epoch'),
    verb,
    unit: text(fields, 'unit'),
    bootId: text(fields, 'bootId'),
    monotonicUs: number(fields, 'monotonicUs'),
    timeLimitMs: number(fields, 'timeLimitMs'),
    logLines: number(fields, 'logLines'),
    notAfterClockMs: numberOrZero(fields, 'notAfterClockMs'),
  };
}

function parseFinished(fields: Fields): FinishedRecord {
  const outcome = text(fields, 'outcome');
  const status = (JSON.parse(outcome) as Fields).status;
  if (!OutcomeStatusValues.some((known) => known === status)) throw new Error('an outcome in "outcome"');
  return {
    type: 'finished',
    opId: text(fields, 'opId'),
    outcome,
    wasApplied: fields.wasApplied === true,
    isOpen: fields.isOpen === true,
    ...(fields.expiry === undefined ? {} : { expiry: parseExpiry(fields.expiry) }),
  };
}

function parseExpiry(value: unknown): Expiry {
  if (typeof value !== 'object' || value === null) throw new Error('an object in "expiry"');
  const fields = value as Fields;
  return { bootId: text(fields, 'bootId'), notAfterClockMs: number(fields, 'notAfterClockMs') };
}

function text(fields: Fields, key: string): string {
  const value = fields[key];
  if (typeof value !== 'string') throw new Error(`a text in "${key}"`);
  return value;
}

function number(fields: Fields, key: string): number {
  const value = fields[key];
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new Error(`a number in "${key}"`);
  return value;
}

/** For a field that older releases did not write (I7). */
const numberOrZero = (fields: Fields, key: string): number =>
  fields[key] === undefined ? 0 : number(fields, key);
