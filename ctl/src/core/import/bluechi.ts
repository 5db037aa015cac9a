/** A configuration of BlueChi, or of Hirte, as it was called before → one of ours. */
import { HecateError } from '@hecate/proto/core/errors.ts';
import { importAgent } from './bluechi-agent.ts';
import { importController } from './bluechi-controller.ts';
import { type BluechiFile, mergeBluechi, parseBluechi } from './bluechi-ini.ts';
import type { Imported } from './imported.ts';

const sections = {
  manager: ['bluechi-controller', 'bluechi', 'hirte'],
  agent: ['bluechi-agent', 'hirte-agent'],
} as const;

export interface ImportedFile {
  /** For messages. */
  readonly name: string;
  readonly text: string;
}

/**
 * @param files in the order in which BlueChi reads them: the later one overrules
 * @param kind which of the two, where they configure both
 * @throws HEC_CONFIG for what is no configuration of theirs; HEC_USAGE when it must be said which
 */
export function importBluechi(files: readonly ImportedFile[], kind?: Imported['kind']): Imported {
  const merged = mergeBluechi(files.map(({ name, text }) => parseBluechi(text, name)));
  const source = files.map(({ name }) => name).join(', ');
  const found = (['manager', 'agent'] as const).filter((each) => keysOf(merged, each).size > 0);
  if (kind === undefined && found.length > 1)
    throw new HecateError(
      'HEC_USAGE',
      `${source} configures a controller and an agent`,
      'say which: --as manager or --as agent',
    );
  const chosen = kind ?? found[0];
  if (chosen === undefined || !found.includes(chosen))
    throw new HecateError(
      'HEC_CONFIG',
      `${source}: expected a section ${(chosen ? sections[chosen] : Object.values(sections).flat()).map((name) => `[${name}]`).join(' or ')} with a key in it`,
      'name the file of BlueChi or Hirte, such as /etc/bluechi/controller.conf',
    );
  const keys = keysOf(merged, chosen);
  return chosen === 'manager' ? importController(keys, source) : importAgent(keys, source);
}

/** Of all their names for the section; the newest name overrules. */
function keysOf(file: BluechiFile, kind: Imported['kind']) {
  const named = [...sections[kind]].reverse().flatMap((name) => [...(file.get(name) ?? [])]);
  return new Map(named);
}
