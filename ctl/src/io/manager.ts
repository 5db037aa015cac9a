/** An open session with the manager, as commands use it. */

import { formatDuration } from '@hecate/proto/core/duration-text.ts';
import { asHecateError, HecateError, isSessionEnd } from '@hecate/proto/core/errors.ts';
import type { Item, Method, Outcome, OutcomeOf } from '@hecate/proto/core/frames.ts';
import { protocolMax, protocolMin } from '@hecate/proto/core/limits.ts';
import { softwareVersion } from '@hecate/proto/core/version.ts';
import { createHello, type PeerKind, type Welcome } from '@hecate/proto/generated/wire.ts';
import { Session } from '@hecate/proto/io/session-host.ts';
import type { FrameTransport } from '@hecate/proto/io/transport.ts';
import { clock } from './clock.ts';

export interface AskOptions {
  readonly timeLimitMs: number;
  readonly signal: AbortSignal;
  readonly onItem?: (item: Item) => void | Promise<void>;
}

type Answer = Exclude<Outcome, { case: 'failure' }>;

export class Manager {
  readonly address: string;
  readonly welcome: Welcome;
  readonly #session: Session;

  constructor(address: string, welcome: Welcome, session: Session) {
    this.address = address;
    this.welcome = welcome;
    this.#session = session;
  }

  /**
   * @throws the manager's failure; HEC_PROTOCOL when it answers something else than `expected`
   */
  async ask<Case extends Answer['case']>(
    expected: Case,
    method: Method,
    options: AskOptions,
  ): Promise<OutcomeOf<Case>> {
    const outcome = await this.#session.call(method, options).catch((error: unknown) => {
      throw explainTimeout(error, options.timeLimitMs, this.address);
    });
    if (outcome.case === expected) return outcome.value as OutcomeOf<Case>;
    throw new HecateError(
      'HEC_PROTOCOL',
      `the manager answered ${method.case} with ${outcome.case}, expected ${expected}`,
      'are hecatectl and the manager of the same release? hecatectl version',
    );
  }

  close(): void {
    if (this.#session.isEstablished()) this.#session.end('HEC_SHUTTING_DOWN', 'the caller has finished');
  }
}

function explainTimeout(thrown: unknown, timeLimitMs: number, address: string): HecateError {
  const error = asHecateError(thrown);
  if (isSessionEnd(error) || error.code !== 'HEC_TIMEOUT' || error.remedy !== '') return error;
  return new HecateError(
    'HEC_TIMEOUT',
    `no answer from the manager at ${address} within ${formatDuration(timeLimitMs)}`,
    'is it overloaded? hecatectl health; or wait longer with --timeout',
    error,
  );
}

/** A manager that took the connection and then says nothing (stopped, overloaded) is given up after this. */
export const welcomeTimeLimitMs = 8000;

/**
 * Says hello and waits to be welcomed.
 * @throws why the manager ended the session, or HEC_CONNECTION when it says nothing
 */
export function greet(
  transport: FrameTransport,
  peerKind: PeerKind,
  name: string,
  signal: AbortSignal,
  timeLimitMs: number = welcomeTimeLimitMs,
): Promise<Manager> {
  return new Promise((resolve, reject) => {
    const fail = (error: HecateError): void => {
      release();
      transport.abort();
      reject(error);
    };
    const onAbort = (): void =>
      fail(new HecateError('HEC_CANCELLED', 'interrupted before the manager answered'));
    const timer = setTimeout(() => {
      fail(
        new HecateError(
          'HEC_CONNECTION',
          `the manager at ${transport.remote} took the connection and then said nothing for ${formatDuration(timeLimitMs)}`,
          'is it stopped or overloaded? systemctl status hecate-manager; journalctl -u hecate-manager',
        ),
      );
    }, timeLimitMs);
    const release = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    const session = new Session('dialler', transport, clock, {
      onEstablished: (welcome) => {
        release();
        resolve(new Manager(transport.remote, welcome, session));
      },
      onEnded: ({ code, message }) => {
        release();
        reject(endedEarly(code, message, transport.remote));
      },
    });
    session.open(
      createHello({
        peerKind,
        name,
        softwareVersion,
        protocolMin,
        protocolMax,
        clockMs: clock.bootTimeMs(),
        wallClockMs: clock.wallMs(),
      }),
    );
  });
}

const remedies: Record<string, string> = {
  HEC_VERSION: 'install the same release of Hecate on both sides: hecatectl version',
  HEC_REVOKED: 'ask an administrator for a new identity: hecatectl operator enroll NAME, then hecatectl join',
  HEC_TLS: 'ask an administrator for a new identity: hecatectl operator enroll NAME, then hecatectl join',
  HEC_SHUTTING_DOWN: 'the manager is being restarted: try again in a moment',
};

function endedEarly(code: string, message: string, remote: string): HecateError {
  const isOurs = code in remedies || code === 'HEC_ROLE' || code === 'HEC_BUSY' || code === 'HEC_PROTOCOL';
  return new HecateError(
    isOurs ? (code as 'HEC_ROLE') : 'HEC_CONNECTION',
    `the manager at ${remote} did not let us in: ${message}`,
    remedies[code] ?? 'journalctl -u hecate-manager says why',
  );
}
