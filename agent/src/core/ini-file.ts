/**
 * Configuration in systemd's own form: `[Section]`, `Key=Value`, comments with `#` or `;`, a backslash at the
 * end continues a line. All problems of a file are told at once, each with its line.
 */
import { HecateError } from '@hecate/proto/core/errors.ts';
import { suggestion } from './suggestion.ts';

export interface IniEntry {
  readonly section: string;
  readonly key: string;
  readonly value: string;
  readonly line: number;
}

export interface Problem {
  readonly line: number;
  readonly message: string;
}

export interface IniFile {
  readonly entries: readonly IniEntry[];
  readonly problems: readonly Problem[];
}

/** Far above any sensible file; a larger one is something else by mistake. */
export const iniFileLengthMax = 1024 * 1024;

interface LogicalLine {
  readonly text: string;
  readonly line: number;
}

function logicalLines(text: string): LogicalLine[] {
  const lines: LogicalLine[] = [];
  let pending: { text: string; line: number } | undefined;
  for (const [index, raw] of text.split('\n').entries()) {
    const trimmed = raw.trim();
    // systemd skips comments between continued lines, too.
    if (pending && /^[#;]/.test(trimmed)) continue;
    const current: { text: string; line: number } = pending ?? { text: '', line: index + 1 };
    const isContinued = trimmed.endsWith('\\') && !/^[#;]/.test(trimmed);
    current.text += isContinued ? `${trimmed.slice(0, -1)} ` : trimmed;
    pending = isContinued ? current : undefined;
    if (!isContinued) lines.push(current);
  }
  if (pending) lines.push(pending);
  return lines;
}

/** @param sections the sections and keys that exist; anything else is a problem, with a suggestion */
export function parseIni(text: string, sections: Readonly<Record<string, readonly string[]>>): IniFile {
  const entries: IniEntry[] = [];
  const problems: Problem[] = [];
  if (text.length > iniFileLengthMax) {
    return {
      entries,
      problems: [{ line: 1, message: `the file has more than ${iniFileLengthMax} characters` }],
    };
  }
  let section: string | undefined;
  for (const { text: content, line } of logicalLines(text)) {
    if (content === '' || /^[#;]/.test(content)) continue;
    const heading = /^\[([^\]]*)\]$/.exec(content);
    if (heading) {
      section = heading[1] ?? '';
      if (!Object.hasOwn(sections, section)) {
        problems.push({
          line,
          message: `unknown section [${section}]${suggestion(section, Object.keys(sections))}`,
        });
      }
      continue;
    }
    const equals = content.indexOf('=');
    if (equals <= 0) {
      problems.push({
        line,
        message: `${JSON.stringify(content.slice(0, 80))}: expected Key=Value or [Section]`,
      });
      continue;
    }
    const key = content.slice(0, equals).trim();
    const value = content.slice(equals + 1).trim();
    if (section === undefined) {
      problems.push({ line, message: `${key}= stands before the first [Section]` });
      continue;
    }
    // The keys of an unknown section were told with their section.
    const known = Object.hasOwn(sections, section) ? sections[section] : undefined;
    if (!known) continue;
    if (known.includes(key)) entries.push({ section, key, value, line });
    else problems.push({ line, message: `unknown key ${key}= in [${section}]${suggestion(key, known)}` });
  }
  return { entries, problems };
}

/** systemd's booleans. */
export function parseBoolean(text: string): boolean | undefined {
  const lower = text.toLowerCase();
  if (['1', 'yes', 'y', 'true', 't', 'on'].includes(lower)) return true;
  if (['0', 'no', 'n', 'false', 'f', 'off'].includes(lower)) return false;
  return undefined;
}

/** One error for all problems of a file: `FILE:LINE: …`, a line each. */
export function configError(file: string, problems: readonly Problem[]): HecateError {
  const sorted = problems.toSorted((a, b) => a.line - b.line);
  const shown = sorted.slice(0, 20).map(({ line, message }) => `${file}:${line}: ${message}`);
  if (sorted.length > 20) shown.push(`${file}: and ${sorted.length - 20} more`);
  return new HecateError('HEC_CONFIG', shown.join('\n'), `correct ${file}, then: hecate-agent check`);
}
