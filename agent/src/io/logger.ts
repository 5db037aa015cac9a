/** A log to stderr, a JSON object a line: journald adds the time and the rest. Small, because the agent is. */
import { redactJoinTokens } from '@hecate/proto/core/join-token.ts';
import { type LogLevel, logLevels } from '../core/log-level.ts';

export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Logger {
  error(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
  readonly level: LogLevel;
  /** @returns the level before */
  setLevel(level: LogLevel): LogLevel;
}

/** @param write gets whole lines */
export function openLogger(
  level: LogLevel,
  write: (line: string) => void = (line) => void process.stderr.write(line),
): Logger {
  let current = level;
  const log =
    (at: LogLevel) =>
    (message: string, fields: LogFields = {}) => {
      if (logLevels.indexOf(at) > logLevels.indexOf(current)) return;
      const line = JSON.stringify({ time: new Date().toISOString(), level: at, ...fields, message });
      write(`${redactJoinTokens(line)}\n`);
    };
  return {
    error: log('error'),
    warn: log('warn'),
    info: log('info'),
    debug: log('debug'),
    get level() {
      return current;
    },
    setLevel(next) {
      const before = current;
      current = next;
      return before;
    },
  };
}
