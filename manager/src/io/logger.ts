/** The manager's log: JSON lines on stderr by pino, with a level that can change while it runs. */
import { HecateError } from '@hecate/proto/core/errors.ts';
import { nearestWord } from '@hecate/proto/core/suggestion.ts';
import { type DestinationStream, destination, pino, stdTimeFunctions } from 'pino';
import { type LogLevel, logLevels } from '../config/manager-config.ts';
import { censored, withoutSecrets } from './secret-text.ts';

/** What goes with a message. Nothing called token, secret, key, password or authorization is ever written. */
export type LogFields = Readonly<Record<string, unknown>>;

export interface LogMethod {
  (message: string): void;
  (fields: LogFields, message: string): void;
}

export interface ManagerLogger {
  readonly debug: LogMethod;
  readonly info: LogMethod;
  readonly warn: LogMethod;
  readonly error: LogMethod;
  readonly level: LogLevel;
  /** Changes the level from now on. Returns the level before. @throws HEC_USAGE for a level that there is not */
  setLevel(level: string): LogLevel;
  /** Waits until everything was handed to the kernel. */
  flush(): void;
}

const secretWord = /^(tokens?|secrets?|keys?|passwords?|passwd|passphrase|authorization|privatekey)$/;
/** What is named like a secret and is none. */
const harmless = new Set(['tokenid', 'publickey', 'publickeyspki']);
/** Deeper things are not for a log. */
const depthMax = 4;

/** Looks at whole words: `joinToken` and `private_key` are secrets, `monkey` is none. */
function isSecret(name: string): boolean {
  if (harmless.has(name.toLowerCase())) return false;
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .split(/[^a-z]+/);
  return words.some((word) => secretWord.test(word));
}

function redact(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return withoutSecrets(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= depthMax) return '[deeper]';
  if (value instanceof Error) {
    const { name, message, stack } = value;
    const code = 'code' in value ? { code: value.code } : {};
    return redact({ name, message, ...code, stack }, depth);
  }
  if (Array.isArray(value)) return value.map((item) => redact(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [
      name,
      isSecret(name) ? censored : redact(field, depth + 1),
    ]),
  );
}

/** @throws HEC_USAGE */
export function parseLogLevel(level: string): LogLevel {
  const found = logLevels.find((known) => known === level);
  if (found !== undefined) return found;
  const near = nearestWord(level, logLevels);
  throw new HecateError(
    'HEC_USAGE',
    `${JSON.stringify(level.slice(0, 40))} is not a log level, expected one of ${logLevels.join(', ')}`,
    near === undefined ? `choose one of ${logLevels.join(', ')}` : `did you mean ${near}?`,
  );
}

class PinoLogger implements ManagerLogger {
  readonly debug: LogMethod;
  readonly info: LogMethod;
  readonly warn: LogMethod;
  readonly error: LogMethod;
  readonly #pino;
  readonly #flush: () => void;
  #level: LogLevel;

  constructor(level: string, stream: DestinationStream, flush: () => void) {
    this.#level = parseLogLevel(level);
    this.#pino = pino(
      {
        level: this.#level,
        base: null,
        timestamp: stdTimeFunctions.isoTime,
        formatters: { level: (label) => ({ level: label }) },
      },
      stream,
    );
    this.#flush = flush;
    this.debug = this.#method('debug');
    this.info = this.#method('info');
    this.warn = this.#method('warn');
    this.error = this.#method('error');
  }

  get level(): LogLevel {
    return this.#level;
  }

  setLevel(level: string): LogLevel {
    const before = this.#level;
    this.#level = parseLogLevel(level);
    this.#pino.level = this.#level;
    return before;
  }

  flush(): void {
    this.#flush();
  }

  #method(level: LogLevel): LogMethod {
    return (first: string | LogFields, message = ''): void => {
      if (!this.#pino.isLevelEnabled(level)) return;
      if (typeof first === 'string') this.#pino[level](redact(first, 0) as string);
      else this.#pino[level](redact(first, 0), redact(message, 0) as string);
    };
  }
}

/** @param stream for tests; default: stderr, written at once, so that a crash loses nothing */
export function createLogger(level: string, stream?: DestinationStream): ManagerLogger {
  if (stream) return new PinoLogger(level, stream, () => undefined);
  const stderr = destination({ dest: 2, sync: true });
  return new PinoLogger(level, stderr, () => stderr.flushSync());
}
