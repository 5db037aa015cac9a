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
  /** From the power-off until the coordinator is off, at most. */
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
/** So often a UPS that does not confirm it is told to stay on; each time it has 5 s to confirm, too. */
const stopAgainMs = 5000;
/**
 * So long the power-off is held up by all cuts together, at most. One that was ordered at once counts while another
 * one hesitates: an output goes off this much later than the coordinator takes.
 */
export const cutLimitMs = 15_000;
const takenBack = 'its output is not cut: that was taken back before it was ordered';

export class OutputCut {
  readonly #options: OutputCutOptions;
  readonly #control: UpsControl;
  #dueAtMs = 0;
  #isChecking = false;
  #hindrance: CutHindrance | undefined;
  /** When the output goes off; undefined: that is not ordered. */
  #offAtMs: number | undefined;
  #watch: NodeJS.Timeout | undefined;
  /** Of the last one each; they wait for one another. */
  #cutting: Promise<string> | undefined;
  #takingBack: Promise<string | undefined> | undefined;
  /** A cut that was asked for at a lower count is not wanted any more. */
  #takeBacks = 0;
  #stopAgain = new AbortController();
  #stoppingAgain: Promise<void> | undefined;

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
  cut(): Promise<string> {
    const asked = this.#takeBacks;
    this.#cutting = this.#cutAfter([this.#cutting, this.#takingBack], () => asked < this.#takeBacks);
    return this.#cutting;
  }

  async #cutAfter(before: readonly unknown[], isUnwanted: () => boolean): Promise<string> {
    await Promise.all(before);
    // A stop that is still repeated would undo it.
    this.#stopAgain.abort();
    await this.#stoppingAgain;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#cut(isUnwanted);
      } catch (thrown) {
        const error = asHecateError(thrown);
        this.#note(hindranceOf(error));
        if (!isWorthAnother(error)) this.#forget();
        if (attempt >= attemptsMax || !isWorthAnother(error) || isUnwanted())
          return `its output is not cut: ${error.message}; what mains coming back leaves off has to be switched on by hand`;
      }
      await sleep(pauseMs);
    }
  }

  /**
   * Keeps a cut that is under way from being ordered, and takes back one that is.
   * @returns a sentence: what became of it; undefined: there is nothing to take back. It never throws
   */
  takeBack(): Promise<string | undefined> {
    this.#takeBacks += 1;
    this.#takingBack = this.#takeBackAfter([this.#cutting, this.#takingBack]);
    return this.#takingBack;
  }

  /** Behind a cut that is under way: its order may be on its way to the UPS, and would overtake the stop. */
  async #takeBackAfter(before: readonly unknown[]): Promise<string | undefined> {
    await Promise.all(before);
    const offAtMs = this.#offAtMs;
    if (offAtMs === undefined) return undefined;
    this.#forget();
    return this.#takeBack(offAtMs);
  }

  async #takeBack(offAtMs: number): Promise<string> {
    for (;;) {
      try {
        if ((await this.#control.instantCommand(stopCommand)) === 'done')
          return 'its output stays on: the cut is taken back';
        // Nobody knows whether the UPS took it (I12).
        this.#stopAgain = new AbortController();
        this.#stoppingAgain = this.#repeatStop(offAtMs, this.#stopAgain.signal);
        const leftMs = Math.max(0, offAtMs - this.#options.nowMs());
        return `its output is told to stay on; the UPS has not confirmed it: otherwise it goes off in ${Math.round(leftMs / 1000)} s`;
      } catch (thrown) {
        const error = asHecateError(thrown);
        const leftMs = offAtMs - this.#options.nowMs();
        if (leftMs <= 0 || !isWorthAnother(error))
          return `its output goes off in ${Math.max(0, Math.round(leftMs / 1000))} s all the same, and cannot be told not to (${stopCommand}): ${error.message}; power this host off before, or stop it at the UPS`;
      }
      await sleep(pauseMs);
    }
  }

  /** Until the UPS confirms it, or the output is off. It never throws. */
  async #repeatStop(offAtMs: number, signal: AbortSignal): Promise<void> {
    for (;;) {
      await sleep(stopAgainMs, undefined, { signal, ref: false }).catch(() => undefined);
      if (signal.aborted || this.#options.nowMs() >= offAtMs) return;
      // A refusal or a lost server now says nothing about the next time.
      const outcome = await this.#control.instantCommand(stopCommand).catch(() => undefined);
      if (outcome === 'done') return;
    }
  }

  close(): void {
    this.#forget();
    this.#stopAgain.abort();
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

  async #cut(isUnwanted: () => boolean): Promise<string> {
    const wanted = await this.#plan();
    for (const { variable, value } of wanted.settings) {
      if (isUnwanted()) return takenBack;
      await this.#set(variable, value);
    }
    // What counts is what it tells then, and not what it was asked for.
    const plan = wanted.settings.length === 0 ? wanted : await this.#plan();
    if (isUnwanted()) return takenBack;
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

  async #plan(): Promise<CutPlan> {
    const { server, nutName, haltMs } = this.#options;
    return planCut(await readUpsOffer(server, nutName), haltMs() + cutLimitMs);
  }

  /** A UPS may refuse the value; whether it took it, its next look tells. */
  async #set(variable: string, value: string): Promise<void> {
    await this.#control.setVariable(variable, value).catch((thrown: unknown) => {
      if (isWorthAnother(asHecateError(thrown))) throw thrown;
    });
  }

  async #look(): Promise<CutPlan | undefined> {
    try {
      const plan = await this.#plan();
      this.#options.credentials();
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
