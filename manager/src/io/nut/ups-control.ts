/**
 * Commands to a UPS. A connection is made for each and closed after it: nothing is held that a server could drop
 * for idleness, and a changed password counts at once. Servers accept any user and password, and refuse at use.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { HecateError } from '@hecate/proto/core/errors.ts';
import { NutRefusal } from '../../core/power/nut/nut-error.ts';
import { quoted } from '../../core/power/nut/nut-line.ts';
import { NutConnection } from './nut-connection.ts';
import type { NutServer } from './nut-server.ts';

export interface NutCredentials {
  readonly username: string;
  readonly password: string;
}

export interface UpsControlOptions {
  /** The name of the UPS on its server. */
  readonly nutName: string;
  readonly server: NutServer;
  /** Asked for each command; may read a file. Whatever it throws is what the command throws. */
  readonly credentials: () => NutCredentials;
  /** How long the driver may take to tell what became of a command. Default 5 s: slow ones talk every 2 s. */
  readonly trackingLimitMs?: number;
}

/**
 * `done`: the driver says that the UPS took it. `handed-over`: upsd gave it to the driver, which has not said more:
 * NUT before 2.8 never does, some drivers take their time.
 */
export type CommandOutcome = 'done' | 'handed-over';

/** Each throws NutRefusal when the server says no, HEC_UPS, HEC_TLS, HEC_PROTOCOL or HEC_CONFIG. */
export interface UpsControl {
  /** Whether user and password allow to set FSD. Changes nothing. */
  checkRights(): Promise<void>;
  /** Tells all NUT secondaries of this UPS to shut down. There is no way back but a restart of upsd. */
  setForcedShutdown(): Promise<void>;
  /** `shutdown.return` and the like, with the parameter that some take (a delay in seconds). */
  instantCommand(command: string, parameter?: string): Promise<CommandOutcome>;
  /** `ups.delay.shutdown` and the like. */
  setVariable(variable: string, value: string): Promise<CommandOutcome>;
}

const defaultTrackingLimitMs = 5000;
const trackingPauseMs = 100;

export function createUpsControl(options: UpsControlOptions): UpsControl {
  const { nutName } = options;
  return {
    checkRights: () => withSession(options, (connection) => becomePrimary(connection, nutName)),
    setForcedShutdown: () => withSession(options, (connection) => forceShutdown(connection, nutName)),
    instantCommand: (command, parameter) =>
      withSession(options, (connection) => {
        const words = ['INSTCMD', nutName, command, ...(parameter === undefined ? [] : [parameter])];
        return tracked(connection, words, options.trackingLimitMs);
      }),
    setVariable: (variable, value) =>
      withSession(options, (connection) =>
        tracked(connection, ['SET', 'VAR', nutName, variable, value], options.trackingLimitMs),
      ),
  };
}

async function withSession<Result>(
  { server, credentials }: UpsControlOptions,
  work: (connection: NutConnection) => Promise<Result>,
): Promise<Result> {
  const { username, password } = credentials();
  checkPassword(password);
  const connection = await NutConnection.open(server);
  try {
    await connection.command(['USERNAME', username]);
    await connection.command(['PASSWORD', password], 'PASSWORD');
    const result = await work(connection);
    // Out of courtesy: what was asked for has been answered.
    await connection.command(['LOGOUT']).catch(() => undefined);
    return result;
  } finally {
    connection.close();
  }
}

/** Before anything is done with it, because the message about a word that cannot be sent holds the word. */
function checkPassword(password: string): void {
  try {
    quoted(password);
  } catch {
    throw new HecateError(
      'HEC_CONFIG',
      'the password for the NUT server cannot be sent: expected at most 512 printable ASCII characters on one line',
      'see its file, and upsd.users on that server',
    );
  }
}

/** No LOGIN: it would count this host among those for which a primary waits before it cuts the power. */
async function forceShutdown(connection: NutConnection, ups: string): Promise<void> {
  await becomePrimary(connection, ups);
  await connection.command(['FSD', ups]);
}

async function becomePrimary(connection: NutConnection, ups: string): Promise<void> {
  try {
    await connection.command(['PRIMARY', ups]);
  } catch (error) {
    if (!isRefusal(error, 'UNKNOWN-COMMAND')) throw error;
    // Its name before NUT 2.8.
    await connection.command(['MASTER', ups]);
  }
}

async function tracked(
  connection: NutConnection,
  words: readonly string[],
  limitMs = defaultTrackingLimitMs,
): Promise<CommandOutcome> {
  await connection.command(['SET', 'TRACKING', 'ON']).catch((error: unknown) => {
    // Servers before NUT 2.8 have no tracking, each with another word for it.
    if (!(error instanceof NutRefusal)) throw error;
  });
  const [, id] = /^OK TRACKING (\S+)$/.exec(await connection.command(words)) ?? [];
  if (id === undefined) return 'handed-over';
  return followTracking(connection, id, words, performance.now() + limitMs);
}

async function followTracking(
  connection: NutConnection,
  id: string,
  words: readonly string[],
  deadlineMs: number,
): Promise<CommandOutcome> {
  while (performance.now() < deadlineMs) {
    let reply: string;
    try {
      reply = await connection.command(['GET', 'TRACKING', id], words.join(' '));
    } catch (error) {
      // The command is out: a connection that is lost now says nothing about it (I12).
      if (error instanceof NutRefusal) throw error;
      return 'handed-over';
    }
    if (reply === 'SUCCESS') return 'done';
    await sleep(trackingPauseMs);
  }
  return 'handed-over';
}

const isRefusal = (error: unknown, code: NutRefusal['nutCode']): boolean =>
  error instanceof NutRefusal && error.nutCode === code;
