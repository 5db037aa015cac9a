/** The levels of the agent's log, quiet to noisy. */
export const logLevels = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof logLevels)[number];

export const parseLogLevel = (text: string): LogLevel | undefined =>
  logLevels.find((level) => level === text.toLowerCase());
