/** Looks at one UPS again and again, over one connection that never logs in, and tells what it saw. */

import { HecateError } from '@hecate/proto/core/errors.ts';
import type { Clock } from '@hecate/proto/io/transport.ts';
import { NutRefusal } from '../../core/power/nut/nut-error.ts';
import { readVariables } from '../../core/power/nut/nut-reading.ts';
import type { LookFailure, UpsSample } from '../../core/power/ups/ups-sample.ts';
import { NutConnection } from './nut-connection.ts';
import type { NutServer } from './nut-server.ts';

export interface UpsWatcher {
  /** Begins at once, and tells each look, in order, until {@link stop}. Once only. */
  start(onSample: (sample: UpsSample) => void): void;
  /** The fast interval, or the ordinary one again; counts from the last look on. */
  setFast(isFast: boolean): void;
  /** No sample comes after it. */
  stop(): void;
}

export interface UpsWatcherOptions {
  /** What the samples call it. */
  readonly ups: string;
  /** The name of the UPS on its server. */
  readonly nutName: string;
  readonly server: NutServer;
  /** Default 5 s, the interval of NUT's own upsmon. */
  readonly pollIntervalMs?: number;
  /** On battery. Default 1 s. */
  readonly fastPollIntervalMs?: number;
  /** upsd drops who says nothing for 60 s (upsd.c); default 25 s: one may be lost. Matters for long intervals only. */
  readonly keepAliveIntervalMs?: number;
  readonly clock: Pick<Clock, 'bootTimeMs'>;
  /** Why looks fail: for the log, once for each new reason. undefined: they succeed again. */
  readonly onTrouble?: (trouble: HecateError | undefined) => void;
}

const defaultPollIntervalMs = 5000;
const defaultFastPollIntervalMs = 1000;
const defaultKeepAliveIntervalMs = 25_000;
/** A server that was restarted is back in a second; the pause doubles up to the poll interval. */
const firstRetryPauseMs = 250;

export const createUpsWatcher = (options: UpsWatcherOptions): UpsWatcher => new PollingWatcher(options);

class PollingWatcher implements UpsWatcher {
  readonly #options: UpsWatcherOptions;
  #connection: NutConnection | undefined;
  #isStarted = false;
  #isStopped = false;
  #isFast = false;
  /** Looks in a row for which there was no server. */
  #lostInARow = 0;
  #trouble: string | undefined;
  #wake: () => void = () => undefined;

  constructor(options: UpsWatcherOptions) {
    this.#options = options;
  }

  start(onSample: (sample: UpsSample) => void): void {
    if (this.#isStarted) throw new TypeError('a watcher is started once');
    this.#isStarted = true;
    void this.#run(onSample);
  }

  setFast(isFast: boolean): void {
    this.#isFast = isFast;
    this.#wake();
  }

  stop(): void {
    this.#isStopped = true;
    this.#connection?.close();
    this.#wake();
  }

  async #run(onSample: (sample: UpsSample) => void): Promise<void> {
    while (!this.#isStopped) {
      const beganMs = performance.now();
      const sample = await this.#look();
      if (this.#isStopped) break;
      onSample(sample);
      await this.#rest(beganMs);
    }
    this.#connection?.close();
  }

  async #look(): Promise<UpsSample> {
    const { nutName, onTrouble } = this.#options;
    try {
      const connection = await this.#connected();
      const { reading, rejected } = readVariables(await connection.listVariables(nutName));
      this.#lostInARow = 0;
      if (this.#trouble !== undefined) onTrouble?.(undefined);
      this.#trouble = undefined;
      return this.#sample({ reading, failure: undefined, rejected });
    } catch (error) {
      return this.#sample({ reading: undefined, failure: this.#failureOf(error), rejected: [] });
    }
  }

  async #connected(): Promise<NutConnection> {
    if (this.#connection?.isOpen) return this.#connection;
    this.#connection = await NutConnection.open(this.#options.server);
    // stop() came while it was being opened.
    if (this.#isStopped) this.#connection.close();
    return this.#connection;
  }

  #sample(look: Pick<UpsSample, 'reading' | 'failure' | 'rejected'>): UpsSample {
    return { ups: this.#options.ups, atMs: this.#options.clock.bootTimeMs(), ...look };
  }

  #failureOf(error: unknown): LookFailure {
    // A fault of our own is none of the UPS's.
    if (!(error instanceof HecateError)) throw error;
    const failure = error instanceof NutRefusal ? error.failure : 'server-lost';
    if (failure === 'server-lost') {
      this.#lostInARow += 1;
      // Whatever this server is: begin anew with it.
      this.#connection?.close();
    } else this.#lostInARow = 0;
    if (!this.#isStopped && error.message !== this.#trouble) {
      this.#trouble = error.message;
      this.#options.onTrouble?.(error);
    }
    return failure;
  }

  /** Until the next look is due, wakeful for {@link setFast} and {@link stop}. */
  async #rest(beganMs: number): Promise<void> {
    const { keepAliveIntervalMs = defaultKeepAliveIntervalMs } = this.#options;
    let heardMs = performance.now();
    for (;;) {
      const nowMs = performance.now();
      const leftMs = beganMs + this.#pauseMs() - nowMs;
      if (this.#isStopped || leftMs <= 0) return;
      const untilKeepAliveMs = heardMs + keepAliveIntervalMs - nowMs;
      if (untilKeepAliveMs > 0) await this.#sleep(Math.min(leftMs, untilKeepAliveMs));
      else {
        await this.#keepAlive();
        heardMs = performance.now();
      }
    }
  }

  #pauseMs(): number {
    const { pollIntervalMs = defaultPollIntervalMs, fastPollIntervalMs = defaultFastPollIntervalMs } =
      this.#options;
    const intervalMs = this.#isFast ? Math.min(fastPollIntervalMs, pollIntervalMs) : pollIntervalMs;
    if (this.#lostInARow === 0) return intervalMs;
    return Math.min(intervalMs, firstRetryPauseMs * 2 ** Math.min(this.#lostInARow - 1, 16));
  }

  /** Any command will do. What it fails with shows at the next look. */
  async #keepAlive(): Promise<void> {
    if (this.#connection?.isOpen) await this.#connection.command(['VER']).catch(() => undefined);
  }

  #sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, delayMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
