/**
 * One simulated manager: the production machine of runs with its journal, intent, gates, hooks and orders around it,
 * in the order in which manager/src/runs/run-runner.ts carries effects out.
 */
import type { NodeName, OpId } from '@hecate/proto/core/names.ts';
import { makeOpId } from '@hecate/proto/core/names.ts';
import { createArmedOperation, createArmShutdown, createVerbOptions } from '@hecate/proto/generated/wire.ts';
import type { Leaf, Observation, Observations } from '../../manager/src/core/plan/gate.ts';
import { leafKey } from '../../manager/src/core/plan/gate-verdict.ts';
import type { Intent, RunId, RunRequest, RunState } from '../../manager/src/core/runs/run.ts';
import type { RunRecord } from '../../manager/src/core/runs/run-record.ts';
import { nextRunsTickMs, openRuns, runsStep } from '../../manager/src/core/runs/runs.ts';
import type {
  DeadManOrder,
  RunsEffect,
  RunsInput,
  RunsState,
} from '../../manager/src/core/runs/runs-state.ts';
import { mergeCommits } from '../../manager/src/runs/merge-commits.ts';
import type { Cancel } from './operations-time.ts';
import { RecordLog, SimulatedDisk, SmallFile } from './runs-disk.ts';
import type { SimulatedHost } from './runs-host.ts';
import type { SimulatedSession, ToManager } from './runs-link.ts';
import { ManagerCalls } from './runs-manager-calls.ts';
import { ManagerOperations, type OperationJournalRecord } from './runs-manager-operations.ts';
import { ManagerRequests } from './runs-manager-requests.ts';
import { SimulatedProcess } from './runs-process.ts';
import type { SimulationWorld } from './runs-world.ts';

type Of<Type extends RunsEffect['type']> = Extract<RunsEffect, { type: Type }>;
type Commit = readonly RunRecord[];

export const intentAgeMaxMs = 30 * 60_000;
const orderAnswerMs = 5000;
const withdrawAgainMs = 5000;
const withdrawalsMax = 5;
const clockMarginMs = 1000;
const probeMs = 3000;
const told: ReadonlySet<string> = new Set([
  'step-begun',
  'method-failed',
  'degraded',
  'run-resumed',
  'run-ended',
]);

/** The state directory. */
export class ManagerDisk {
  readonly disk: SimulatedDisk;
  readonly operations: RecordLog<OperationJournalRecord>;
  readonly runs: RecordLog<Commit>;
  readonly intent: SmallFile<Intent>;
  readonly history = new Set<RunId>();
  epoch = 0;

  constructor(disk: SimulatedDisk) {
    this.disk = disk;
    this.operations = new RecordLog(disk);
    this.runs = new RecordLog(disk);
    this.intent = new SmallFile(disk);
  }

  crash(): void {
    this.operations.crash();
    this.runs.crash();
    this.intent.crash();
  }

  copy(): ManagerDisk {
    const copy = new ManagerDisk(new SimulatedDisk(this.disk.world));
    this.operations.copyTo(copy.operations);
    this.runs.copyTo(copy.runs);
    copy.intent.content = this.intent.content;
    copy.epoch = this.epoch;
    return copy;
  }
}

export class SimulatedManager {
  readonly number: number;
  readonly host: SimulatedHost;
  readonly files: ManagerDisk;
  readonly process: SimulatedProcess;
  readonly calls: ManagerCalls;
  epoch = 0;
  state: RunsState | undefined;
  /** Something is decided, and nothing follows from it yet. */
  isCommitting = false;
  #operations: ManagerOperations | undefined;
  #requests: ManagerRequests | undefined;
  #inputs: RunsInput[] = [];
  #isWorking = false;
  #timer: Cancel = () => undefined;
  #commits: Commit[] = [];
  #unwritten: Commit[] = [];
  readonly #world: SimulationWorld;

