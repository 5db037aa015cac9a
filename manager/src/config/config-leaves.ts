/**
 * The kinds of values in the configuration file. Each says in words what is expected (an error message shows
 * it), describes itself for the reference page, and gives an example of the whole line.
 */

import { isIP } from 'node:net';
import { isAbsolute } from 'node:path';
import { isLoopbackHost } from '@hecate/proto/core/loopback.ts';
import type { ManagerAddress } from '@hecate/proto/core/manager-address.ts';
import { parseNodeName } from '@hecate/proto/core/names.ts';
import { z } from 'zod';
import { durationPattern, formatDurationMs, parseDurationMs } from '../core/config-duration.ts';

/** For the reference page, the JSON schema and the remedy of an error. */
export interface KeyMeta {
  readonly description: string;
  /** The value as YAML. */
  readonly example?: string;
}

/** A text that `read` understands; undefined or an exception: it does not. */
export function textLeaf<Value>(
  expected: string,
  meta: KeyMeta,
  read: (text: string) => Value | undefined,
  pattern?: RegExp,
) {
  const text = z.string({ error: `expected ${expected}` });
  const shaped = pattern ? text.regex(pattern, { error: `expected ${expected}`, abort: true }) : text;
  return shaped.meta({ ...meta }).transform((value, context) => {
    const result = read(value);
    if (result !== undefined) return result;
    context.issues.push({ code: 'custom', input: value, message: `expected ${expected}` });
    return z.NEVER;
  });
}

export function durationLeaf(meta: KeyMeta, minMs: number, maxMs: number) {
  const expected = `a duration from ${formatDurationMs(minMs)} to ${formatDurationMs(maxMs)}: a number and one of ms, s, m, h, d`;
  const read = (text: string): number | undefined => {
    const durationMs = parseDurationMs(text);
    return durationMs !== undefined && durationMs >= minMs && durationMs <= maxMs ? durationMs : undefined;
  };
  return textLeaf(expected, meta, read, durationPattern);
}

const addressPattern = /^(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+)):(0|[1-9][0-9]{0,4})$/;

/** `0.0.0.0:2020` or `[::]:2020`. No names: what a name stands for may change behind our back. */
export function parseListenAddress(text: string): ManagerAddress | undefined {
  const match = addressPattern.exec(text);
  const [, six, four] = match ?? [];
  const port = Number(match?.[3]);
  if (six !== undefined) return isIP(six) === 6 && port <= 65535 ? { host: six, port } : undefined;
  return four !== undefined && isIP(four) === 4 && port <= 65535 ? { host: four, port } : undefined;
}

export const addressLeaf = (meta: KeyMeta) =>
  textLeaf('an IP address and a port, such as "0.0.0.0:2020" or "[::]:2020"', meta, parseListenAddress);

export const loopbackAddressLeaf = (meta: KeyMeta) =>
  textLeaf(
    'an address of the loopback, 127.0.0.1 or [::1], and a port: without certificates nothing else is safe',
    meta,
    (text) => {
      const address = parseListenAddress(text);
      return address && isLoopbackHost(address.host) ? address : undefined;
    },
  );

const hostNamePattern =
  /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i;

/** A DNS name or an IP address. Four numbers that are no address are no name either. */
const readHost = (text: string): string | undefined => {
  if (isIP(text) !== 0) return text;
  return hostNamePattern.test(text) && !/^[0-9.]+$/.test(text) ? text.toLowerCase() : undefined;
};

export const hostLeaf = (meta: KeyMeta) =>
  textLeaf('a DNS name or an IP address, without a port', meta, readHost);

export const nodeNameLeaf = (meta: KeyMeta) =>
  textLeaf(
    'a node name: 1 to 63 of a-z, 0-9, "-" and ".", beginning and ending with a letter or digit',
    meta,
    (text) => {
      try {
        return parseNodeName(text);
      } catch {
        return undefined;
      }
    },
  );

/** Longest path that may follow: Linux's PATH_MAX is 4096 with the terminator, and we append to some. */
const pathLengthMax = 3000;

const isPath = (text: string): boolean =>
  isAbsolute(text) && text.length <= pathLengthMax && !text.includes('\0');

export const pathLeaf = (meta: KeyMeta) =>
  textLeaf('an absolute path', meta, (text) => (isPath(text) ? text : undefined));

/** sun_path holds 108 bytes with its terminator (unix(7)). */
export const socketPathBytesMax = 107;

export const socketPathLeaf = (meta: KeyMeta) =>
  textLeaf(`an absolute path of at most ${socketPathBytesMax} bytes`, meta, (text) =>
    isPath(text) && Buffer.byteLength(text) <= socketPathBytesMax ? text : undefined,
  );

export const modeLeaf = (meta: KeyMeta) =>
  textLeaf(
    'file permissions as a quoted octal number, "0600" or "0660"',
    meta,
    (text) => Number.parseInt(text, 8),
    /^0?[0-7]{3}$/,
  );

export const wholeNumberLeaf = (meta: KeyMeta, min: number, max: number) => {
  const error = `expected a whole number from ${min} to ${max}`;
  return z
    .int({ error })
    .min(min, { error })
    .max(max, { error })
    .meta({ ...meta });
};

export const wordLeaf = <const Words extends readonly string[]>(meta: KeyMeta, words: Words) =>
  z.enum(words, { error: `expected one of ${words.join(', ')}` }).meta({ ...meta });

export const switchLeaf = (meta: KeyMeta) => z.boolean({ error: 'expected true or false' }).meta({ ...meta });

/** A list of different values. `keyOf` says what makes two of them the same. */
export function listOf<Item extends z.ZodType>(
  item: Item,
  meta: KeyMeta,
  { min, max, of, keyOf }: { min: number; max: number; of: string; keyOf: (value: z.output<Item>) => string },
) {
  const error = `expected a list of ${min} to ${max} ${of}`;
  return z
    .array(item, { error })
    .min(min, { error })
    .max(max, { error })
    .meta({ ...meta })
    .superRefine((values, context) => {
      const keys = values.map(keyOf);
      keys.forEach((key, index) => {
        if (keys.indexOf(key) === index) return;
        context.addIssue({ code: 'custom', path: [index], message: `expected each of the ${of} once` });
      });
    });
}
