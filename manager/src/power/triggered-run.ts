/**
 * The run that a trigger of a UPS leads to: asked for until it is accepted (I10), joined when one is there, followed to
 * its end over restarts of the manager, and taken back where the UPS says so.
 */
import { asHecateError, type HecateError } from '@hecate/proto/core/errors.ts';
import type { UpsEffect, UpsInput } from '../core/power/ups/ups-state.ts';
import { isPastNoReturn } from '../core/runs/plan-walk.ts';
import type { RunId, RunRequest, RunState } from '../core/runs/run.ts';
import type { RunService } from '../runs/run-service.ts';

export type TriggerEffect = Extract<UpsEffect, { type: 'trigger' }>;
export type ReverseEffect = Extract<UpsEffect, { type: 'reverse' }>;
type RunEvent = Extract<UpsInput, { type: 'run' }>['event'];

export interface TriggeredRunPorts {
  readonly runs: Pick<RunService, 'request' | 'abort' | 'report' | 'active' | 'watchers'>;
  /**
   * Undefined: nothing has to be run for it as things are.
   * @throws HEC_PLAN, HEC_NO_SUCH_PLAN when there is nothing that could be run
   */
  makeRequest(trigger: TriggerEffect): RunRequest | undefined;
  /** The trigger's run is known: durable when it resolves. */
  keep(triggerId: string, runId: RunId): Promise<void>;
  hear(triggerId: string, event: RunEvent): void;
  /** It was being taken back, and its run has ended, or had failed before: what it took down is to come back. */
  onTakenBack(): void;
  /** Whether another UPS has asked for this run, too, and does not take it back. */
  isWanted?(runId: RunId): boolean;
  /** It is taken back before any run has begun, or leaves its run to another UPS; and none has failed before. */
  onNothingTaken(): void;
  /** Why it is not accepted; undefined: it is. */
  onTrouble(error: HecateError | undefined): void;
  /** It is past its point of no return. */
  onNoReturn(runId: RunId): void;
}

/** As runs name who aborts them: any other is a person, who knows why. */
const abortedByPower = 'power';

/** Who has aborted a run that was over before it could be followed: what a UPS takes back, its own record knows. */
const abortedUnseen = 'somebody';

export class TriggeredRun {
  readonly #ports: TriggeredRunPorts;
  #known: { readonly triggerId: string; readonly runId: RunId } | undefined;
  #isAsking = false;
  /** The newest that is asked for while another is being answered. */
  #next: TriggerEffect | undefined;
  #reversal: ReverseEffect | undefined;
  #following: RunId | undefined;
  /** Who has asked to abort the run that is followed. */
  #abortedBy: string | undefined;
  /** A run of this outage has failed: what it had stopped by then is stopped still. */
  #hasLeftovers = false;
  #isClosed = false;
  #release: () => void = () => undefined;
  #lookAgain: () => void = () => undefined;

  constructor(ports: TriggeredRunPorts) {
    this.#ports = ports;
  }

  get known(): { readonly triggerId: string; readonly runId: RunId } | undefined {
    return this.#known;
  }

  /**
   * After a start, before anything is asked: a run that is there is the trigger's, whether that is said to have begun or
   * the end came between the two; one that has begun, and is nowhere, has failed.
   */
  resume(triggerId: string, runId: RunId | undefined, isStarted = true): void {
    const found = this.#activeOf(triggerId) ?? runId;
    if (found === undefined) {
      if (isStarted) this.#ports.hear(triggerId, 'failed');
      return;
    }
    if (!isStarted) {
      void this.#ports.keep(triggerId, found);
      this.#ports.hear(triggerId, 'started');
    }
    void this.#follow(triggerId, found);
  }

