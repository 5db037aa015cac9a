/**
 * Runs what another site has forwarded of one of its UPSes: durable before it is acknowledged and before its run is
 * asked for (I9); the run is one like that of a UPS of this site.
 */
import { asHecateError, type HecateError } from '@hecate/proto/core/errors.ts';
import type { Clock } from '@hecate/proto/io/transport.ts';
import { nextReceivedTickMs, receivedStep } from '../core/power/forward/forward-received.ts';
import type {
  ReceivedEffect,
  ReceivedInput,
  ReceivedState,
} from '../core/power/forward/forward-received-state.ts';
import { isForwardOpen } from '../core/power/forward/forward-received-state.ts';
import type { ForwardProgress, ForwardStanding } from '../core/power/forward/forward-state.ts';
import type { TriggerCause } from '../core/power/ups/ups-state.ts';
import type { RunId, RunRequest } from '../core/runs/run.ts';
import { type After, after } from '../io/after.ts';
import type { RunService } from '../runs/run-service.ts';
import type { ForwardFile, ReceivedRecord } from './forward-file.ts';
import type { KnownRun } from './power-file.ts';
import { type TriggerEffect, TriggeredRun } from './triggered-run.ts';

export interface ForwardReceiverPorts {
  readonly clock: Pick<Clock, 'bootTimeMs'>;
  readonly bootId: string;
  readonly file: ForwardFile;
  /** Of the system, unless another is given. */
  readonly after?: After;
  readonly runs: Pick<RunService, 'request' | 'abort' | 'report' | 'active' | 'watchers'>;
  /** @throws HEC_PLAN, HEC_NO_SUCH_PLAN when there is nothing that could be run */
  makeRequest(trigger: TriggerEffect): RunRequest;
  /** Whether another UPS, here or there, has asked for this run, too, and does not take it back. */
  isWanted(by: ForwardReceiver, runId: RunId): boolean;
  /** Its shutdown was taken back: what it took down is to come back; afterwards {@link ForwardReceiver.restored}. */
  restore(receiver: ForwardReceiver): void;
  /** Raised, or over (undefined). */
  alert(key: string, sentence: string | undefined): void;
  onTrouble(error: HecateError | undefined): void;
}

type Answer = { readonly standing: ForwardStanding; readonly newestSequence: number };
type Asked = Extract<ReceivedInput, { type: 'forwarded' | 'withdrawn' }>;
type WithoutTicket<T> = T extends unknown ? Omit<T, 'ticket'> : never;

/** Progress that does not exist: without a run. */
const none = { runId: '', stage: '', boundLeftMs: 0, coversSender: false };

export class ForwardReceiver {
  readonly #ports: ForwardReceiverPorts;
  readonly #triggered: TriggeredRun;
  #state: ReceivedState;
  #run: KnownRun | undefined;
  #takenBack: string | undefined;
  /** The disk has it as it is. */
  #isKept = true;
  #refusal = '';
  #tickets = 0;
  readonly #waiting = new Map<
    number,
    { resolve: (answer: Answer) => void; reject: (error: unknown) => void }
  >();
  #queue: ReceivedEffect[] = [];
  #working: Promise<void> | undefined;
  #cancelTick: () => void = () => undefined;
  #isClosed = false;

  /** @param kept as it was at the end of the manager before */
  constructor({ state, run, takenBack }: ReceivedRecord, ports: ForwardReceiverPorts) {
    this.#ports = ports;
    this.#state = state;
    this.#run = run;
    this.#takenBack = takenBack;
    this.#triggered = this.#makeTriggered();
  }

  get state(): ReceivedState {
    return this.#state;
  }

  /** Why its trigger has no run yet; empty: it has, or there is none. */
  get refusal(): string {
    return this.#refusal;
  }

  get isOpen(): boolean {
    return isForwardOpen(this.#state);
  }

  /** It has asked for this run, and does not take it back. */
  wants(runId: RunId): boolean {
    return this.isOpen && this.#state.forward?.phase !== 'withdrawing' && this.runId === runId;
  }

  get runId(): string {
    const { forward } = this.#state;
    return this.#run && this.#run.triggerId === forward?.runTriggerId ? this.#run.runId : '';
  }

  #makeTriggered(): TriggeredRun {
    const { runs, makeRequest, isWanted, restore } = this.#ports;
    return new TriggeredRun({
      runs,
      makeRequest,
      keep: async (triggerId, runId) => {
        this.#run = { triggerId, runId };
        await this.#put();
      },
      hear: (triggerId, event) => this.#input({ type: 'run', triggerId, event }),
      isWanted: (runId) => isWanted(this, runId),
      onTakenBack: () => restore(this),
      onNothingTaken: () => this.restored(),
      onTrouble: (error) => this.#onRefused(error),
      onNoReturn: () => undefined,
    });
  }

