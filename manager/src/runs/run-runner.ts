/**
 * Runs the machine of runs: inputs one after the other, and of each all effects before the next input is taken: commit
 * (journal, intent file), then whatever stands behind it (I9).
 */
import { asHecateError, HecateError } from '@hecate/proto/core/errors.ts';
import type { NodeName, OpId } from '@hecate/proto/core/names.ts';
import { BootTimeTimer } from '@hecate/proto/io/boot-time-timer.ts';
import type { Clock } from '@hecate/proto/io/transport.ts';
import type { Leaf, Observations } from '../core/plan/gate.ts';
import type { PlannedOperation, WakeTarget } from '../core/plan/plan.ts';
import type { OperationEnd, RunId, RunRequest, RunState } from '../core/runs/run.ts';
import { nextRunsTickMs, runsStep } from '../core/runs/runs.ts';
import type {
  DeadManOrder,
  RunEvent,
  RunRefusal,
  RunsEffect,
  RunsInput,
  RunsInstant,
  RunsState,
} from '../core/runs/runs-state.ts';
import type { HookEnd } from '../io/hook-runner.ts';
import { mergeCommits } from './merge-commits.ts';
import { RunDisk, type RunDiskPorts } from './run-disk.ts';
import type { AppliedOperation, RunOperations } from './run-operations.ts';
import { UnsentOperations } from './unsent-operations.ts';

export interface RunRunnerPorts extends RunDiskPorts {
  readonly clock: Clock;
  readonly operations: RunOperations;
  observe(leaves: readonly Leaf[], timeLimitMs: number): Promise<Observations>;
  runHook(run: RunState, argv: readonly string[], timeLimitMs: number): Promise<HookEnd>;
  wake(targets: readonly WakeTarget[]): void;
  /**
   * What is to be done first, within the time limit; the power-off is sent when it resolves.
   * @returns who is to hear what became of it; undefined: nobody
   */
  beforePowerOff?(run: RunState, node: NodeName, timeLimitMs: number): Promise<PowerOffHearer | undefined>;
  arm(runId: RunId, order: DeadManOrder): void;
  /** Resolves when the agent holds no order of the run any more; never, when it could not be asked. */
  withdraw(runId: RunId, node: NodeName): Promise<void>;
  onEvent(runId: RunId, event: RunEvent): void;
  /** Something of it is another than before, or it is over and gone. */
  onChange(runId: RunId): void;
  /** Into the history; rejects when that could not be written: it is then kept in the journal. */
  onEnded(run: RunState): Promise<void>;
}

export interface AcceptedRun {
  readonly runId: RunId;
  readonly isJoined: boolean;
  readonly preempted: readonly RunId[];
}

export type PowerOffHearer = (end: OperationEnd) => void;

interface Ticket {
  accept(accepted: AcceptedRun): void;
  refuse(error: HecateError): void;
}

type Of<Type extends RunsEffect['type']> = Extract<RunsEffect, { type: Type }>;

/** How late a host that was suspended notices that something is due. */
const lookIntervalMs = 60_000;

/** While so many wait (for a slow disk, say), changes of units do not join them (I14). */
const inputsForNoticesMax = 256;

export class RunRunner {
  readonly #ports: RunRunnerPorts;
  #state: RunsState;
  /** As of the last input whose effects are carried out: what is not durable yet is shown to nobody. */
  #shown: RunsState;
  /** Ends of the inputs that are being carried out which the history has. */
  readonly #handedOver = new Set<RunId>();
  /** Of callers: given when what they were promised is shown, too. */
  #answers: (() => void)[] = [];
  readonly #inputs: RunsInput[] = [];
  #working: Promise<void> | undefined;
  readonly #timer: BootTimeTimer;
  readonly #disk: RunDisk;
  readonly #tickets = new Map<number, Ticket>();
  readonly #unsent = new UnsentOperations();
  #lastTicket = 0;
  #isClosed = false;

  /** @param opened what openRuns made of the journal; `start` goes on with it */
  constructor(ports: RunRunnerPorts, opened: RunsState) {
    this.#ports = ports;
    this.#state = opened;
    this.#shown = opened;
    this.#disk = new RunDisk(ports);
    this.#timer = new BootTimeTimer(ports.clock, lookIntervalMs, () => this.input({ type: 'tick' }));
  }

  get state(): RunsState {
    return this.#shown;
  }

  /** Also while the effects of its last change are being carried out. */
  runOf(runId: RunId): RunState | undefined {
    return this.#state.runs.get(runId) ?? this.#shown.runs.get(runId);
  }

  /** Goes on with whatever was going on. */
  start(): void {
    this.input({ type: 'resume' });
  }

