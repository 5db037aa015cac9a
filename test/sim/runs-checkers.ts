/** What must hold in every run, whatever happens: each checker throws when it does not. */
import type { NodeName, OpId } from '@hecate/proto/core/names.ts';
import { stepLimitMs } from '../../manager/src/core/plan/bounds.ts';
import { judge } from '../../manager/src/core/plan/gate-verdict.ts';
import { type Action, rungs, type StepAddress } from '../../manager/src/core/plan/plan.ts';
import { acceptedRun, applyRecord } from '../../manager/src/core/runs/fold-records.ts';
import { isPastNoReturn } from '../../manager/src/core/runs/plan-walk.ts';
import type { RunId, RunState } from '../../manager/src/core/runs/run.ts';
import type { RunRecord } from '../../manager/src/core/runs/run-record.ts';
import type { RunRefusal, RunsEffect, RunsInput, RunsState } from '../../manager/src/core/runs/runs-state.ts';
import { OperationCheckers } from './runs-checker-operations.ts';
import { OrderCheckers } from './runs-checker-orders.ts';
import { intentAgeMaxMs, type SimulatedManager } from './runs-manager.ts';
import { seenButForRefused } from './runs-refused.ts';
import { wasTrue } from './runs-truth.ts';
import {
  actionOf,
  keyOf,
  namesOperation,
  openBefore,
  stepOf,
  type Watched,
  whyNotFolded,
} from './runs-watched.ts';
import type { SimulationWorld } from './runs-world.ts';

type Of<Type extends RunsEffect['type']> = Extract<RunsEffect, { type: Type }>;

const retriesMax = 200;

export class Checkers {
  readonly runs = new Map<RunId, Watched>();
  readonly operations: OperationCheckers;
  readonly orders: OrderCheckers;
  #highestEpoch = 0;
  readonly #world: SimulationWorld;

  constructor(world: SimulationWorld) {
    this.#world = world;
    this.operations = new OperationCheckers(world, (text) => this.fail(text));
    this.orders = new OrderCheckers(world, this.runs, (text) => this.fail(text));
  }

  fail(text: string): never {
    this.#world.log(`VIOLATED ${text}`);
    const failure = new Error(text);
    this.#world.failure ??= failure;
    throw failure;
  }

  // ── Runs ──

  /** Between the record of a decision and what follows from it. */
  onManagerEnds({ isCommitting }: SimulatedManager): void {
    if (isCommitting) this.#world.sometimes('crash between intent and apply');
  }

