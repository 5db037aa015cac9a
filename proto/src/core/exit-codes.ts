/**
 * The one table of exit codes, used by hecatectl, its man pages and the tests. 0 to 4 keep systemctl's meaning
 * where it has one (3: not active, 4: no such unit). When several nodes answer, the worst counts: the order of
 * `severity` is from good to bad.
 */
export const exitCodes = {
  success: { code: 0, severity: 0, meaning: 'everything asked for was done' },
  degraded: {
    code: 5,
    severity: 1,
    meaning: 'a run reached its end, with declared degradations: hecatectl runs show tells which',
  },
  negative: {
    code: 3,
    severity: 2,
    meaning: 'a question was answered with no (is-active, is-enabled, is-failed, status, health, doctor)',
  },
  notFound: { code: 4, severity: 3, meaning: 'no such node, unit, operation, plan or run' },
  usage: {
    code: 2,
    severity: 4,
    meaning: 'the command line or a configuration file is wrong; nothing was sent',
  },
  refused: {
    code: 77,
    severity: 5,
    meaning: 'refused by policy, role, certificate or epoch; nothing was applied',
  },
  offline: { code: 69, severity: 6, meaning: 'the node is offline; nothing was applied' },
  unavailable: {
    code: 75,
    severity: 7,
    meaning: 'the manager cannot be reached, or is at a limit; try again',
  },
  failed: { code: 1, severity: 8, meaning: 'it was carried out and failed, or a run did not reach its end' },
  timeout: { code: 124, severity: 9, meaning: 'not finished within the time limit' },
  unknown: { code: 70, severity: 10, meaning: 'cut off in flight: ask again with hecatectl operations' },
  protocol: { code: 76, severity: 11, meaning: 'the two sides do not understand each other' },
  internal: { code: 71, severity: 12, meaning: 'a fault in Hecate itself' },
  interrupted: { code: 130, severity: 13, meaning: 'ended by Ctrl-C or SIGTERM' },
} as const satisfies Record<string, { code: number; severity: number; meaning: string }>;

export type ExitName = keyof typeof exitCodes;

/** The worse of two ends. */
export const worseExit = (a: ExitName, b: ExitName): ExitName =>
  exitCodes[a].severity >= exitCodes[b].severity ? a : b;
