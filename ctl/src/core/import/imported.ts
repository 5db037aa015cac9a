/** What an import gives: a file of ours, and what of theirs is not in it. */
import type { BluechiValue } from './bluechi-ini.ts';

/** Something that is not as it was there: left out, changed, or to be done by hand. */
export interface ImportNote {
  readonly key: string;
  readonly value: string;
  readonly file: string;
  readonly line: number;
  /** Why, and what takes its place here. */
  readonly why: string;
}

export interface Imported {
  readonly kind: 'manager' | 'agent';
  /** hecate.yaml, or agent.conf. */
  readonly text: string;
  readonly notes: readonly ImportNote[];
}

export const noteOf = (key: string, { value, file, line }: BluechiValue, why: string): ImportNote => ({
  key,
  value,
  file,
  line,
  why,
});

/** As one line; what was given may hold anything. */
export const noteText = ({ key, value, file, line, why }: ImportNote): string =>
  `${file}:${line}: ${key}=${value.slice(0, 60)}: ${why}`.replace(/\p{Cc}/gu, ' ');

/** The notes as comments at the end of a file. */
export const noteComments = (notes: readonly ImportNote[]): string[] =>
  notes.length === 0 ? [] : ['', '# Not as it was there:', ...notes.map((note) => `# ${noteText(note)}`)];

/** In their words, lower case as in ours; undefined: not one of them. */
export function logLevelOf(value: string): string | undefined {
  const level = value.trim().toLowerCase();
  return ['debug', 'info', 'warn', 'error'].includes(level) ? level : undefined;
}

/** What both of their programs have and neither of ours. */
export const withoutEquivalent: Readonly<Record<string, string>> = {
  LogTarget: 'logs go to standard error, which systemd keeps in the journal',
  IPReceiveErrors: 'a connection that is gone is noticed by its heartbeats, within two intervals',
  TCPKeepAliveTime: 'a connection that is gone is noticed by its heartbeats, within two intervals',
  TCPKeepAliveInterval: 'a connection that is gone is noticed by its heartbeats, within two intervals',
  TCPKeepAliveCount: 'a connection that is gone is noticed by its heartbeats, within two intervals',
};

/** Values with which a key of theirs says what is so here, too. */
const asHere: Readonly<Record<string, RegExp>> = {
  LogIsQuiet: /^(false|no|off|)$/i,
  UseTCP: /^(true|t|yes|y|on)$/i,
  UseUDS: /^(false|no|off|)$/i,
  LogTarget: /^journald$/i,
};

export const isAsHere = (key: string, value: string): boolean => asHere[key]?.test(value.trim()) ?? false;

/** The keys of a section of theirs. */
export type Keys = ReadonlyMap<string, BluechiValue>;

/** What is not known here and not so anyway: each with what takes its place. */
export const notesOfOthers = (
  keys: Keys,
  known: ReadonlySet<string>,
  equivalents: Readonly<Record<string, string>>,
): ImportNote[] =>
  [...keys]
    .filter(([key, { value }]) => !known.has(key) && !isAsHere(key, value))
    .map(([key, given]) =>
      noteOf(key, given, equivalents[key] ?? 'neither BlueChi nor Hecate has such a key'),
    );

const portMin = 1024;

/** A port that an ordinary user may listen on: ours is one. */
export function portOf(value: string): number | undefined {
  const port = Number(value.trim());
  return /^\d{1,5}$/.test(value.trim()) && port >= portMin && port <= 65_535 ? port : undefined;
}
