/**
 * One simulated manager: the production machine of runs with its journal, intent, gates, hooks and orders around it,
 * in the order in which manager/src/runs/run-runner.ts carries effects out.
 */
import type { NodeName, OpId } from '@hecate/proto/core/names.ts';
import type { RunId, RunRequest, RunState } from '../../manager/src/core/runs/run.ts';
import { nextRunsTickMs, openRuns, runsStep } from '../../manager/src/core/runs/runs.ts';
import type { RunsEffect, RunsInput, RunsState } from '../../manager/src/core/runs/runs-state.ts';
import { mergeCommits } from '../../manager/src/runs/merge-commits.ts';
import type { Cancel } from './operations-time.ts';
import type { SimulatedHost } from './runs-host.ts';
import type { SimulatedSession, ToManager } from './runs-link.ts';
import { ManagerCalls } from './runs-manager-calls.ts';
import { historyEntry, type ManagerDisk, unfinishedWork } from './runs-manager-disk.ts';
import { ManagerEffects } from './runs-manager-effects.ts';
import { ManagerJournal } from './runs-manager-journal.ts';
import { ManagerOperations } from './runs-manager-operations.ts';
import { ManagerRequests } from './runs-manager-requests.ts';
import { type ManagerAnswer, ManagerTickets } from './runs-manager-tickets.ts';
import { SimulatedProcess } from './runs-process.ts';
import type { SimulationWorld } from './runs-world.ts';

type Of<Type extends RunsEffect['type']> = Extract<RunsEffect, { type: Type }>;

export const intentAgeMaxMs = 30 * 60_000;
export class SimulatedManager {
  readonly number: number;
  readonly host: SimulatedHost;
  readonly files: ManagerDisk;
  readonly process: SimulatedProcess;
  readonly calls: ManagerCalls;
  readonly tickets = new ManagerTickets();
  epoch = 0;
  state: RunsState | undefined;
  /** As of the last input whose effects are carried out: what is not durable yet is shown to nobody. */
  shown: RunsState | undefined;
  /** Something is decided, and nothing follows from it yet. */
  isCommitting = false;
  #operations: ManagerOperations | undefined;
  #requests: ManagerRequests | undefined;
  #inputs: RunsInput[] = [];
  #isWorking = false;
  #timer: Cancel = () => undefined;
  readonly #journal: ManagerJournal;
  readonly #effects: ManagerEffects;
  readonly #world: SimulationWorld;

