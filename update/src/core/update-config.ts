/** /etc/hecate/update.conf: where new packages come from, and whose signature counts. */
import { HecateError } from '@hecate/proto/core/errors.ts';

export type SourceKind = 'directory' | 'git' | 'apt';

export interface UpdateConfig {
  readonly source: { readonly kind: SourceKind; readonly place: string };
  /** Keys that releases are signed with, as `gpg --export` writes them (not for apt, which has its own). */
  readonly keyring: string;
  readonly stateDirectory: string;
  /** How long a host may take to come up on a new release. */
  readonly healthTimeLimitMs: number;
}

export const defaultConfigFile = '/etc/hecate/update.conf';

const secondsMin = 10;
const secondsMax = 3600;
const defaults = {
  Keyring: '/etc/hecate/update-keyring.gpg',
  StateDirectory: '/var/lib/hecate-update',
  HealthTimeLimit: '120s',
};

const keys = ['Source', ...Object.keys(defaults)];

/**
 * Lines of Key=value; # begins a comment.
 * @throws HEC_CONFIG with the file, the line, and what was expected
 */
export function parseUpdateConfig(text: string, file: string): UpdateConfig {
  const values = new Map<string, string>(Object.entries(defaults));
  const seen = new Set<string>();
  for (const [index, line] of text.split('\n').entries()) {
    const content = line.trim();
    if (content === '' || content.startsWith('#') || content === '[Update]') continue;
    const [, key = '', value = ''] = /^([A-Za-z]+)\s*=\s*(.*)$/.exec(content) ?? [];
    const wrong = (why: string): HecateError => configError(`${file}:${index + 1}: ${why}`);
    if (key === '') throw wrong('expected Key=value');
    if (!keys.includes(key)) throw wrong(`there is no ${key}=; there are ${keys.join(', ')}`);
    if (seen.has(key)) throw wrong(`${key}= is set twice`);
    seen.add(key);
    values.set(key, value);
  }
  const of = (key: string): string => values.get(key) ?? '';
  return {
    source: readSource(of('Source'), file),
    keyring: readPath(of('Keyring'), 'Keyring', file),
    stateDirectory: readPath(of('StateDirectory'), 'StateDirectory', file),
    healthTimeLimitMs: readSeconds(of('HealthTimeLimit'), file),
  };
}

function readSource(text: string, file: string): UpdateConfig['source'] {
  if (text === 'apt') return { kind: 'apt', place: '' };
  const [, kind = '', place = ''] = /^(directory|git):(.+)$/.exec(text) ?? [];
  // A name that begins with a dash would be an option of git's.
  const isPlace = kind === 'directory' ? place.startsWith('/') : /^[A-Za-z0-9/]/.test(place);
  if ((kind === 'directory' || kind === 'git') && isPlace && !place.includes('::')) return { kind, place };
  throw configError(`${file}: Source=${text}: expected directory:/PATH, git:URL, or apt`);
}

function readPath(text: string, key: string, file: string): string {
  if (/^\/[^\0\n]+$/.test(text)) return text;
  throw configError(`${file}: ${key}=${text}: expected an absolute path`);
}

function readSeconds(text: string, file: string): number {
  const [, digits, unit] = /^(\d{1,4})(s|min)$/.exec(text) ?? [];
  const seconds = Number(digits) * (unit === 'min' ? 60 : 1);
  if (seconds >= secondsMin && seconds <= secondsMax) return seconds * 1000;
  throw configError(
    `${file}: HealthTimeLimit=${text}: expected from ${secondsMin}s to ${secondsMax / 60}min, such as 120s`,
  );
}

const configError = (message: string): HecateError =>
  new HecateError('HEC_CONFIG', message, 'man hecate-update has an example');
