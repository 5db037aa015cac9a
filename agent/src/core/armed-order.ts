/**
 * A dead man's order: this node's own part of a shutdown, which the agent carries out alone when it is cut off at the
 * order's time. This is its form in the file `armed-order.json`, and the ids of its operations.
 */
import { type OpId, parseOpId } from '@hecate/proto/core/names.ts';
import {
  type ArmedOperation,
  createArmedOperation,
  createVerbOptions,
  type VerbOptions,
  VerbValues,
} from '@hecate/proto/generated/wire.ts';

export interface ArmedOrder {
  readonly version: 1;
  readonly runId: string;
  readonly epoch: number;
  /** The boot that the times are of: in another one the order is void, because the host has been off. */
  readonly bootId: string;
  /** Times are this host's CLOCK_BOOTTIME, milliseconds; the wall clock decides nothing. */
  readonly armedAtClockMs: number;
  readonly beginAtClockMs: number;
  readonly operations: readonly ArmedOperation[];
  readonly reason: string;
  /** Null until it has begun; from then on it goes on to its end unless it is withdrawn. */
  readonly begunAtClockMs: number | null;
  /** The first operation that has not ended. */
  readonly next: number;
  /** Its poweroff was asked for, and not refused: if a boot follows, the order has powered this host off. */
  readonly isPoweroffTaken: boolean;
}

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

function encode(value: number, length: number): string {
  let text = '';
  for (let rest = Math.floor(value), i = 0; i < length; i += 1, rest = Math.floor(rest / 32))
    text = (alphabet[rest % 32] ?? '0') + text;
  return text;
}

const complement = (text: string): string =>
  [...text].map((digit) => alphabet[31 - alphabet.indexOf(digit)] ?? '0').join('');

/**
 * The same order gives the same ids, also after a crash in its middle: what was applied is not applied again (I2). A
 * run's own operations begin their random part as its id does, so these begin it with the complement. The time of
 * arming tells apart two orders of one run, whose operations of the same place may differ.
 *
 * @param attempt counts the times that it was certainly not applied; at most 31
 */
export function armedOpId({ runId, armedAtClockMs }: ArmedOrder, index: number, attempt = 0): OpId {
  const order = complement(runId.slice(10, 16)) + encode(armedAtClockMs, 7);
  return parseOpId(runId.slice(0, 10) + order + encode(index, 2) + encode(attempt, 1));
}

/**
 * Of an order of an earlier boot: whether that ended with its poweroff. How far an order is, is durable before its next
 * operation is asked for, so a host that went down behind that was on its way off.
 */
export const hasPoweredOff = ({ begunAtClockMs, next, operations, isPoweroffTaken }: ArmedOrder): boolean =>
  isPoweroffTaken || (begunAtClockMs !== null && operations[next]?.verb === 'poweroff');

const fingerprint = ({ verb, unit, timeLimitMs, options }: ArmedOperation): string =>
  JSON.stringify([verb, unit, timeLimitMs, ...Object.values(createVerbOptions(options))]);

export const haveSameOperations = (
  one: readonly ArmedOperation[],
  other: readonly ArmedOperation[],
): boolean =>
  one.length === other.length &&
  one.every((operation, index) => {
    const counterpart = other[index];
    return counterpart !== undefined && fingerprint(operation) === fingerprint(counterpart);
  });

/** "stop k3s.service", "poweroff", "exec": for people. The arguments of a command are not shown. */
export const operationWords = ({ verb, unit }: Pick<ArmedOperation, 'verb' | 'unit'>): string =>
  `${verb} ${unit}`.trimEnd();

export const formatArmedOrder = (order: ArmedOrder): string => `${JSON.stringify(order, undefined, 2)}\n`;

type Fields = Readonly<Record<string, unknown>>;

/** @throws Error saying which field is not what it must be */
export function parseArmedOrder(text: string): ArmedOrder {
  const fields = fieldsOf(jsonOf(text), 'an order');
  if (fields.version !== 1) throw new Error('1 in "version"');
  const { operations, begunAtClockMs } = fields;
  if (!Array.isArray(operations) || operations.length === 0) throw new Error('a list in "operations"');
  return {
    version: 1,
    runId: parseOpId(textIn(fields, 'runId')),
    epoch: numberIn(fields, 'epoch'),
    bootId: textIn(fields, 'bootId'),
    armedAtClockMs: numberIn(fields, 'armedAtClockMs'),
    beginAtClockMs: numberIn(fields, 'beginAtClockMs'),
    operations: operations.map(parseOperation),
    reason: textIn(fields, 'reason'),
    begunAtClockMs: begunAtClockMs === null ? null : numberIn(fields, 'begunAtClockMs'),
    next: numberIn(fields, 'next'),
    isPoweroffTaken: fields.isPoweroffTaken === true,
  };
}

function parseOperation(value: unknown): ArmedOperation {
  const fields = fieldsOf(value, 'an operation');
  const verb = VerbValues.find((known) => known === fields.verb);
  if (!verb || verb === 'unspecified') throw new Error('a verb in "verb"');
  return createArmedOperation({
    verb,
    unit: textIn(fields, 'unit'),
    timeLimitMs: numberIn(fields, 'timeLimitMs'),
    options: fields.options === undefined ? undefined : parseOptions(fieldsOf(fields.options, 'options')),
  });
}

function parseOptions(fields: Fields): VerbOptions {
  const options = createVerbOptions();
  for (const [key, standard] of Object.entries(options)) {
    const value = fields[key] ?? standard;
    if (typeof value !== typeof standard || Array.isArray(value) !== Array.isArray(standard))
      throw new Error(`a ${typeof standard} in "options.${key}"`);
    if (Array.isArray(value) && !value.every((word) => typeof word === 'string'))
      throw new Error(`texts in "options.${key}"`);
    Object.assign(options, { [key]: value });
  }
  return options;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (thrown) {
    throw new Error('JSON', { cause: thrown });
  }
}

function fieldsOf(value: unknown, what: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw new Error(what);
}

function textIn(fields: Fields, key: string): string {
  const value = fields[key];
  if (typeof value !== 'string') throw new Error(`a text in "${key}"`);
  return value;
}

function numberIn(fields: Fields, key: string): number {
  const value = fields[key];
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0)
    throw new Error(`a number in "${key}"`);
  return value;
}