  constructor(number: number, host: SimulatedHost, files: ManagerDisk, world: SimulationWorld) {
    this.number = number;
    this.host = host;
    this.files = files;
    this.#world = world;
    this.process = new SimulatedProcess(world.time);
    this.#journal = new ManagerJournal(files.runs, this.process);
    this.calls = new ManagerCalls({
      process: this.process,
      nowMs: () => host.clockMs(),
      onReport: (node, session, outcomes) => this.#operations?.reported(node, session, outcomes),
      onNotice: (node, unit) => this.input({ type: 'noticed', node, unit }),
      onReady: (node) => this.#requests?.onReady(node),
      onOffline: (node) => {
        world.log(`${node} is offline at manager ${number}`);
        this.#requests?.onChanged(node);
        this.input({ type: 'noticed', node, unit: undefined });
      },
    });
    this.#effects = new ManagerEffects({
      manager: this,
      world,
      process: this.process,
      calls: this.calls,
      tickets: this.tickets,
      requests: () => this.#requests,
      input: (input) => this.input(input),
    });
  }

  get isUp(): boolean {
    return this.process.isUp;
  }

  /** No run is held, nobody waits, no timer is set (I14). */
  get isAtRest(): boolean {
    return (
      !this.#isWorking &&
      this.state?.runs.size === 0 &&
      nextRunsTickMs(this.state) === Number.POSITIVE_INFINITY &&
      this.#operations?.isAtRest === true &&
      this.calls.count === 0
    );
  }

  get unfinished(): string {
    return unfinishedWork(this.state, this.#operations?.state, this.calls.count);
  }

  start(): void {
    if (this.isUp || !this.host.isOn) return;
    const { host, files, process } = this;
    process.begin();
    if (!this.#world.mutation.managerEpochStays || files.epoch === 0) files.epoch += 1;
    this.epoch = files.epoch;
    this.#inputs = [];
    this.#isWorking = false;
    this.isCommitting = false;
    this.#requests = new ManagerRequests({
      process,
      calls: this.calls,
      nodes: new Set(this.#world.nodeNames),
      nowMs: () => host.clockMs(),
      wallMs: () => this.#world.wallMs(),
      isWanted: (opId) => this.#isWanted(opId),
      onSuccessor: (opId, successor) => this.#world.checkers.operations.onSuccessor(opId, successor),
    });
    const requests = this.#requests;
    this.#operations = new ManagerOperations({
      world: this.#world,
      process,
      calls: this.calls,
      log: files.operations,
      epoch: this.epoch,
      nowMs: () => host.clockMs(),
      onOutcome: (opId, outcome) => requests.onOutcome(opId, outcome),
      onRunning: (opId) => requests.onRunning(opId),
    });
    requests.operations = this.#operations;
    const open = this.#world.mutation.openRuns?.(openRuns) ?? openRuns;
    const records = this.#journal.open();
    this.state = open({ records, intent: files.intent.content, bootId: host.bootId });
    this.shown = this.state;
    this.#world.log(`manager ${this.number} starts, epoch ${this.epoch}, ${this.state.runs.size} runs`);
    this.#world.checkers.onManagerStarted(this, records);
    this.input({ type: 'resume' });
    this.#world.power?.managerStarted(this);
  }

  kill(): void {
    if (!this.isUp) return;
    this.#world.log(`manager ${this.number} ends`);
    this.#world.checkers.onManagerEnds(this);
    this.#world.power?.managerEnds(this);
    this.tickets.clear();
    this.process.end();
    this.calls.clear();
    this.files.crash();
    this.state = undefined;
    this.#operations = undefined;
    this.#requests = undefined;
    this.#timer();
    this.#timer = () => undefined;
  }

  #isWanted(opId: OpId): boolean {
    if (this.#world.mutation.resendsUnwanted) return true;
    for (const run of this.state?.runs.values() ?? []) {
      if (run.outcome !== undefined) continue;
      if (run.running?.operations.some((each) => each.opId === opId && each.phase !== 'ended')) return true;
    }
    return false;
  }

  // ── Sessions ──

  connected(node: NodeName, session: SimulatedSession, clockMs: number, carriedOutRunId: string): void {
    this.process.run(() => {
      if (!session.isOpenAtAgent && !session.isOpenAtManager) return;
      this.calls.connected(node, session, clockMs);
      this.#world.log(`${node} is online at manager ${this.number}`);
      const wallMs = Math.max(this.#world.wallMs(), this.#operations?.latestOperationMs ?? 0);
      session.toAgent.send({ type: 'welcome', epoch: this.epoch, wallMs });
      this.#requests?.onChanged(node);
      this.input({ type: 'noticed', node, unit: undefined });
      this.#operations?.nodeOnline(node);
      if (carriedOutRunId) this.input({ type: 'order-carried-out', runId: carriedOutRunId as RunId, node });
      this.input({ type: 'node-online', node });
    });
  }

  receive(node: NodeName, session: SimulatedSession, frame: ToManager): void {
    this.process.run(() => this.calls.receive(node, session, frame));
  }

  endSession(node: NodeName, session: SimulatedSession): void {
    this.process.run(() => {
      if (!session.isOpenAtManager) return;
      this.calls.endSession(node, session);
      this.#world.sessionEndedAtManager(node, session);
    });
  }

  // ── Requests ──

  request(
    request: RunRequest,
    isIntentOverridden: boolean,
    onAnswer: (answer: ManagerAnswer) => void = () => undefined,
  ): void {
    this.process.run(() => {
      const ticket = this.tickets.open(onAnswer);
      this.input({ type: 'request', ticket, request, isIntentOverridden, intentAgeMaxMs });
    });
  }

  abort(
    runId: RunId,
    by = 'an operator',
    reason = 'the simulation',
    onAnswer: (answer: ManagerAnswer) => void = () => undefined,
  ): void {
    this.process.run(() => {
      const ticket = this.tickets.open(onAnswer);
      this.input({ type: 'abort', ticket, runId, by, reason });
    });
  }

  // ── The machine of runs ──

  input(input: RunsInput): void {
    this.#inputs.push(input);
    if (!this.#isWorking) this.#work();
  }

  #work(): void {
    if (this.#inputs.length === 0 || !this.state) {
      this.#isWorking = false;
      this.#arm();
      return;
    }
    this.#isWorking = true;
    const effects = mergeCommits(this.#takeSteps(this.state));
    this.#requests?.giveUpUnwanted();
    this.#performAll(effects, 0, () => {
      this.#world.checkers.onRunsSettled(this);
      this.shown = this.state;
      this.tickets.show();
      this.#world.power?.runsSettled(this);
      this.#work();
    });
  }

  /** Of the next input; of all that wait, as far as they only tell of operations. */
  #takeSteps(from: RunsState): RunsEffect[] {
    const step = this.#world.mutation.runsStep?.(runsStep) ?? runsStep;
    const all: RunsEffect[] = [];
    let before = from;
    do {
      const input = this.#inputs.shift();
      if (!input) break;
      const at = { nowMs: this.host.clockMs(), wallMs: this.#world.wallMs() };
      const { state, effects } = step(before, input, at);
      this.#world.checkers.onRunsStep(this, input, before, state);
      this.state = state;
      before = state;
      all.push(...effects);
      if (!isOfOperation(input)) break;
    } while (isOfOperation(this.#inputs[0]));
    return all;
  }

  #arm(): void {
    this.#timer();
    this.#timer = () => undefined;
    if (!this.state) return;
    const atMs = nextRunsTickMs(this.state);
    if (atMs === Number.POSITIVE_INFINITY) return;
    const delayMs = Math.min(60_000, Math.max(1, Math.ceil(atMs - this.host.clockMs())));
    this.#timer = this.process.later(delayMs, () => this.input({ type: 'tick' }));
  }

  #performAll(effects: readonly RunsEffect[], from: number, done: () => void): void {
    for (let index = from; index < effects.length; index += 1) {
      const effect = effects[index];
      if (!effect) continue;
      const next = () => this.#performAll(effects, index + 1, done);
      if (effect.type === 'commit') {
        this.#commit(effect, next);
        return;
      }
      if (effect.type === 'ended') {
        this.#ended(effect.run, next);
        return;
      }
      this.#effects.perform(effect);
    }
    done();
  }

  #commit(effect: Of<'commit'>, done: () => void): void {
    const { records, intent, onFailure, runId, ticket } = effect;
    const isKept = onFailure === 'proceed';
    this.#world.checkers.onCommitBegins(this, effect);
    this.isCommitting = true;
    const finish = (isWritten: boolean) => {
      this.isCommitting = false;
      if (!isWritten && !isKept) {
        this.#world.checkers.onCommitFailed(this, effect);
        this.#inputs.unshift({ type: 'commit-failed', runId, ticket, message: 'the disk is full' });
        done();
        return;
      }
      this.#world.checkers.onCommitted(this, effect);
      this.#performAll(effect.then, 0, done);
    };
    this.#journal.commit(records, isKept, (areWritten) => {
      if (intent === undefined || (!areWritten && !isKept)) {
        finish(areWritten);
        return;
      }
      if (intent === null && this.#world.mutation.keepsIntent) {
        finish(areWritten);
        return;
      }
      this.files.intent.put(intent ?? undefined, (isWritten) =>
        this.process.run(() => finish(areWritten && isWritten)),
      );
    });
  }

  #ended(run: RunState, done: () => void): void {
    const { runId } = run.request;
    this.#world.checkers.onEnded(this, run);
    this.#world.power?.runEnded(this, run);
    this.process.later(this.files.disk.latencyMs(), () => {
      if (this.files.disk.isFull) {
        done();
        return;
      }
      this.files.history.set(runId, historyEntry(run, this.host.clockMs()));
      const kept = new Set(this.state?.runs.keys());
      if (kept.has(runId) && kept.size === 1) {
        done();
        return;
      }
      this.#journal.keepOnly(kept, done);
    });
  }
}

const isOfOperation = (input: RunsInput | undefined): boolean =>
  input?.type === 'operation-ended' || input?.type === 'operation-accepted';
