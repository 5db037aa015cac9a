/** What the schema says about the values of a file, as findings that name the place, the finding and a remedy. */
import { nearestWord } from '@hecate/proto/core/suggestion.ts';
import type { z } from 'zod';
import { describeKeys } from './config-schema.ts';
import { type Finding, formatKeyPath, type KeyPath } from './finding.ts';
import { type KeySchema, schemaAt } from './key-schema.ts';
import type { YamlSource } from './yaml-source.ts';

/** Longest piece of a name that an error message repeats. */
const nameLengthMax = 60;

/** `for example: level: info`, from the nearest key around the place that has an example. */
function exampleFor(root: KeySchema, path: KeyPath): string {
  for (let length = path.length; length > 0; length -= 1) {
    const example = schemaAt(root, path.slice(0, length))?.example;
    const name = path[length - 1];
    if (example !== undefined && typeof name === 'string') return `write for example ${name}: ${example}`;
  }
  return 'see the reference, docs/config.md';
}

function unknownKey(root: KeySchema, path: KeyPath, key: string, source: YamlSource): Finding {
  const known = Object.keys(schemaAt(root, path)?.properties ?? {});
  const near = nearestWord(key, known);
  const where = path.length === 0 ? 'the top level' : formatKeyPath(path);
  return {
    ...source.placeOf([...path, key]),
    key: formatKeyPath([...path, key]),
    found: 'an unknown key',
    expected: `expected in ${where} only ${known.join(', ')}`,
    remedy: near === undefined ? 'remove it' : `did you mean ${near}?`,
  };
}

/** A name that cannot be one, of a map of names. */
function invalidKey(issue: z.core.$ZodIssueInvalidKey, source: YamlSource): Finding {
  const name = issue.path.at(-1);
  return {
    ...source.placeOf(issue.path),
    key: formatKeyPath(issue.path),
    found: `the name ${JSON.stringify(String(name).slice(0, nameLengthMax))}`,
    expected: issue.issues[0]?.message ?? 'expected another name',
    remedy: 'name it otherwise',
  };
}

/** What a check of ours advises itself. */
function ownRemedy(issue: z.core.$ZodIssue): string | undefined {
  const remedy: unknown = issue.code === 'custom' ? issue.params?.remedy : undefined;
  return typeof remedy === 'string' ? remedy : undefined;
}

function findingsOf(root: KeySchema, issue: z.core.$ZodIssue, source: YamlSource): Finding[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => unknownKey(root, issue.path, key, source));
  }
  if (issue.code === 'invalid_key') return [invalidKey(issue, source)];
  const found = source.foundAt(issue.path);
  // YAML takes an unquoted 0600 or 12 for a number.
  const isUnquoted =
    issue.code === 'invalid_type' && issue.expected === 'string' && /^the (number|boolean) /.test(found);
  return [
    {
      ...source.placeOf(issue.path),
      key: formatKeyPath(issue.path),
      found: isUnquoted ? `${found} without quotes` : found,
      expected: issue.message,
      remedy: ownRemedy(issue) ?? exampleFor(root, issue.path),
    },
  ];
}

/** The findings for all issues of the schema. */
export function schemaFindings(issues: readonly z.core.$ZodIssue[], source: YamlSource): Finding[] {
  if (issues.length === 0) return [];
  const root = describeKeys();
  return issues.flatMap((issue) => findingsOf(root, issue, source));
}
