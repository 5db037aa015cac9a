/**
 * A recorded discharge as text, one look a line: `time, status, runtime, charge, load, input voltage`. A value that is not
 * told is left empty, `-`, or upslog's `NA`; what a line says holds until the next one. Values are read as those of a UPS
 * are: what the manager would not believe is not believed here.
 *
 *     # seconds or m:ss, flags of ups.status, seconds, percent, percent
 *     0:00, OL, 1200, 100, 20
 *     0:10, OB DISCHRG, 1180, 99, 20
 *     1:30, data-stale
 *     2:00, run past-no-return
 */
import { HecateError } from '@hecate/proto/core/errors.ts';
import { readVariables } from '../nut/nut-reading.ts';
import type { LookFailure, RejectedValue, UpsReading } from '../ups/ups-sample.ts';
import type { UpsInput } from '../ups/ups-state.ts';

type RunEvent = Extract<UpsInput, { type: 'run' }>['event'];

export type ScenarioEvent =
  | {
      readonly type: 'reading';
      readonly reading: UpsReading;
      readonly rejected: readonly RejectedValue[];
    }
  | { readonly type: 'failure'; readonly failure: LookFailure }
  /** What became of the run that was asked for last. */
  | { readonly type: 'run'; readonly event: RunEvent }
  /** The manager starts anew, from what it has persisted. */
  | { readonly type: 'restart' }
  | { readonly type: 'recovered' }
  | { readonly type: 'budget'; readonly budgetMs: number };

export interface ScenarioLine {
  readonly atMs: number;
  readonly line: number;
  readonly event: ScenarioEvent;
}

const failures: readonly LookFailure[] = [
  'data-stale',
  'driver-not-connected',
  'unknown-ups',
  'access-denied',
  'server-lost',
];
const runEvents: readonly RunEvent[] = ['started', 'past-no-return', 'ended', 'failed', 'aborted'];

/** What the UPS says besides, at every look. */
export interface UpsTraits {
  /** `driver.parameter.pollfreq`. */
  readonly refreshIntervalMs?: number | undefined;
  /** `battery.charge.low`. */
  readonly lowChargePercent?: number | undefined;
}

/** I14: a day at a look a second. */
const linesMax = 100_000;
const timeMaxMs = 86_400_000;
const flagsMax = 32;

/**
 * The events of a scenario, in the order of the text.
 * @throws HEC_USAGE with the line and what is wrong with it.
 */
export function parseScenario(text: string, traits: UpsTraits = {}): ScenarioLine[] {
  const lines = text
    .split(/\r?\n/)
    .map((line, index) => ({ line: index + 1, text: line.replace(/#.*$/, '').trim() }));
  if (lines.length > linesMax) throw wrong(linesMax + 1, `more than ${linesMax} lines`);
  const events: ScenarioLine[] = [];
  for (const { line, text: told } of lines) {
    if (told === '') continue;
    const parsed = parseLine(told, line, traits);
    if (parsed.atMs < (events.at(-1)?.atMs ?? 0)) throw wrong(line, 'its time is before the line above it');
    events.push(parsed);
  }
  if (events.length === 0) throw wrong(1, 'there is no look in it');
  return events;
}

const form =
  'write lines such as: 0:10, OB DISCHRG, 1180, 99, 20 (time, status, runtime, charge, load, input voltage)';

const wrong = (line: number, what: string): HecateError =>
  new HecateError('HEC_USAGE', `line ${line} of the scenario: ${what}`, form);

function parseLine(text: string, line: number, traits: UpsTraits): ScenarioLine {
  const [time = '', status = '', ...values] = text.split(',').map((field) => field.trim());
  const atMs = parseTimeMs(time);
  if (atMs === undefined || atMs > timeMaxMs)
    throw wrong(line, `${JSON.stringify(time)} is no time: seconds, m:ss or h:mm:ss, up to a day`);
  return { atMs, line, event: eventOf(status, values, line, traits) };
}

/** `90`, `1:30`, `0:01:30`; undefined: none of them. */
function parseTimeMs(text: string): number | undefined {
  if (!/^\d{1,6}(:[0-5]\d){0,2}$/.test(text)) return undefined;
  return text.split(':').reduce((seconds, part) => seconds * 60 + Number(part), 0) * 1000;
}

function eventOf(status: string, values: readonly string[], line: number, traits: UpsTraits): ScenarioEvent {
  const failure = failures.find((each) => each === status);
  if (failure) return { type: 'failure', failure };
  if (status === 'restart' || status === 'recovered') return { type: status };
  const [word, argument = ''] = status.split(/\s+/);
  if (word === 'run') {
    const event = runEvents.find((each) => each === argument);
    if (event === undefined)
      throw wrong(line, `a run is ${runEvents.join(', ')}, not ${JSON.stringify(argument)}`);
    return { type: 'run', event };
  }
  if (word === 'budget') {
    const budgetMs = secondsOf(argument, 'budget', line);
    if (budgetMs === undefined) throw wrong(line, 'a budget is a number of seconds: budget 90');
    return { type: 'budget', budgetMs };
  }
  return { type: 'reading', ...readingOf(status, values, line, traits) };
}

const fields = [
  ['battery.runtime', 'runtime'],
  ['battery.charge', 'charge'],
  ['ups.load', 'load'],
  ['input.voltage', 'input voltage'],
] as const;

function readingOf(
  status: string,
  values: readonly string[],
  line: number,
  { refreshIntervalMs, lowChargePercent }: UpsTraits,
): ReturnType<typeof readVariables> {
  const flags = status === '' ? [] : status.split(/\s+/);
  const odd = flags.find((flag) => !/^[A-Z]{1,16}$/.test(flag));
  if (odd !== undefined || flags.length > flagsMax)
    throw wrong(
      line,
      `${JSON.stringify(odd ?? status)} is no status: flags such as OL, OB, LB, or ${failures.join(', ')}`,
    );
  if (values.length > fields.length) throw wrong(line, 'there are more than six fields');
  const variables = new Map([['ups.status', status]]);
  for (const [index, [variable, what]] of fields.entries()) {
    const told = toldOf(values[index] ?? '', what, line);
    if (told !== undefined) variables.set(variable, told);
  }
  if (refreshIntervalMs !== undefined)
    variables.set('driver.parameter.pollfreq', String(refreshIntervalMs / 1000));
  if (lowChargePercent !== undefined) variables.set('battery.charge.low', String(lowChargePercent));
  return readVariables(variables);
}

/** @returns the number as it is written; undefined: none is told */
function toldOf(text: string, what: string, line: number): string | undefined {
  if (text === '' || text === '-' || text === 'NA') return undefined;
  if (!/^\d{1,15}(\.\d{1,15})?$/.test(text)) throw wrong(line, `${JSON.stringify(text)} is no ${what}`);
  return text;
}

/** @returns milliseconds */
function secondsOf(text: string, what: string, line: number): number | undefined {
  const told = toldOf(text, what, line);
  return told === undefined ? undefined : Math.round(Number(told) * 1000);
}
