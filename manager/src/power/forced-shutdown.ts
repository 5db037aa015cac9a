/**
 * FSD on a UPS, once hosts are being powered off: NUT secondaries that Hecate does not manage shut down with them. Set
 * only past the point of no return: nothing but a restart of upsd takes it back.
 */
import { readFileSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { asHecateError, HecateError } from '@hecate/proto/core/errors.ts';
import type { RunId } from '../core/runs/run.ts';
import type { NutServer } from '../io/nut/nut-client.ts';
import { createUpsControl, type NutCredentials, type UpsControl } from '../io/nut/nut-client.ts';

export interface ForcedShutdownOptions {
  readonly nutName: string;
  readonly server: NutServer;
  readonly credentials: { readonly user: string; readonly passwordFile: string };
  /** Why it cannot be set; undefined: it can, or is. */
  readonly onTrouble: (sentence: string | undefined) => void;
}

/** There is no time for more: hosts are going off. */
const attemptsMax = 5;
const pauseMs = 2000;
const passwordLengthMax = 1000;

export class ForcedShutdown {
  readonly #options: ForcedShutdownOptions;
  readonly #control: UpsControl;
  #setFor: RunId | undefined;

  constructor(options: ForcedShutdownOptions) {
    this.#options = options;
    const { nutName, server, credentials } = options;
    this.#control = createUpsControl({ nutName, server, credentials: () => readCredentials(credentials) });
  }

  /** Whether it could be set when it is needed: told in good time. */
  check(): void {
    void this.#control.checkRights().then(
      () => this.#options.onTrouble(undefined),
      (error) => this.#options.onTrouble(this.#sentence(error)),
    );
  }

  /** Once for each run; upsd has no objection to a second one. */
  set(runId: RunId): void {
    if (this.#setFor === runId) return;
    this.#setFor = runId;
    void this.#set();
  }

  async #set(): Promise<void> {
    for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
      try {
        await this.#control.setForcedShutdown();
        this.#options.onTrouble(undefined);
        return;
      } catch (error) {
        this.#options.onTrouble(this.#sentence(error));
      }
      await sleep(pauseMs);
    }
  }

  #sentence(error: unknown): string {
    const { message, remedy } = asHecateError(error);
    return `FSD cannot be set on ${this.#options.nutName}: ${message}; ${remedy}`;
  }
}

/** @throws HEC_CONFIG: a password that others may read is none */
export function readCredentials({
  user,
  passwordFile,
}: ForcedShutdownOptions['credentials']): NutCredentials {
  try {
    const { mode } = statSync(passwordFile);
    if ((mode & 0o077) !== 0) {
      const found = (mode & 0o777).toString(8).padStart(4, '0');
      throw new HecateError(
        'HEC_CONFIG',
        `${passwordFile}: found permissions ${found}, expected 0600: others may read the password`,
        `chmod 0600 ${passwordFile}`,
      );
    }
    const password = readFileSync(passwordFile, 'utf8').replace(/\r?\n$/, '');
    if (password !== '' && password.length <= passwordLengthMax) return { username: user, password };
    throw new HecateError(
      'HEC_CONFIG',
      `${passwordFile}: expected one line, the password of ${user}`,
      'write it',
    );
  } catch (error) {
    if (error instanceof HecateError) throw error;
    const { message } = asHecateError(error);
    const remedy = 'let the user of this service read it, and nobody else (ls -l)';
    throw new HecateError('HEC_CONFIG', `${passwordFile}: cannot be read: ${message}`, remedy, error);
  }
}