  ask(trigger: TriggerEffect): void {
    this.#next = trigger;
    if (this.#reversal?.triggerId !== trigger.triggerId) this.#reversal = undefined;
    if (!this.#isAsking) void this.#ask();
  }

  /** At a step's end; where the run is past its point of no return, it goes on (I10). Asked for until it is answered. */
  reverse(reversal: ReverseEffect): void {
    const { triggerId } = reversal;
    this.#reversal = reversal;
    this.#next = undefined;
    const runId = this.#known?.triggerId === triggerId ? this.#known.runId : this.#activeOf(triggerId);
    if (runId !== undefined) this.#takeBack(runId, reversal);
    // What is being asked for is stopped when it is accepted; where nothing is, there is nothing to stop.
    else if (!this.#isAsking) this.#leave(triggerId);
  }

  /** What another UPS still wants goes on without this one (I10). */
  #takeBack(runId: RunId, reversal: ReverseEffect): void {
    if (this.#ports.isWanted?.(runId)) this.#leave(reversal.triggerId);
    else void this.#abort(runId, reversal);
  }

  #leave(triggerId: string): void {
    this.#reversal = undefined;
    this.#following = undefined;
    this.#known = undefined;
    this.#release();
    this.#ports.hear(triggerId, 'failed');
    const { onTakenBack, onNothingTaken } = this.#ports;
    if (this.#hasLeftovers) onTakenBack();
    else onNothingTaken();
    this.#hasLeftovers = false;
  }

  #dropReversal(triggerId: string): void {
    if (this.#reversal?.triggerId === triggerId) this.#reversal = undefined;
  }

  #activeOf(triggerId: string): RunId | undefined {
    return this.#ports.runs.active().find(({ request }) => request.triggerId === triggerId)?.request.runId;
  }

  close(): void {
    this.#isClosed = true;
    this.#release();
  }

  async #ask(): Promise<void> {
    this.#isAsking = true;
    try {
      for (let trigger = this.#next; trigger && !this.#isClosed; trigger = this.#next) {
        this.#next = undefined;
        await this.#askFor(trigger);
      }
    } finally {
      this.#isAsking = false;
    }
  }

  async #askFor(trigger: TriggerEffect): Promise<void> {
    const { triggerId } = trigger;
    const { runs, makeRequest, keep, hear, onTrouble } = this.#ports;
    try {
      const request = makeRequest(trigger);
      onTrouble(undefined);
      if (request === undefined) return;
      const { runId } = await runs.request(request, false);
      // A tightened limit of the run that is followed already.
      if (this.#known?.triggerId === triggerId && this.#known.runId === runId) return;
      this.#known = { triggerId, runId };
      await keep(triggerId, runId);
      hear(triggerId, 'started');
      void this.#follow(triggerId, runId);
      if (this.#reversal?.triggerId === triggerId) this.#takeBack(runId, this.#reversal);
    } catch (error) {
      // The decision asks again.
      if (!this.#isClosed) onTrouble(asHecateError(error));
    }
  }

  async #abort(runId: RunId, { triggerId, sentence }: ReverseEffect): Promise<void> {
    try {
      await this.#ports.runs.abort(runId, abortedByPower, sentence);
    } catch (thrown) {
      const error = asHecateError(thrown);
      if (error.code === 'HEC_NO_RETURN') this.#ports.hear(triggerId, 'past-no-return');
      else if (error.code !== 'HEC_NO_SUCH_RUN' && !this.#isClosed) this.#ports.onTrouble(error);
    }
  }

  async #follow(triggerId: string, runId: RunId): Promise<void> {
    this.#known = { triggerId, runId };
    // Another trigger has joined the run that is followed: it is told to that one from now on.
    if (this.#following === runId) {
      this.#lookAgain();
      return;
    }
    this.#following = runId;
    const { runs, hear, onNoReturn } = this.#ports;
    const watcher = runs.watchers.watch(runId);
    this.#release = () => watcher.release();
    this.#lookAgain = () => watcher.change();
    let told: string | undefined;
    try {
      this.#abortedBy = this.#find(runId) ? undefined : abortedUnseen;
      for (let run = this.#find(runId); run; run = this.#find(runId)) {
        this.#abortedBy = run.abort?.by;
        const { triggerId: of } = this.#known;
        if (isPastNoReturn(run) && told !== of) {
          told = of;
          // It goes on to its end: nothing is taken back any more (I10), and nothing to be brought back after it.
          this.#dropReversal(of);
          hear(of, 'past-no-return');
          onNoReturn(runId);
        }
        watcher.take();
        await watcher.changed();
        if (this.#isClosed || this.#following !== runId) return;
      }
    } finally {
      runs.watchers.unwatch(watcher);
    }
    this.#ended(this.#known.triggerId, runId);
  }

  #find(runId: RunId): RunState | undefined {
    return this.#ports.runs.active().find(({ request }) => request.runId === runId);
  }

  #ended(triggerId: string, runId: RunId): void {
    const { runs, hear, onTakenBack } = this.#ports;
    const state = this.#stateOf(runId);
    const successor = runs.active().find(({ request }) => request.plan.kind === 'shutdown');
    const reversal = this.#reversal?.triggerId === triggerId ? this.#reversal : undefined;
    // A shutdown that goes further has taken over: it is the trigger's now; of one that is taken back, it is another's.
    if (state === 'pre-empted' && successor && reversal) {
      this.#leave(triggerId);
      return;
    }
    if (state === 'pre-empted' && successor) {
      void this.#ports.keep(triggerId, successor.request.runId);
      void this.#follow(triggerId, successor.request.runId);
      return;
    }
    const isOver = state === 'done' || state === 'degraded';
    this.#reversal = undefined;
    this.#following = undefined;
    const isAborted =
      state === 'aborted' && this.#abortedBy !== undefined && this.#abortedBy !== abortedByPower;
    this.#hasLeftovers = !isOver && !isAborted && !reversal;
    hear(triggerId, isOver ? 'ended' : isAborted ? 'aborted' : 'failed');
    if (reversal) onTakenBack();
  }

  /** Of a run that is over; one that nobody remembers has failed. */
  #stateOf(runId: RunId): string {
    try {
      return this.#ports.runs.report(runId).summary?.state ?? 'failed';
    } catch {
      return 'failed';
    }
  }
}
