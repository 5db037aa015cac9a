/** What a person names: nodes and units, by name, comma list or pattern. */
import { HecateError } from '@hecate/proto/core/errors.ts';
import { isGlob } from '@hecate/proto/core/glob.ts';
import { limits } from '@hecate/proto/core/limits.ts';
import { parseNodeName } from '@hecate/proto/core/names.ts';
import { completeUnitName } from '@hecate/proto/core/unit-name.ts';
import type { NodeSelection } from '@hecate/proto/generated/wire.ts';

/** Splits comma lists; an empty part is a slip of the pen that must not quietly mean nothing. */
function parts(words: readonly string[], what: string): string[] {
  const list = words.flatMap((word) => word.split(','));
  if (list.some((part) => part === '')) {
    throw new HecateError('HEC_BAD_NAME', `an empty ${what} name`, 'is a variable of your script not set?');
  }
  if (list.length > limits.listLengthMax) {
    throw new HecateError(
      'HEC_USAGE',
      `${list.length} ${what}s in one request, allowed are ${limits.listLengthMax}`,
      'use a pattern, or several calls',
    );
  }
  return [...new Set(list)];
}

/** What can stand in a pattern over node names. */
const nodePattern = /^[a-z0-9.*?[\]!^-]+$/;

/**
 * @param words what stands in the place of NODE; none: every node
 * @throws HEC_BAD_NAME, HEC_USAGE
 */
export function nodeSelection(words: readonly string[]): NodeSelection {
  if (words.length === 0) return { patterns: [], all: true };
  const patterns = parts(words, 'node');
  for (const pattern of patterns) {
    if (!isGlob(pattern)) parseNodeName(pattern);
    else if (!nodePattern.test(pattern)) {
      throw new HecateError(
        'HEC_BAD_NAME',
        `${JSON.stringify(pattern.slice(0, 80))} can match no node name`,
        'node names are made of a-z, 0-9, "-" and "."; see hecatectl list-nodes',
      );
    }
  }
  return { patterns, all: false };
}

/** The node that exactly one node was asked for by name; undefined when it may be several. */
export const singleNode = (selection: NodeSelection): string | undefined => {
  const [first, ...more] = selection.patterns;
  return !selection.all && more.length === 0 && first !== undefined && !isGlob(first) ? first : undefined;
};

/**
 * Names are completed (`k3s` → `k3s.service`); patterns go as they are, like systemctl's: only the manager
 * knows what is loaded.
 * @throws HEC_BAD_NAME, HEC_USAGE
 */
export function unitPatterns(words: readonly string[]): string[] {
  return parts(words, 'unit').map((part) => (isGlob(part) ? unitPattern(part) : completeUnitName(part)));
}

function unitPattern(pattern: string): string {
  if (pattern.length > limits.unitNameBytesMax) {
    throw new HecateError('HEC_BAD_NAME', 'a unit pattern of more than 255 characters', 'shorten it with *');
  }
  return pattern;
}