  constructor(number: number, host: SimulatedHost, files: ManagerDisk, world: SimulationWorld) {
    this.number = number;
    this.host = host;
    this.files = files;
    this.#world = world;
    this.process = new SimulatedProcess(world.time);
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
    const runs = [...(this.state?.runs.values() ?? [])].map(
      (run) => `${run.request.plan.name} ${run.outcome ?? 'active'} armed ${run.armed.join(',')}`,
    );
    const operations = [...(this.#operations?.state.records.values() ?? [])].map(
      ({ request, phase }) => `${request.node} ${request.verb} ${phase}`,
    );
    return [...runs, ...operations, `calls ${this.calls.count}`].join('; ');
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
    this.#unwritten = [];
    this.#requests = new ManagerRequests({
      process,
      calls: this.calls,
      nodes: new Set(this.#world.nodeNames),
      nowMs: () => host.clockMs(),
      wallMs: () => this.#world.wallMs(),
      isWanted: (opId) => this.#isWanted(opId),
      onSuccessor: (opId, successor) => this.#world.checkers.onSuccessor(opId, successor),
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
    this.#commits = files.runs.open();
    const open = this.#world.mutation.openRuns?.(openRuns) ?? openRuns;
    const records = this.#commits.flat();
    this.state = open({ records, intent: files.intent.content, bootId: host.bootId });
    this.#world.log(`manager ${this.number} starts, epoch ${this.epoch}, ${this.state.runs.size} runs`);
    this.#world.checkers.onManagerStarted(this, records);
    this.input({ type: 'resume' });
  }

  kill(): void {
    if (!this.isUp) return;
    this.#world.log(`manager ${this.number} ends`);
    this.#world.checkers.onManagerEnds(this);
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

  connected(node: NodeName, session: SimulatedSession, clockMs: number): void {
    this.process.run(() => {
      if (!session.isOpenAtAgent && !session.isOpenAtManager) return;
      this.calls.connected(node, session, clockMs);
      this.#world.log(`${node} is online at manager ${this.number}`);
      const wallMs = Math.max(this.#world.wallMs(), this.#operations?.latestOperationMs ?? 0);
      session.toAgent.send({ type: 'welcome', epoch: this.epoch, wallMs });
      this.#requests?.onChanged(node);
      this.input({ type: 'noticed', node, unit: undefined });
      this.#operations?.nodeOnline(node);
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

  request(request: RunRequest, isIntentOverridden: boolean): void {
    this.process.run(() =>
      this.input({ type: 'request', ticket: 1, request, isIntentOverridden, intentAgeMaxMs }),
    );
  }

  abort(runId: RunId): void {
    this.process.run(() =>
      this.input({ type: 'abort', ticket: 2, runId, by: 'an operator', reason: 'the simulation' }),
    );
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
      this.#perform(effect);
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
    this.#writeRecords(records, isKept, (areWritten) => {
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

  /** As manager/src/runs/run-journal.ts: what counts although the disk refused it is written ahead of the next. */
  #writeRecords(records: Commit, isKept: boolean, done: (isWritten: boolean) => void): void {
    const isEmpty = records.length === 0;
    const waiting = isEmpty ? this.#unwritten : [...this.#unwritten, records];
    if (!isEmpty) this.#commits.push(records);
    this.files.runs.append(waiting, (isDurable) =>
      this.process.run(() => {
        this.#unwritten = isDurable ? [] : waiting;
        if (!isDurable && !isKept) {
          this.#unwritten = this.#unwritten.filter((commit) => commit !== records);
          this.#commits = this.#commits.filter((commit) => commit !== records);
        }
        done(isDurable);
      }),
    );
  }

  #ended(run: RunState, done: () => void): void {
    const { runId } = run.request;
    this.#world.checkers.onEnded(this, run);
    this.process.later(this.files.disk.latencyMs(), () => {
      if (this.files.disk.isFull) {
        done();
        return;
      }
      this.files.history.add(runId);
      const kept = new Set(this.state?.runs.keys());
      if (kept.has(runId) && kept.size === 1) {
        done();
        return;
      }
      this.#keepOnly(kept, done);
    });
  }

  #keepOnly(runIds: ReadonlySet<RunId>, done: () => void): void {
    const kept = this.#commits
      .map((commit) => commit.filter(({ runId }) => runIds.has(runId)))
      .filter((commit) => commit.length > 0);
    this.files.runs.rewrite(kept, (isWritten) =>
      this.process.run(() => {
        if (isWritten) {
          this.#commits = kept;
          this.#unwritten = [];
        }
        done();
      }),
    );
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
        for (const { node } of effect.targets) this.#world.wake(node);
        return;
      case 'arm':
        this.#armOrder(effect.runId, effect.order);
        return;
      case 'withdraw':
        this.#withdraw(effect, 1);
        return;
      case 'event':
        if (told.has(effect.event.type))
          this.#world.log(`run ${effect.runId.slice(-4)} ${JSON.stringify(effect.event)}`);
        return;
      case 'refuse':
        this.#world.log(`refused: ${effect.refusal.code}`);
        this.#world.checkers.onRefused(effect.refusal);
        return;
      case 'answer-request':
        this.#world.log(`accepted run ${effect.runId.slice(-4)} joined ${effect.isJoined}`);
        this.#world.checkers.onAccepted(this, effect);
        return;
      case 'answer-abort':
        return;
    }
  }

  #apply({ runId, opId, operation, timeLimitMs }: Of<'apply'>): void {
    const run = this.state?.runs.get(runId);
    if (!run) return;
    this.#world.checkers.onApply(this, runId, opId);
    const applied = {
      opId,
      operation,
      timeLimitMs,
      requestedBy: `run ${runId}`,
      isSentUnrecorded: run.request.plan.kind === 'shutdown',
    };
    this.#requests?.apply(
      applied,
      () => this.input({ type: 'operation-accepted', opId }),
      (end) => this.input({ type: 'operation-ended', opId, end }),
    );
  }

  #recall(opId: OpId): void {
    this.#requests?.recall(
      opId,
      () => this.input({ type: 'operation-accepted', opId }),
      (end) => this.input(end ? { type: 'operation-ended', opId, end } : { type: 'operation-unknown', opId }),
    );
  }

