/**
 * Cuts the output of a UPS, just before the coordinator powers itself off: the way out of the power race (see
 * ../core/power/output-cut.ts). Whether it can is looked at from the start on, and told; where it cannot, the
 * coordinator goes off all the same.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { asHecateError, type HecateError } from '@hecate/proto/core/errors.ts';
import { type CutPlan, cutCommand, delayVariable, planCut } from '../core/power/output-cut.ts';
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

export class OutputCut {
  readonly #options: OutputCutOptions;
  readonly #control: UpsControl;
  #dueAtMs = 0;
  #isChecking = false;
  #hindrance: CutHindrance | undefined;

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
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#cut();
      } catch (thrown) {
        const error = asHecateError(thrown);
        this.#note(hindranceOf(error));
        if (attempt >= attemptsMax || !isWorthAnother(error))
          return `its output is not cut: ${error.message}; what mains coming back leaves off has to be switched on by hand`;
      }
      await sleep(pauseMs);
    }
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