  /** Goes on with what was kept. */
  start(): void {
    const { forward } = this.#state;
    this.#tellLapse();
    if (!forward) return;
    if (this.isOpen) {
      const runId = this.#run?.triggerId === forward.runTriggerId ? this.#run.runId : undefined;
      this.#triggered.resume(forward.runTriggerId, runId, forward.isStarted);
      this.#input({ type: 'resume' });
    }
    // It was being taken back when the manager ended, and its run is over.
    if (!this.isOpen && this.#takenBack !== undefined) this.#ports.restore(this);
  }

  /** What its shutdown took down is up again, or has been given up. */
  restored(): void {
    if (this.#takenBack === undefined || this.#isClosed) return;
    this.#takenBack = undefined;
    void this.#put();
  }

  /**
   * Its peer may forward nothing any more: what it has asked for ends.
   * @returns when that is durable. @throws HEC_STATE when it cannot be
   */
  async revoke(sentence: string): Promise<void> {
    const isNews = this.#state.forward?.isRevoked !== true;
    this.#input({ type: 'revoked', sentence });
    if (isNews && this.#state.forward?.isRevoked)
      this.#ports.alert('forward-revoked', `${sentence}: what it has asked for (${this.#state.ups}) ends`);
    await this.#working;
    if (!this.#isKept) await this.#put();
    if (!this.#isKept) throw this.#putError;
  }

  /** @returns when it is durable. @throws HEC_STATE when it cannot be */
  async answer(asked: WithoutTicket<Asked>): Promise<ForwardProgress> {
    const answer = await new Promise<Answer>((resolve, reject) => {
      this.#tickets += 1;
      const ticket = this.#tickets;
      this.#waiting.set(ticket, { resolve, reject });
      this.#input({ ...asked, ticket });
    });
    return { ...answer, ...this.#progress(), trouble: this.#refusal };
  }

  #progress() {
    const { runId } = this;
    if (runId === '') return none;
    const run = this.#ports.runs.active().find(({ request }) => request.runId === runId);
    if (!run) return { ...none, runId };
    const report = this.#ports.runs.report(run.request.runId);
    const running = report.stages.find(({ steps }) => steps.some(({ state }) => state === 'running'));
    return {
      runId,
      stage: running?.name ?? '',
      boundLeftMs: Math.max(0, report.boundMs - report.elapsedMs),
      coversSender: run.request.plan.nodes.some((node) => node === this.#state.peer),
    };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelTick();
    this.#triggered.close();
    for (const ticket of [...this.#waiting.keys()]) this.#refuse(ticket, new Error('closing'));
    await this.#working;
  }

  #input(input: ReceivedInput): void {
    if (this.#isClosed) return;
    const { clock, bootId, after: later = after } = this.#ports;
    const nowMs = clock.bootTimeMs();
    const { state, effects } = receivedStep(this.#state, input, { nowMs, bootId });
    this.#state = state;
    for (const effect of effects) if (effect.type === 'reverse') this.#takenBack = effect.sentence;
    // It goes on to its end, or has come to it: nothing is taken back.
    if (state.forward?.phase === 'committed' || state.forward?.phase === 'ended') this.#takenBack = undefined;
    if (!this.isOpen) this.#onRefused(undefined);
    this.#tellLapse();
    this.#queue.push(...effects);
    if (this.#queue.length > 0) this.#working ??= this.#work();
    this.#cancelTick();
    const atMs = nextReceivedTickMs(this.#state);
    if (atMs !== undefined)
      this.#cancelTick = later(Math.max(1, atMs - nowMs), () => this.#input({ type: 'tick' }));
  }

  async #work(): Promise<void> {
    for (let effect = this.#queue.shift(); effect; effect = this.#queue.shift()) await this.#perform(effect);
    // In the turn that finds the queue empty: what comes in the next one begins anew.
    this.#working = undefined;
  }

  async #perform(effect: ReceivedEffect): Promise<void> {
    switch (effect.type) {
      case 'persist':
        await this.#put();
        return;
      case 'trigger': {
        const { triggerId, cause, sentence, timeLimitMs = Number.POSITIVE_INFINITY } = effect;
        const told = { triggerId, cause: cause as TriggerCause, sentence, slackMs: 0, timeLimitMs };
        this.#triggered.ask({ type: 'trigger', ...told });
        return;
      }
      case 'reverse':
        this.#triggered.reverse({ type: 'reverse', triggerId: effect.triggerId, sentence: effect.sentence });
        return;
      case 'answer': {
        // What the disk has refused is no acknowledgement, however often it is asked for.
        if (!this.#isKept) await this.#put();
        const waiting = this.#waiting.get(effect.ticket);
        this.#waiting.delete(effect.ticket);
        if (this.#isKept) waiting?.resolve(effect);
        else waiting?.reject(this.#putError);
      }
    }
  }

  #putError: unknown;

  #refuse(ticket: number, error: unknown): void {
    this.#waiting.get(ticket)?.reject(error);
    this.#waiting.delete(ticket);
  }

  /** A disk that refuses does not keep a shutdown from being asked for: the run has a journal of its own (I10). */
  async #put(): Promise<void> {
    const { file, onTrouble } = this.#ports;
    try {
      await file.putReceived({ state: this.#state, run: this.#run, takenBack: this.#takenBack });
      this.#isKept = true;
      onTrouble(undefined);
    } catch (error) {
      this.#isKept = false;
      this.#putError = error;
      onTrouble(asHecateError(error, 'HEC_STATE'));
    }
  }

  #tellLapse(): void {
    const { peer, ups, forward } = this.#state;
    const lapse = `${peer} has asked for a shutdown (${ups}), and is not heard of any more: none is begun for it until it is`;
    this.#ports.alert('forward-lapsed', forward?.isLapsed === true ? lapse : undefined);
    const unfinished = `${peer} has mains again (${ups}), and its shutdown failed when hosts were being powered off: it is not begun again; see which nodes are off (hecatectl status), and start them: hecatectl startup --execute`;
    this.#ports.alert('forward-unfinished', forward?.isUnfinished === true ? unfinished : undefined);
  }

  #onRefused(error: HecateError | undefined): void {
    const refusal = error === undefined ? '' : error.message;
    if (refusal === this.#refusal) return;
    this.#refusal = refusal;
    const { peer, ups } = this.#state;
    this.#ports.alert(
      'forward-refused',
      error && `${peer} asks for a shutdown (${ups}), and none begins: ${error.message}; ${error.remedy}`,
    );
  }
}