  /** @throws HecateError: refused by the take-over table, an intent, the disk */
  request(
    request: RunRequest,
    { isIntentOverridden, intentAgeMaxMs }: { isIntentOverridden: boolean; intentAgeMaxMs: number },
  ): Promise<AcceptedRun> {
    return this.#withTicket((ticket) =>
      this.input({ type: 'request', ticket, request, isIntentOverridden, intentAgeMaxMs }),
    );
  }

  /** The message of its refusal as things are, or an empty text. Asks the machine, and changes nothing. */
  wouldRefuse(request: RunRequest, options: { isIntentOverridden: boolean; intentAgeMaxMs: number }): string {
    const { effects } = runsStep(
      this.#state,
      { type: 'request', ticket: 0, request, ...options },
      this.#at(),
    );
    const refused = effects.find((effect) => effect.type === 'refuse');
    return refused ? refused.refusal.message : '';
  }

  #at(): RunsInstant {
    const { clock } = this.#ports;
    return { nowMs: clock.bootTimeMs(), wallMs: Math.round(clock.wallMs()) };
  }

  /** Resolves when the request to abort is durable. @throws HecateError HEC_NO_RETURN and others */
  async abort(runId: RunId, by: string, reason: string): Promise<void> {
    await this.#withTicket((ticket) => this.input({ type: 'abort', ticket, runId, by, reason }));
  }

  /** Resolves when what follows from it is carried out: until then nothing is to be sent to the node. */
  async orderCarriedOut(runId: RunId, node: NodeName): Promise<void> {
    this.input({ type: 'order-carried-out', runId, node });
    await this.#settled();
  }

  /** Resolves when what follows from it, and from all before it, is carried out. */
  async nodeOnline(node: NodeName): Promise<void> {
    this.input({ type: 'node-online', node });
    await this.#settled();
  }

  async #settled(): Promise<void> {
    while (this.#working) await this.#working;
  }

  /** Only makes gates look sooner: what is too much is left out. */
  noticed(node: NodeName, unit: string | undefined): void {
    if (this.#inputs.length < inputsForNoticesMax) this.input({ type: 'noticed', node, unit });
  }

  input(input: RunsInput): void {
    if (this.#isClosed) return;
    this.#inputs.push(input);
    this.#goOn();
  }

  #goOn(): void {
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
      // What came between its last look and this.
      if (this.#inputs.length > 0 && !this.#isClosed) this.#goOn();
    });
  }

  /** What is going on goes on after the next start. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer.stop();
    await this.#working;
    const error = new HecateError('HEC_SHUTTING_DOWN', 'the manager is shutting down');
    for (const ticket of this.#tickets.values()) ticket.refuse(error);
    this.#tickets.clear();
  }

  #withTicket(send: (ticket: number) => void): Promise<AcceptedRun> {
    if (this.#isClosed) throw new HecateError('HEC_SHUTTING_DOWN', 'the manager is shutting down');
    this.#lastTicket += 1;
    const number = this.#lastTicket;
    return new Promise((resolve, reject) => {
      this.#tickets.set(number, { accept: resolve, refuse: reject });
      send(number);
    });
  }

  #takeTicket(number: number | undefined): Ticket | undefined {
    if (number === undefined) return undefined;
    const ticket = this.#tickets.get(number);
    this.#tickets.delete(number);
    return ticket;
  }

  async #work(): Promise<void> {
    while (this.#inputs.length > 0) {
      const effects = mergeCommits(this.#takeSteps());
      this.#unsent.review(this.#state);
      await this.#performAll(effects);
      this.#show();
      await this.#disk.retryWhenDue();
      if (this.#isClosed) return;
    }
    if (!this.#isClosed) this.#timer.arm(Math.min(nextRunsTickMs(this.#state), this.#disk.retryAtMs));
  }

  /** Of the next input; of all that wait, as far as they only tell of operations: none of them asks for anything. */
  #takeSteps(): RunsEffect[] {
    const effects: RunsEffect[] = [];
    do {
      const input = this.#inputs.shift();
      if (!input) break;
      const step = runsStep(this.#state, input, this.#at());
      this.#state = step.state;
      effects.push(...step.effects);
      if (!isOfOperation(input)) break;
    } while (isOfOperation(this.#inputs[0]));
    return effects;
  }

  #show(): void {
    const before = this.#shown;
    this.#shown = this.#state;
    this.#handedOver.clear();
    for (const answer of this.#answers.splice(0)) answer();
    if (before.runs === this.#shown.runs) return;
    for (const runId of new Set([...before.runs.keys(), ...this.#shown.runs.keys()]))
      if (before.runs.get(runId) !== this.#shown.runs.get(runId)) this.#ports.onChange(runId);
  }

  async #performAll(effects: readonly RunsEffect[]): Promise<void> {
    for (const effect of effects) {
      if (effect.type === 'commit') await this.#commit(effect);
      else if (effect.type === 'ended') await this.#end(effect.run);
      else this.#perform(effect);
    }
  }

  async #commit(effect: Of<'commit'>): Promise<void> {
    const { runId, ticket, onFailure } = effect;
    const trouble = await this.#disk.write(effect);
    if (trouble && onFailure === 'halt') {
      this.#inputs.unshift({ type: 'commit-failed', runId, ticket, message: trouble.message });
      return;
    }
    await this.#performAll(effect.then);
  }

  async #end(run: RunState): Promise<void> {
    try {
      await this.#ports.onEnded(run);
      this.#handedOver.add(run.request.runId);
      await this.#compact(run.request.runId);
    } catch (error) {
      // It stays in the journal: the next start hands it over once more.
      this.#ports.onTrouble(asHecateError(error, 'HEC_STATE'));
    }
  }

  async #compact(ended: RunId): Promise<void> {
    if (this.#disk.isIntentOwed) return;
    const kept = new Set(this.#state.runs.keys());
    // One that ends in the same breath: its end is still to be written, and nothing else remembers it.
    for (const runId of this.#shown.runs.keys()) if (!this.#handedOver.has(runId)) kept.add(runId);
    // Its orders are not all withdrawn yet: its records are what remembers that.
    if (kept.has(ended) && kept.size === 1) return;
    await this.#ports.journal.keepOnly(kept);
  }

  #perform(effect: Exclude<RunsEffect, { type: 'commit' | 'ended' }>): void {
    switch (effect.type) {
      case 'apply':
        this.#apply(effect);
        return;
      case 'recall':
        this.#recall(effect.opId);
        return;
      case 'observe':
        this.#observe(effect);
        return;
      case 'run-hook':
        this.#runHook(effect);
        return;
      case 'wake':
        this.#ports.wake(effect.targets);
        return;
      case 'arm':
        this.#ports.arm(effect.runId, effect.order);
        return;
      case 'withdraw':
        this.#withdraw(effect);
        return;
      case 'event':
        this.#ports.onEvent(effect.runId, effect.event);
        return;
      default:
        this.#answer(effect);
    }
  }

  #answer(effect: Of<'answer-request' | 'answer-abort' | 'refuse'>): void {
    const ticket = this.#takeTicket(effect.ticket);
    if (!ticket) return;
    this.#answers.push(() => {
      if (effect.type === 'refuse') ticket.refuse(errorOf(effect.refusal));
      else if (effect.type === 'answer-request') ticket.accept(effect);
      else ticket.accept({ runId: effect.runId, isJoined: false, preempted: [] });
    });
  }

  #withdraw({ runId, node }: Of<'withdraw'>): void {
    void this.#ports.withdraw(runId, node).then(() => this.input({ type: 'withdrawn', runId, node }));
  }

  #apply({ runId, opId, operation, timeLimitMs }: Of<'apply'>): void {
    const run = this.runOf(runId);
    if (!run) return;
    const { request } = run;
    const applied: AppliedOperation = {
      opId,
      operation,
      timeLimitMs,
      requestedBy: `run ${runId} (${request.requestedBy})`,
      requestedFrom: request.requestedFrom,
      reason: request.reason,
      isSentUnrecorded: request.plan.kind === 'shutdown',
      signal: this.#unsent.hand(opId, run),
    };
    void this.#ready(run, operation, timeLimitMs)
      .then(async ({ leftMs, hear }) => {
        const end = await this.#ports.operations.apply({ ...applied, timeLimitMs: leftMs }, () =>
          this.input({ type: 'operation-accepted', opId }),
        );
        hear?.(end);
        return end;
      })
      .then((end) => {
        this.#unsent.ended(opId);
        this.input({ type: 'operation-ended', opId, end });
      });
  }

  /** @returns what is left of the time limit, and who hears of the end */
  async #ready(
    run: RunState,
    { verb, node }: PlannedOperation,
    timeLimitMs: number,
  ): Promise<{ readonly leftMs: number; readonly hear?: PowerOffHearer | undefined }> {
    const { beforePowerOff, clock } = this.#ports;
    if (verb !== 'poweroff' || beforePowerOff === undefined) return { leftMs: timeLimitMs };
    const beganMs = clock.nowMs();
    // Whatever goes wrong with it, the host is powered off.
    const hear = await beforePowerOff(run, node, timeLimitMs).catch(() => undefined);
    return { leftMs: Math.max(1, timeLimitMs - (clock.nowMs() - beganMs)), hear };
  }

  #recall(opId: OpId): void {
    void this.#ports.operations
      .recall(opId, () => this.input({ type: 'operation-accepted', opId }))
      .then((end) => {
        this.input(end ? { type: 'operation-ended', opId, end } : { type: 'operation-unknown', opId });
      });
  }

  #observe({ runId, round, leaves, timeLimitMs }: Of<'observe'>): void {
    void this.#ports
      .observe(leaves, timeLimitMs)
      .then((observations) => this.input({ type: 'observed', runId, round, observations }));
  }

  #runHook({ runId, stepId, method, argv, timeLimitMs }: Of<'run-hook'>): void {
    const run = this.runOf(runId);
    if (!run) return;
    void this.#ports
      .runHook(run, argv, timeLimitMs)
      .then((end) => this.input({ type: 'hook-ended', runId, stepId, method, ...end }));
  }
}

const isOfOperation = (input: RunsInput | undefined): boolean =>
  input?.type === 'operation-ended' || input?.type === 'operation-accepted';

const errorOf = ({ code, message, remedy }: RunRefusal): HecateError =>
  new HecateError(code, message, remedy);
