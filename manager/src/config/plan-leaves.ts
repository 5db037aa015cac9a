/** The kinds of values that plans are declared with. */
import { isIPv4 } from 'node:net';
import { constants } from 'node:os';
import { isGlob } from '@hecate/proto/core/glob.ts';
import { limits } from '@hecate/proto/core/limits.ts';
import { parseNodeName } from '@hecate/proto/core/names.ts';
import { completeUnitName } from '@hecate/proto/core/unit-name.ts';
import { z } from 'zod';
import { nodeRoles } from '../core/plan/select-nodes.ts';
import { durationLeaf, type KeyMeta, listOf, textLeaf } from './config-leaves.ts';

const dayMs = 86_400_000;
/** As many as the wire takes with one operation. */
const argumentsMax = 256;
const listMax = 64;

/** What `read` gives; undefined when it throws. */
function attempt<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** Any text of one line that people read. */
export const sentenceLeaf = (meta: KeyMeta) =>
  textLeaf('a text of one line, 1 to 200 characters', meta, (text) => text, /^(?!\s)[^\p{Cc}]{1,200}$/u);

/** The name of a sequence, a stage or a hook: it is in ids, in file names and on command lines. */
const declaredNamePattern = /^[a-z][a-z0-9-]{0,62}$/;

export const declaredNameLeaf = (meta: KeyMeta) =>
  textLeaf(
    'a name: 1 to 63 of a-z, 0-9 and "-", beginning with a letter',
    meta,
    (text) => text,
    declaredNamePattern,
  );

/** How long a step, or an operation of it, may take: as the wire limits an operation. */
export const stepDurationLeaf = (meta: KeyMeta) =>
  durationLeaf(meta, limits.heartbeatIntervalMsMin, limits.timeLimitMsMax);

/** A part of a step's time: nothing is a time, too. */
export const partialDurationLeaf = (meta: KeyMeta) => durationLeaf(meta, 0, dayMs);

const selectorPattern = /^[a-z0-9.*?[\]!^-]{1,63}$/;

function readSelector(text: string): string | undefined {
  if (text === 'all') return text;
  if (text.startsWith('role:')) return nodeRoles.some((role) => text === `role:${role}`) ? text : undefined;
  if (isGlob(text)) return selectorPattern.test(text) ? text : undefined;
  return attempt(() => parseNodeName(text));
}

export const nodesLeaf = (meta: KeyMeta) =>
  listOf(
    textLeaf(
      `the name of a node, a pattern such as "server-*", all, or "role:" and one of ${nodeRoles.join(', ')}`,
      { description: 'A node, or which nodes.' },
      readSelector,
    ),
    meta,
    { min: 1, max: limits.listLengthMax, of: 'nodes', keyOf: (text) => text },
  );

export const unitsLeaf = (meta: KeyMeta) =>
  listOf(
    textLeaf(
      'the name of a unit, such as k3s.service, without patterns',
      { description: 'A unit.' },
      (text) => attempt(() => completeUnitName(text)),
    ),
    meta,
    { min: 1, max: listMax, of: 'units', keyOf: (name) => name },
  );

const argument = (expected: string, isGood: (text: string) => boolean = () => true) =>
  textLeaf(expected, { description: 'A word of the command line.' }, (text) =>
    !text.includes('\0') && text.length <= limits.textLengthMax && isGood(text) ? text : undefined,
  );

const command = (meta: KeyMeta, first: string, isFirst: (text: string) => boolean) => {
  const error = `expected a list of 1 to ${argumentsMax} words: ${first}, and its arguments`;
  return z
    .array(argument(`a text of at most ${limits.textLengthMax} characters`), { error })
    .min(1, { error })
    .max(argumentsMax, { error })
    .meta({ ...meta })
    .superRefine(([program = ''], context) => {
      if (!isFirst(program)) context.addIssue({ code: 'custom', path: [0], message: `expected ${first}` });
    });
};

/** Of a node: as the exec verb takes it. No shell. */
export const nodeCommandLeaf = (meta: KeyMeta) => command(meta, 'a program', (program) => program !== '');

/** Of the coordinator, run by the manager itself: where it is does not depend on a PATH. No shell. */
export const hostCommandLeaf = (meta: KeyMeta) =>
  command(meta, 'the absolute path of a program', (program) => program.startsWith('/'));

const macPattern = /^[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}$/i;

function readMacAddress(text: string): string | undefined {
  if (!macPattern.test(text)) return undefined;
  const address = text.toLowerCase().replaceAll('-', ':');
  // The lowest bit of the first octet marks a group: no network card has such an address of its own.
  return (Number.parseInt(address.slice(0, 2), 16) & 1) === 0 ? address : undefined;
}

export const macAddressLeaf = (meta: KeyMeta) =>
  textLeaf('the MAC address of one network card, such as "52:54:00:12:34:56"', meta, readMacAddress);

export const ipv4Leaf = (meta: KeyMeta) =>
  textLeaf('an IPv4 address, such as 192.0.2.255', meta, (text) => (isIPv4(text) ? text : undefined));

/** Plans are shown to everybody who may look: what is secret does not belong into them. */
function readWebAddress(text: string): string | undefined {
  const url = text.length <= limits.textLengthMax ? attempt(() => new URL(text)) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) return undefined;
  return url.username === '' && url.password === '' ? text : undefined;
}

export const webAddressLeaf = (meta: KeyMeta) =>
  textLeaf('an http:// or https:// address without user and password', meta, readWebAddress);

const signalMax = 64;

/** `KILL`, `SIGKILL` or `9` → 9. */
function readSignal(text: string): number | undefined {
  if (/^[1-9][0-9]?$/.test(text)) return Number(text) <= signalMax ? Number(text) : undefined;
  const name = `SIG${text.toUpperCase().replace(/^SIG/, '')}`;
  return Object.entries(constants.signals).find(([known]) => known === name)?.[1];
}

export const signalLeaf = (meta: KeyMeta) =>
  textLeaf('a signal by its name, such as TERM, or by its number in quotes', meta, readSignal);

/** A refinement: exactly one of `keys` must be given. */
export function demandOne(keys: readonly string[], what: string) {
  return (given: Readonly<Record<string, unknown>>, context: z.core.$RefinementCtx): void => {
    const found = keys.filter((key) => given[key] !== undefined);
    if (found.length === 1) return;
    // A key that is not known is what was meant, most likely: one finding for one mistake.
    if (found.length === 0 && context.issues.some(({ code }) => code === 'unrecognized_keys')) return;
    const second = found[1];
    const message = `expected exactly one ${what}: ${keys.join(', ')}`;
    const remedy =
      second === undefined
        ? `add one of them`
        : `remove ${found.slice(1).join(', ')}, or make it another item`;
    context.addIssue({
      code: 'custom',
      path: second === undefined ? [] : [second],
      message,
      params: { remedy },
    });
  };
}
