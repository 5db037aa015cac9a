/**
 * Cuts the output of a UPS, just before the coordinator powers itself off: the way out of the power race (see
 * ../core/power/output-cut.ts). Whether it can is looked at from the start on, and told; where it cannot, the
 * coordinator goes off all the same. What was ordered is taken back where the coordinator stays up: it does, when this
 * is still running shortly before the output goes off.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { asHecateError, type HecateError } from '@hecate/proto/core/errors.ts';
import {
  type CutPlan,
  cutCommand,
  delayVariable,
  planCut,
  stopCommand,
} from '../core/power/site/output-cut.ts';
import {
  createUpsControl,
  type NutCredentials,
  type NutServer,
  readUpsOffer,
  type UpsControl,
} from '../io/nut/nut-client.ts';

export interface OutputCutOptions {
  readonly nutName: string;
  readonly server: NutServer;
  readonly credentials: () => NutCredentials;
  /** From the command until the coordinator is off, at most. */
  haltMs(): number;
  nowMs(): number;
  /** Why it cannot be cut; undefined: it can. */
  onHindrance(sentence: string | undefined): void;
  /** The host is still up shortly before its power is cut. */
  onStillUp(): void;
}

/** Why it cannot be cut, as far as is known. */
export interface CutHindrance {
  readonly why: string;
  readonly remedy: string;
}

const checkIntervalMs = 3_600_000;
const retryIntervalMs = 60_000;
const attemptsMax = 3;
const pauseMs = 500;
/** Time to take it back in, before the output goes off: of a UPS that hesitates, too. */
const takeBackMs = 15_000;

export class OutputCut {
  readonly #options: OutputCutOptions;
  readonly #control: UpsControl;
  #dueAtMs = 0;
  #isChecking = false;
  #hindrance: CutHindrance | undefined;
  /** When the output goes off; undefined: that is not ordered. */
  #offAtMs: number | undefined;
  #watch: NodeJS.Timeout | undefined;
  #takingBack: Promise<string> | undefined;

  constructor(options: OutputCutOptions) {
    this.#options = options;
    this.#control = createUpsControl(options);
  }

  /** Of the last look; undefined: there is none, or nobody has looked yet. */
  get hindrance(): CutHindrance | undefined {
    return this.#hindrance;
  }

  /** Looks whether it could be cut, once in a while. Changes nothing. */
  checkInTime(): void {
    const nowMs = this.#options.nowMs();
    if (this.#isChecking || nowMs < this.#dueAtMs) return;
    this.#isChecking = true;
    void this.#look().then((plan) => {
      this.#isChecking = false;
      this.#dueAtMs = this.#options.nowMs() + (plan === undefined ? retryIntervalMs : checkIntervalMs);
    });
  }

  /** Sets what has to be set, and cuts. @returns a sentence: what became of it; it never throws */
  async cut(): Promise<string> {
    await this.#takingBack;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#cut();
      } catch (thrown) {
        const error = asHecateError(thrown);
        this.#note(hindranceOf(error));
        if (!isWorthAnother(error)) this.#forget();
        if (attempt >= attemptsMax || !isWorthAnother(error))
          return `its output is not cut: ${error.message}; what mains coming back leaves off has to be switched on by hand`;
      }
      await sleep(pauseMs);
    }
  }

  /** @returns a sentence: what became of it; undefined: there is nothing to take back. It never throws */
  async takeBack(): Promise<string | undefined> {
    const offAtMs = this.#offAtMs;
    if (offAtMs === undefined) return undefined;
    this.#forget();
    this.#takingBack = this.#takeBack(offAtMs);
    return this.#takingBack;
  }

  async #takeBack(offAtMs: number): Promise<string> {
    for (;;) {
      try {
        await this.#control.instantCommand(stopCommand);
        return 'its output stays on: the cut is taken back';
      } catch (thrown) {
        const error = asHecateError(thrown);
        const leftMs = offAtMs - this.#options.nowMs();
        if (leftMs <= 0 || !isWorthAnother(error))
          return `its output goes off in ${Math.max(0, Math.round(leftMs / 1000))} s all the same, and cannot be told not to (${stopCommand}): ${error.message}; power this host off before, or stop it at the UPS`;
      }
      await sleep(pauseMs);
    }
  }

  close(): void {
    this.#forget();
  }

  #forget(): void {
    clearTimeout(this.#watch);
    this.#offAtMs = undefined;
  }

  /** Also where its answer is lost: it may have heard it (I12). */
  #order(delayMs: number): void {
    clearTimeout(this.#watch);
    this.#offAtMs = this.#options.nowMs() + delayMs;
    const watchMs = Math.max(delayMs / 2, delayMs - takeBackMs);
    this.#watch = setTimeout(() => this.#options.onStillUp(), watchMs).unref();
  }

  async #cut(): Promise<string> {
    const { server, nutName, haltMs } = this.#options;
    const wanted = planCut(await readUpsOffer(server, nutName), haltMs());
    for (const { variable, value } of wanted.settings) await this.#set(variable, value);
    // What counts is what it tells then, and not what it was asked for.
    const plan =
      wanted.settings.length === 0 ? wanted : planCut(await readUpsOffer(server, nutName), haltMs());
    const isReady =
      plan.delayMs !== undefined && !plan.settings.some(({ variable }) => variable === delayVariable);
    if (!isReady) {
      const why = plan.hindrance || `does not take a longer ${delayVariable}`;
      this.#note({ why, remedy: plan.remedy });
      return `its output is not cut: it ${why}`;
    }
    this.#order(plan.delayMs ?? 0);
    await this.#control.instantCommand(cutCommand);
    this.#note(undefined);
    return `its output goes off in ${Math.round((plan.delayMs ?? 0) / 1000)} s, and comes back with mains`;
  }

  /** A UPS may refuse the value; whether it took it, its next look tells. */
  async #set(variable: string, value: string): Promise<void> {
    await this.#control.setVariable(variable, value).catch((thrown: unknown) => {
      if (isWorthAnother(asHecateError(thrown))) throw thrown;
    });
  }

  async #look(): Promise<CutPlan | undefined> {
    const { server, nutName, haltMs, credentials } = this.#options;
    try {
      const plan = planCut(await readUpsOffer(server, nutName), haltMs());
      credentials();
      this.#note(plan.hindrance === '' ? undefined : { why: plan.hindrance, remedy: plan.remedy });
      return plan;
    } catch (thrown) {
      const error = asHecateError(thrown);
      // A server that cannot be reached is told by who watches it.
      if (error.code !== 'HEC_UPS') this.#note(hindranceOf(error));
      return undefined;
    }
  }

  #note(hindrance: CutHindrance | undefined): void {
    this.#hindrance = hindrance;
    this.#options.onHindrance(
      hindrance &&
        `it ${hindrance.why}; its output cannot be cut before the coordinator goes off; ${hindrance.remedy}`,
    );
  }
}

const hindranceOf = ({ message, remedy }: HecateError): CutHindrance => ({
  why: `cannot be told to: ${message}`,
  remedy,
});

const isWorthAnother = ({ code }: HecateError): boolean => code === 'HEC_UPS' || code === 'HEC_PROTOCOL';