  #runHook({ runId, stepId, method, argv, timeLimitMs }: Of<'run-hook'>): void {
    this.#world.checkers.onHook(this, runId, stepId, method);
    const { takesMs, exitStatus } = this.#world.hookEnd(argv);
    const isOver = takesMs < timeLimitMs;
    this.process.later(isOver ? takesMs : timeLimitMs, () => {
      const end = { exitStatus: isOver ? exitStatus : undefined, message: '' };
      this.input({ type: 'hook-ended', runId, stepId, method, ...end });
    });
  }

  // ── Gates, as manager/src/io/gate-probes.ts looks ──

  #observe({ runId, round, leaves, timeLimitMs }: Of<'observe'>): void {
    const observations: Record<string, Observation> = {};
    let missing = leaves.length;
    let isOver = false;
    const answer = () => {
      if (isOver) return;
      isOver = true;
      stopTimer();
      this.input({ type: 'observed', runId, round, observations: observations as Observations });
    };
    const stopTimer = this.process.later(timeLimitMs, () => {
      for (const leaf of leaves)
        observations[leafKey(leaf)] ??= { verdict: 'unknown', detail: 'nothing was seen in time' };
      answer();
    });
    if (leaves.length === 0) this.process.later(0, answer);
    for (const leaf of leaves) {
      this.#look(leaf, timeLimitMs, (observation) => {
        observations[leafKey(leaf)] = this.#world.mutation.observation?.(leaf, observation) ?? observation;
        missing -= 1;
        if (missing === 0) answer();
      });
    }
  }

  #look(leaf: Leaf, timeLimitMs: number, seen: (observation: Observation) => void): void {
    const saw = (verdict: Observation['verdict'], detail: string, afterMs = 0) =>
      this.process.later(afterMs, () => seen({ verdict, detail }));
    switch (leaf.type) {
      case 'unit': {
        const units = this.calls.connections.get(leaf.node)?.units;
        if (!units) return void saw('unknown', `${leaf.node}: units are not known`);
        const state = units.get(leaf.unit) ?? 'inactive';
        return void saw(leaf.states.includes(state) ? 'holds' : 'fails', `${leaf.unit} is ${state}`);
      }
      case 'node': {
        const isOnline = this.calls.connections.has(leaf.node);
        if (leaf.state === 'online')
          return void saw(isOnline ? 'holds' : 'fails', isOnline ? 'online' : 'offline');
        if (isOnline) return void saw('fails', 'online');
        if (leaf.state === 'offline') return void saw('holds', 'offline');
        this.#probe(leaf.node, Math.min(timeLimitMs, probeMs), saw);
        return;
      }
      case 'exec': {
        const random = Uint8Array.from({ length: 10 }, () => Math.floor(this.#world.random() * 256));
        const opId = makeOpId(this.#world.wallMs(), random);
        const options = createVerbOptions({ argv: [...leaf.argv] });
        const operation = { node: leaf.node, verb: 'exec' as const, unit: '', options };
        const applied = { opId, operation, timeLimitMs, requestedBy: 'gate', isSentUnrecorded: true };
        this.#requests?.execute(applied, ({ execResult, status }) => {
          if (!execResult) seen({ verdict: 'unknown', detail: status });
          else {
            const isSo = execResult.exitStatus === leaf.exitStatus && status !== 'timeout';
            seen({ verdict: isSo ? 'holds' : 'fails', detail: `ended with ${execResult.exitStatus}` });
          }
        });
        return;
      }
      default:
        return void saw(this.#world.random() < 0.9 ? 'holds' : 'fails', 'as the simulation says');
    }
  }

  /** A host that is up answers or refuses; one that is off, or behind a dead cable, is silent. */
  #probe(
    node: NodeName,
    timeLimitMs: number,
    saw: (verdict: Observation['verdict'], detail: string, afterMs?: number) => void,
  ): void {
    const reach = this.#world.reach(node);
    if (reach === 'not-tried') saw('unknown', 'no route', 1);
    else if (reach === 'answers') saw('fails', 'the host is up', this.#world.random() * 20);
    else saw('holds', 'nobody answers', timeLimitMs - 1);
  }

  // ── Dead man's orders, as manager/src/runs/dead-man-link.ts gives them ──

  #armOrder(runId: RunId, { node, beginAtMs, operations, reason }: DeadManOrder): void {
    const connection = this.calls.connections.get(node);
    if (!connection) return;
    const nowMs = this.host.clockMs();
    const clockMs = connection.clockMs + (nowMs - connection.atMs) + 300;
    const order = createArmShutdown({
      runId,
      epoch: this.epoch,
      beginAtClockMs: Math.ceil(clockMs + clockMarginMs + Math.max(0, beginAtMs - nowMs)),
      operations: operations.map(({ verb, unit, options, timeoutMs }) =>
        createArmedOperation({ verb, unit, options, timeLimitMs: timeoutMs }),
      ),
      reason,
    });
    this.#world.checkers.onArm(this, runId, node, beginAtMs - nowMs);
    this.calls.call(connection.session, { type: 'arm', order }, orderAnswerMs, () => undefined);
  }

  #withdraw({ runId, node }: Of<'withdraw'>, count: number): void {
    const again = () => {
      if (count < withdrawalsMax)
        this.process.later(withdrawAgainMs, () =>
          this.#withdraw({ type: 'withdraw', runId, node }, count + 1),
        );
    };
    const session = this.calls.sessionOf(node);
    if (!session) return;
    this.calls.call(session, { type: 'disarm', runId, epoch: this.epoch }, orderAnswerMs, (end) => {
      if (end.type === 'done') {
        this.#world.checkers.onWithdrawn(runId, node);
        this.input({ type: 'withdrawn', runId, node });
      } else if (end.type === 'no-answer') again();
      else if (end.type === 'failure' && (end.code === 'HEC_STATE' || end.code === 'HEC_BUSY')) again();
    });
  }
}

const isOfOperation = (input: RunsInput | undefined): boolean =>
  input?.type === 'operation-ended' || input?.type === 'operation-accepted';
