/**
 * Files of BlueChi and Hirte as their parser (inih) reads them: an indented line goes on with the value above it, a key
 * that is repeated in one file has its values joined, without a space, and a key in a later file takes the place of one
 * in an earlier file.
 */
import { HecateError } from '@hecate/proto/core/errors.ts';

export interface BluechiValue {
  readonly value: string;
  readonly file: string;
  /** Of its first line, from 1. */
  readonly line: number;
}

/** Section → key → value. */
export type BluechiFile = ReadonlyMap<string, ReadonlyMap<string, BluechiValue>>;

const comment = /^[;#]/;
/** inih: a semicolon after white space begins one. */
const inlineComment = /\s;.*$/;

/** @throws HEC_CONFIG for a line that is none of theirs */
export function parseBluechi(text: string, file: string): BluechiFile {
  const sections = new Map<string, Map<string, BluechiValue>>();
  let section = sectionOf(sections, '');
  let key = '';
  text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .forEach((raw, index) => {
      const content = raw.trim();
      if (content === '' || comment.test(content)) return;
      const at = { file, line: index + 1 };
      if (key !== '' && /^\s/.test(raw)) {
        append(section, key, content.replace(inlineComment, ''), at);
        return;
      }
      const heading = /^\[([^\]]*)\]/.exec(content);
      if (heading) {
        section = sectionOf(sections, heading[1] ?? '');
        key = '';
        return;
      }
      const separator = content.search(/[=:]/);
      if (separator <= 0) throw notAnOption(file, index + 1, content);
      key = content.slice(0, separator).trim();
      const value = content.slice(separator + 1);
      append(section, key, /^\s*;/.test(value) ? '' : value.replace(inlineComment, '').trim(), at);
    });
  return sections;
}

function sectionOf(
  sections: Map<string, Map<string, BluechiValue>>,
  name: string,
): Map<string, BluechiValue> {
  const section = sections.get(name) ?? new Map<string, BluechiValue>();
  sections.set(name, section);
  return section;
}

function append(
  section: Map<string, BluechiValue>,
  key: string,
  value: string,
  at: { readonly file: string; readonly line: number },
): void {
  const before = section.get(key);
  section.set(key, before ? { ...before, value: before.value + value } : { value, ...at });
}

const notAnOption = (file: string, line: number, content: string): HecateError =>
  new HecateError(
    'HEC_CONFIG',
    `${file}:${line}: found ${JSON.stringify(content.slice(0, 60))}, expected [section] or Key=Value`,
    'is this a configuration of BlueChi or Hirte? BlueChi does not read it either',
  );

/** What BlueChi reads of several files, such as those of a `.conf.d`: a later one overrules key by key. */
export function mergeBluechi(files: readonly BluechiFile[]): BluechiFile {
  const merged = new Map<string, Map<string, BluechiValue>>();
  for (const file of files) {
    for (const [name, keys] of file) {
      const section = sectionOf(merged, name);
      for (const [key, value] of keys) section.set(key, value);
    }
  }
  return merged;
}