  /** I5, I7, I10: what is there after a start. */
  onManagerStarted(manager: SimulatedManager, records: readonly RunRecord[]): void {
    if (manager.epoch <= this.#highestEpoch)
      this.fail(`I6: a manager starts with epoch ${manager.epoch}, and ${this.#highestEpoch} has been`);
    this.#highestEpoch = manager.epoch;
    if (this.#isOld(manager)) return;
    const { state } = manager;
    if (!state) return;
    for (const run of this.runs.values()) {
      run.isAhead = false;
      const now = state.runs.get(run.runId);
      if (run.isEnded && now && now.outcome === undefined) {
        // Its end could not be written, and nobody remembers it.
        if (!this.#world.hasLostRecords())
          this.fail(`I7: run ${run.runId} was over, and goes on after a restart`);
        run.isEnded = false;
      }
      if (!run.isEnded && run.state.outcome === undefined && !now && this.#isAccepted(run))
        this.fail(`I10: run ${run.runId} is lost after a restart`);
      if (!now || run.isEnded) continue;
      const { deadlineAtMs } = run.state;
      const isLater =
        (now.deadlineAtMs ?? Number.POSITIVE_INFINITY) > (deadlineAtMs ?? Number.POSITIVE_INFINITY);
      if (isLater && !this.#world.hasLostRecords())
        this.fail(`I5: the deadline of ${run.runId} was ${deadlineAtMs}, and is ${now.deadlineAtMs}`);
    }
    this.#refold(records);
  }

  #isAccepted(run: Watched): boolean {
    return this.#accepted.has(run.runId);
  }

  readonly #accepted = new Set<RunId>();
  readonly #askedAtMs = new Map<RunId, number>();

  /** What a manager of the past does shows on the hosts, and nowhere else. */
  #isOld(manager: SimulatedManager): boolean {
    return manager !== this.#world.manager;
  }

  /** What was in the last commit at a crash may be durable, although nobody was told. */
  #refold(records: readonly RunRecord[]): void {
    const found = new Set<RunId>();
    for (const record of records) {
      const { runId } = record;
      if (record.type === 'run-accepted') {
        if (!this.runs.has(runId)) this.#accept(record);
        const run = this.runs.get(runId);
        if (run) run.state = acceptedRun(record);
        found.add(runId);
      }
      const run = found.has(runId) ? this.runs.get(runId) : undefined;
      if (!run || record.type === 'run-accepted') continue;
      if (record.type === 'method-begun')
        for (const { opId } of record.operations) this.operations.place(opId, run, record.address);
      if (record.type === 'operations-retried' && run.state.running)
        for (const { opId } of record.operations) this.operations.place(opId, run, run.state.running.address);
      run.state = applyRecord(run.state, record);
      if (record.type === 'step-ended') run.ends.set(keyOf(record.result.address), record.result);
      if (record.type === 'run-ended') run.isEnded = true;
    }
  }

  /** I7, I11, I12, I14: after every input. */
  onRunsStep(manager: SimulatedManager, input: RunsInput, before: RunsState, after: RunsState): void {
    if (this.#isOld(manager)) return;
    if (input.type === 'observed') this.#checkLook(input, before, after);
    if (after.runs.size > 128) this.fail(`I14: ${after.runs.size} runs are held`);
    const holders = new Map<NodeName, RunId>();
    for (const { request, outcome } of after.runs.values()) {
      if (outcome !== undefined) continue;
      for (const node of request.plan.nodes) {
        const other = holders.get(node);
        if (other) this.fail(`I11: ${node} is held by ${other} and by ${request.runId}`);
        holders.set(node, request.runId);
      }
    }
  }

  /** I12: a gate holds on what was seen, as often as it says. */
  #checkLook(
    { runId, observations }: Extract<RunsInput, { type: 'observed' }>,
    before: RunsState,
    after: RunsState,
  ): void {
    const watched = this.runs.get(runId);
    const run = before.runs.get(runId);
    if (!watched || !run?.running || run.outcome !== undefined) return;
    const action = actionOf(run.request.plan, run.running.address, run.running.method);
    if (action?.type !== 'gate' && action?.type !== 'wake') return;
    const key = `${keyOf(run.running.address)}/${run.running.method}/${run.running.methodBeganAtMs}`;
    if (watched.held.key !== key) watched.held = { key, count: 0 };
    const { verdict } = judge(action.gate.condition, seenButForRefused(run, action.gate, observations));
    watched.held.count = verdict === 'holds' ? watched.held.count + 1 : 0;
    const isOver = (after.runs.get(runId)?.results.length ?? 1e9) > run.results.length;
    if (isOver && watched.held.count < action.gate.consecutive)
      this.fail(`I12: "${action.gate.sentence}" held on ${verdict}, ${watched.held.count} in a row`);
  }

  onRunsSettled(manager: SimulatedManager): void {
    if (this.#isOld(manager)) return;
    const { state } = manager;
    if (!state) return;
    for (const run of state.runs.values()) {
      const watched = this.runs.get(run.request.runId);
      if (!watched || watched.isEnded || watched.isAhead) continue;
      const why = whyNotFolded(run, watched.state);
      if (why) this.fail(why);
    }
  }

  onCommitBegins(manager: SimulatedManager, { records }: Of<'commit'>): void {
    if (this.#isOld(manager)) return;
    for (const record of records) {
      if (record.type === 'run-accepted') {
        this.#checkAcceptance(manager, record);
        this.#askedAtMs.set(record.runId, this.#world.time.nowMs - (manager.host.clockMs() - record.atMs));
      }
      const run = this.runs.get(record.runId);
      if (run && record.type === 'rung-chosen')
        run.rungAtMs.set(record.rung, this.#world.time.nowMs - (manager.host.clockMs() - record.atMs));
    }
  }

  #checkAcceptance(
    manager: SimulatedManager,
    { request }: Extract<RunRecord, { type: 'run-accepted' }>,
  ): void {
    const { kind } = request.plan;
    const intent = manager.files.intent.content;
    if (kind !== 'startup' || !intent || this.#world.isOverridden(request.runId)) return;
    if (this.#world.wallMs() - intent.sinceWallMs < intentAgeMaxMs)
      this.fail(`a startup was accepted while the intent of ${intent.runId} was there`);
  }

  onCommitFailed(_manager: SimulatedManager, { runId }: Of<'commit'>): void {
    const run = this.runs.get(runId);
    if (run) run.isAhead = true;
    this.#world.sometimes('disk full');
  }

  /** Its effects follow: what it says is so. */
  onCommitted(manager: SimulatedManager, { records }: Of<'commit'>): void {
    if (this.#isOld(manager)) return;
    for (const record of records) {
      if (record.type === 'run-accepted') {
        this.#accept(record);
        const isShutdown = record.request.plan.kind === 'shutdown';
        if (isShutdown && !manager.files.intent.content && !this.#world.wasDiskFull())
          this.fail(`the shutdown ${record.runId} is accepted without its intent`);
      }
      const run = this.runs.get(record.runId);
      if (!run) continue;
      if (record.type !== 'run-accepted') this.#checkRecord(run, record);
      if (record.type !== 'run-accepted') run.state = applyRecord(run.state, record);
      if (record.type === 'run-ended') {
        run.isEnded = true;
        run.endedAtMs = this.#world.time.nowMs;
        run.endedBy = manager.number;
        this.#world.sometimes(`run ${record.outcome}`);
        this.#world.sometimes(`${run.plan.kind} ${record.outcome}`);
      }
    }
  }

  #accept(record: Extract<RunRecord, { type: 'run-accepted' }>): void {
    const { runId } = record;
    this.runs.set(runId, {
      runId,
      plan: record.request.plan,
      state: acceptedRun(record),
      acceptedAtMs: this.#askedAtMs.get(runId) ?? this.#world.time.nowMs,
      ends: new Map(),
      hooks: new Map(),
      isEnded: false,
      endedAtMs: 0,
      endedBy: 0,
      retries: 0,
      rungAtMs: new Map(),
      isAhead: false,
      held: { key: '', count: 0 },
    });
  }

  #checkRecord(run: Watched, record: Exclude<RunRecord, { type: 'run-accepted' }>): void {
    const { plan, state } = run;
    switch (record.type) {
      case 'method-begun': {
        for (const { opId } of record.operations) this.operations.place(opId, run, record.address);
        run.retries = 0;
        const step = stepOf(plan, record.address);
        const action = actionOf(plan, record.address, record.method);
        const limitMs = action?.type === 'wait' ? action.durationMs : stepLimitMs(step, state.rung);
        if (record.deadlineAtMs > record.atMs + limitMs + 1)
          this.fail(`I5: step ${step.id} is given more than its limit of ${limitMs} ms`);
        this.#checkNext(run, record.address);
        return;
      }
      case 'operations-retried':
        run.retries += 1;
        for (const { opId } of record.operations)
          if (state.running) this.operations.place(opId, run, state.running.address);
        if (run.retries > retriesMax || (state.running && record.atMs > state.running.deadlineAtMs + 1000))
          this.fail(`I14: ${run.retries} retries of a step of ${run.runId}`);
        return;
      case 'rung-chosen':
        this.#world.sometimes('rung chosen');
        this.#world.sometimes(`rung ${record.rung}`);
        if (rungs.indexOf(record.rung) <= rungs.indexOf(state.rung))
          this.fail(`I5: rung ${record.rung} after ${state.rung}`);
        return;
      case 'limit-tightened':
        if (state.deadlineAtMs !== undefined && record.deadlineAtMs > state.deadlineAtMs)
          this.fail(`I10: the deadline of ${run.runId} was loosened`);
        return;
      case 'resumed':
        if (record.bootId !== state.bootId) this.#world.sometimes('resumed on another boot');
        return;
      case 'operation-ended':
        this.#checkEnd(run, record);
        return;
      case 'step-ended':
        this.#checkStepEnd(run, record.result);
        run.ends.set(keyOf(record.result.address), record.result);
        return;
      case 'run-ended':
        this.#checkRunEnd(run, record);
        return;
      default:
        return;
    }
  }

  /** I1: in the order of the plan. */
  #checkNext(run: Watched, address: StepAddress): void {
    const open = openBefore(run, address);
    if (open !== undefined) this.fail(`I1: step ${keyOf(address)} begins before ${open} is over`);
  }

  /** An outcome is that of the operation, told by its agent. */
  #checkEnd(run: Watched, { opId, end }: Extract<RunRecord, { type: 'operation-ended' }>): void {
    const isOwn = end.message === 'this host has booted since';
    const isCarriedOut = end.message.startsWith('its agent has carried out its part');
    if (isCarriedOut && !this.orders.hasPoweredOff(run.runId, run.state.carriedOut))
      this.fail(`${opId} of run ${run.runId} counts as done by an order that powered nobody off`);
    if (isCarriedOut) this.#world.sometimes('order carried out counts as done');
    if (end.status === 'done' && !isOwn && !isCarriedOut && !this.operations.isSaidDone(opId))
      this.fail(`${opId} of run ${run.runId} is recorded as done, and nobody has said so`);
    if (isOwn) this.#world.sometimes("the coordinator's own poweroff done");
  }

  #checkStepEnd(run: Watched, result: RunState['results'][number]): void {
    const { address, outcome, method } = result;
    const action = actionOf(run.plan, address, method);
    if (outcome !== 'done' || (action?.type !== 'gate' && action?.type !== 'wake')) {
      if (outcome === 'done' && action?.type === 'operations') this.#checkOperations(run, action);
      return;
    }
    const holds = wasTrue(this.#world, action.gate.condition);
    if (!holds) this.fail(`I1: the gate "${action.gate.sentence}" holds, and on the nodes it does not`);
  }

  /** A step by outcome is done when each of its operations is. */
  #checkOperations(run: Watched, action: Extract<Action, { type: 'operations' }>): void {
    if (action.successBy !== 'outcome') return;
    for (const { end, opId } of run.state.running?.operations ?? []) {
      const isMissing = action.isMissingUnitDone && end?.code === 'HEC_NO_SUCH_UNIT';
      if (end?.status !== 'done' && !isMissing)
        this.fail(`a step of ${run.runId} is done, and ${opId} ended as ${end?.status ?? 'nothing'}`);
    }
  }

  #checkRunEnd(run: Watched, { outcome }: Extract<RunRecord, { type: 'run-ended' }>): void {
    const isUndone = outcome === 'aborted' || outcome === 'pre-empted';
    if (isUndone && isPastNoReturn(run.state))
      this.fail(`I10: run ${run.runId} was ${outcome} past its point of no return`);
    if (outcome === 'pre-empted') this.#world.sometimes('pre-emption');
    if (outcome === 'aborted') this.#world.sometimes('abort');
    if (outcome !== 'done' && outcome !== 'degraded') return;
    const open = openBefore(run);
    if (open !== undefined) this.fail(`run ${run.runId} ended as ${outcome} without its step ${open}`);
  }

  // ── What runs send ──

  /** I9: its ids are on the disk; of a shutdown, unless that refuses. */
  onApply(manager: SimulatedManager, runId: RunId, opId: OpId): void {
    if (this.#isOld(manager)) return;
    const run = this.runs.get(runId);
    if (!run) throw this.fail(`I9: ${opId} of run ${runId} is sent, and nobody has accepted that`);
    if (run.isEnded) this.fail(`${opId} of run ${runId}, which is over, is sent`);
    if (run.plan.kind === 'shutdown' && this.#world.wasDiskFull()) return;
    const { durable } = manager.files.runs;
    for (let index = durable.length - 1; index >= 0; index -= 1)
      if (durable[index]?.some((record) => namesOperation(record, opId))) return;
    this.fail(`I9: ${opId} is sent before the record of its id is durable`);
  }

  onHook(manager: SimulatedManager, runId: RunId, stepId: string, method: number): void {
    if (this.#isOld(manager)) return;
    const run = this.runs.get(runId);
    if (!run) throw this.fail(`I9: a hook of ${runId} runs, and nobody has accepted that`);
    if (run.isEnded) this.fail(`a hook of ${runId}, which is over, runs`);
    const running = run.state.running;
    const action = running && actionOf(run.plan, running.address, running.method);
    if (action?.type !== 'hook') throw this.fail(`a hook of ${runId} runs out of its turn`);
    const key = `${stepId}/${method}/${running?.retries}`;
    const count = (run.hooks.get(key) ?? 0) + 1;
    run.hooks.set(key, count);
    // On a disk that was full it is not recorded that it has run.
    if (count > 1 && !action.isRepeatable && !this.#world.hasLostRecords())
      this.fail(`the hook ${action.hook} of ${runId} runs twice`);
  }

  onRefused({ code }: RunRefusal): void {
    this.#world.sometimes(`refused ${code}`);
  }

  onAccepted(manager: SimulatedManager, { runId, isJoined }: Of<'answer-request'>): void {
    if (this.#isOld(manager)) return;
    if (isJoined) this.#world.sometimes('join');
    this.#accepted.add(runId);
    if (!this.runs.has(runId)) this.fail(`I9: run ${runId} is answered before it is recorded`);
  }

  onEnded(_manager: SimulatedManager, run: RunState): void {
    if (run.outcome === undefined) this.fail(`run ${run.request.runId} is handed over and goes on`);
  }
}
