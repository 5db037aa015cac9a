/** What must hold in every run, whatever happens: each checker throws when it does not. */
import type { NodeName, OpId } from '@hecate/proto/core/names.ts';
import type { Operation, OperationOutcome, Verb } from '@hecate/proto/generated/wire.ts';
import type { DeadManEffect } from '../../agent/src/core/dead-man-state.ts';
import type { OperationRequest } from '../../manager/src/core/operations.ts';
import { stepLimitMs } from '../../manager/src/core/plan/bounds.ts';
import { deadManParts } from '../../manager/src/core/plan/dead-man-parts.ts';
import type { Leaf } from '../../manager/src/core/plan/gate.ts';
import { judge, leavesOf } from '../../manager/src/core/plan/gate-verdict.ts';
import {
  type Action,
  type Plan,
  rungs,
  type Step,
  type StepAddress,
} from '../../manager/src/core/plan/plan.ts';
import { acceptedRun, applyRecord } from '../../manager/src/core/runs/fold-records.ts';
import { isPastNoReturn } from '../../manager/src/core/runs/plan-walk.ts';
import type { RunId, RunState } from '../../manager/src/core/runs/run.ts';
import type { RunRecord } from '../../manager/src/core/runs/run-record.ts';
import type { RunRefusal, RunsEffect, RunsInput, RunsState } from '../../manager/src/core/runs/runs-state.ts';
import type { SimulatedAgent } from './runs-agent.ts';
import { type Applied, type SimulatedHost, wasSince } from './runs-host.ts';
import { intentAgeMaxMs, type SimulatedManager } from './runs-manager.ts';
import type { SimulationWorld } from './runs-world.ts';

type Of<Type extends RunsEffect['type']> = Extract<RunsEffect, { type: Type }>;

/** What is known of a run from outside of every manager: out of the commits that were carried out. */
interface Watched {
  readonly runId: RunId;
  readonly plan: Plan;
  /** As the records of the newest manager fold. */
  state: RunState;
  readonly acceptedAtMs: number;
  readonly ends: Map<string, RunState['results'][number]>;
  readonly hooks: Map<string, number>;
  isEnded: boolean;
  endedAtMs: number;
  endedBy: number;
  retries: number;
  rungAtMs: number;
  /** A commit of it was refused: what the machine holds is ahead of its records until it has ended. */
  isAhead: boolean;
  /** Looks in a row that held, of the step that is running. */
  held: { key: string; count: number };
}

interface Place {
  readonly run: Watched;
  readonly address: StepAddress;
}

/** From a look at a unit to the decision on it: a look, a link that stalls unnoticed, and the way. */
const lookWindowMs = 16_000;
/** From the agent's last look at its clock to systemd. */
const applySlackMs = 4;
const retriesMax = 200;
/** For clocks that are read to the millisecond. */
const beginSlackMs = 2;

const keyOf = ({ stage, step }: StepAddress): string => `${stage}.${step}`;

export class Checkers {
  readonly runs = new Map<RunId, Watched>();
  readonly #places = new Map<string, Place>();
  /** Of a lost operation: the first id of its chain. */
  readonly #firstOf = new Map<string, string>();
  readonly #answers = new Map<string, Set<string>>();
  readonly #withdrawnAtMs = new Map<string, number>();
  readonly #dueAtMs = new Map<string, number>();
  #highestEpoch = 0;
  /** By a manager that another one had taken the place of: what this one says of it is of its own request. */
  readonly #sentByOld = new Set<string>();
  readonly #limitAtMs = new Map<string, number>();
  readonly #world: SimulationWorld;

  constructor(world: SimulationWorld) {
    this.#world = world;
  }

  fail(text: string): never {
    this.#world.log(`VIOLATED ${text}`);
    throw new Error(text);
  }

  // ── The hosts ──

  onApplied(host: SimulatedHost, applied: Applied): void {
    const { opId, verb, epoch } = applied;
    if (host.appliedIds.has(opId)) this.fail(`I2: ${opId} (${verb}) was applied twice on ${host.name}`);
    const persisted = this.#world.agentOf(host.name as NodeName).seenEpoch;
    if (epoch < persisted)
      this.fail(`I6: ${verb} of epoch ${epoch} was applied on ${host.name}, which has seen ${persisted}`);
    const limitAtMs = this.#limitAtMs.get(opId);
    if (limitAtMs !== undefined && applied.atMs > limitAtMs + applySlackMs)
      this.fail(`${verb} ${opId} was applied on ${host.name} after its time limit`);
    const place = this.#placeOf(opId);
    if (place) this.#checkOrder(host, applied, place);
  }

  #placeOf(opId: string): Place | undefined {
    return this.#places.get(this.#firstOf.get(opId) ?? opId);
  }

  /** I1, I3, I4 */
  #checkOrder(host: SimulatedHost, { verb }: Applied, { run, address }: Place): void {
    for (const [stage, { steps }] of run.plan.stages.entries()) {
      for (const step of steps.keys()) {
        if (stage > address.stage || (stage === address.stage && step >= address.step)) break;
        if (!run.ends.has(`${stage}.${step}`))
          this.fail(
            `I1: ${verb} of step ${keyOf(address)} on ${host.name} before step ${stage}.${step} was over`,
          );
      }
    }
    if (verb === 'poweroff') this.#checkPower(host.name as NodeName, run);
  }

  #checkPower(node: NodeName, run: Watched): void {
    const { plan } = run;
    const dependents = plan.dependencies.filter(({ dependsOn }) => dependsOn.includes(node));
    for (const { node: dependent } of dependents) this.#checkIsOff('I3', node, dependent, run);
    if (node !== plan.coordinator) return;
    const others = plan.stages.flatMap(({ steps }) => steps.flatMap(({ powersOff }) => powersOff));
    for (const other of others) if (other !== node) this.#checkIsOff('I4', node, other, run);
  }

  #checkIsOff(invariant: string, node: NodeName, other: NodeName, run: Watched): void {
    const host = this.#world.hosts.get(other);
    if (!host?.isOn || !run.plan.nodes.includes(other)) return;
    // Off once since the run began: somebody has switched it on again.
    if (wasSince(host.power, run.acceptedAtMs, (isOn) => !isOn)) return;
    if (this.#world.cableCutSince(other, run.acceptedAtMs)) return;
    const isDegraded = run.state.results.some(({ address, outcome }) => {
      const step = stepOf(run.plan, address);
      const isOfIt = step.powersOff.includes(other) || gatesOn(step, other);
      return isOfIt && (outcome === 'degraded' || outcome === 'left-out');
    });
    if (!isDegraded) this.fail(`${invariant}: ${node} is powered off while ${other} is up`);
  }

  // ── The manager's operations ──

  /** I9 */
  onSent({ opId, node, verb, timeLimitMs }: OperationRequest, isRecorded: boolean, epoch: number): void {
    if (epoch !== this.#world.manager.epoch) this.#sentByOld.add(opId);
    this.#limitAtMs.set(opId, this.#world.time.nowMs + timeLimitMs);
    if (!isRecorded) this.fail(`I9: ${verb} ${opId} was sent to ${node} before it was recorded`);
    const place = this.#placeOf(opId);
    if (place?.run.isEnded && epoch === this.#world.manager.epoch)
      this.fail(`${verb} ${opId} of run ${place.run.runId}, which is over, was sent to ${node}`);
  }

  onSuccessor(opId: OpId, successor: OpId): void {
    this.#firstOf.set(successor, this.#firstOf.get(opId) ?? opId);
    this.#world.sometimes('lost operation asked for again');
  }

  onOutcome({ opId, node, verb, unit }: OperationRequest, outcome: OperationOutcome, epoch: number): void {
    if (epoch !== this.#world.manager.epoch) return;
    const host = this.#world.hosts.get(node);
    const isApplied = host?.appliedIds.has(opId) === true;
    // After a restart the agent takes a job of the same kind for its own, as systemd would have merged the two.
    const isReached = host && hasReached(host, verb, unit);
    if (outcome.status === 'done' && !outcome.inferred && !isApplied && !isReached)
      this.fail(`${verb} ${opId} is said to be done on ${node}, and was never applied`);
    if (outcome.status === 'refused' && isApplied && !this.#sentByOld.has(opId))
      this.fail(`${verb} ${opId} is said to be refused on ${node}, and was applied`);
    const first = this.#firstOf.get(opId) ?? opId;
    const answers = this.#answers.get(first) ?? new Set();
    this.#answers.set(first, answers.add(outcome.status));
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
        for (const { opId } of record.operations) this.#place(opId, run, record.address);
      if (record.type === 'operations-retried' && run.state.running)
        for (const { opId } of record.operations) this.#place(opId, run, run.state.running.address);
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
    const { verdict } = judge(action.gate.condition, observations);
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
      if (watched && !watched.isEnded && !watched.isAhead) compareFold(this, run, watched.state);
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
        run.rungAtMs = this.#world.time.nowMs - (manager.host.clockMs() - record.atMs);
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
      rungAtMs: this.#askedAtMs.get(runId) ?? this.#world.time.nowMs,
      isAhead: false,
      held: { key: '', count: 0 },
    });
  }

  #checkRecord(run: Watched, record: Exclude<RunRecord, { type: 'run-accepted' }>): void {
    const { plan, state } = run;
    switch (record.type) {
      case 'method-begun': {
        for (const { opId } of record.operations) this.#place(opId, run, record.address);
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
          if (state.running) this.#place(opId, run, state.running.address);
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

  #place(opId: string, run: Watched, address: StepAddress): void {
    const there = this.#places.get(opId);
    if (there && (there.run !== run || keyOf(there.address) !== keyOf(address)))
      this.fail(`I2: the id ${opId} is used for two operations`);
    this.#places.set(opId, { run, address });
  }

  /** I1: in the order of the plan. */
  #checkNext(run: Watched, address: StepAddress): void {
    for (const [stage, { steps }] of run.plan.stages.entries())
      for (const step of steps.keys()) {
        if (stage > address.stage || (stage === address.stage && step >= address.step)) return;
        if (!run.ends.has(`${stage}.${step}`))
          this.fail(`I1: step ${keyOf(address)} begins before ${stage}.${step} is over`);
      }
  }

  /** An outcome is that of the operation, told by its agent. */
  #checkEnd(run: Watched, { opId, end }: Extract<RunRecord, { type: 'operation-ended' }>): void {
    const isOwn = end.message === 'this host has booted since';
    if (end.status === 'done' && !isOwn && !this.#answers.get(opId)?.has('done'))
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
    const holds = this.#truthOf(action.gate.condition);
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

  #truthOf(condition: Parameters<typeof judge>[0]): boolean {
    const observations = Object.fromEntries(
      leavesOf(condition).map((leaf) => [
        JSON.stringify(leaf),
        { verdict: this.#wasTrue(leaf) ? ('holds' as const) : ('fails' as const), detail: '' },
      ]),
    );
    const judged = (inner: typeof condition): boolean => {
      if (!('of' in inner)) return observations[JSON.stringify(inner)]?.verdict === 'holds';
      const holding = inner.of.filter(judged).length;
      if (inner.type === 'at-least') return holding >= inner.count;
      return inner.type === 'any' ? holding > 0 : holding === inner.of.length;
    };
    return judged(condition);
  }

  /** At some moment of the time in which it may have been looked at. */
  #wasTrue(leaf: Leaf): boolean {
    const fromMs = this.#world.time.nowMs - lookWindowMs - this.#world.recentPauseMs();
    if (leaf.type === 'unit') {
      const unit = this.#world.hosts.get(leaf.node)?.units.get(leaf.unit);
      if (!unit) return leaf.states.includes('inactive');
      return wasSince(unit.history, fromMs, (state) => leaf.states.includes(state));
    }
    if (leaf.type !== 'node' || leaf.state !== 'powered-off') return true;
    const host = this.#world.hosts.get(leaf.node);
    if (!host) return false;
    return wasSince(host.power, fromMs, (isOn) => !isOn) || this.#world.cableCutSince(leaf.node, fromMs);
  }

  #checkRunEnd(run: Watched, { outcome }: Extract<RunRecord, { type: 'run-ended' }>): void {
    const isUndone = outcome === 'aborted' || outcome === 'pre-empted';
    if (isUndone && isPastNoReturn(run.state))
      this.fail(`I10: run ${run.runId} was ${outcome} past its point of no return`);
    if (outcome === 'pre-empted') this.#world.sometimes('pre-emption');
    if (outcome === 'aborted') this.#world.sometimes('abort');
    if (outcome !== 'done' && outcome !== 'degraded') return;
    for (const [stage, { steps }] of run.plan.stages.entries())
      for (const step of steps.keys())
        if (!run.ends.has(`${stage}.${step}`))
          this.fail(`run ${run.runId} ended as ${outcome} without its step ${stage}.${step}`);
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

  // ── Dead man's orders ──

  onArm(manager: SimulatedManager, runId: RunId, node: NodeName, inMs: number): void {
    const dueAtMs = this.#world.time.nowMs + inMs;
    const key = `${runId} ${node}`;
    this.#dueAtMs.set(key, Math.min(dueAtMs, this.#dueAtMs.get(key) ?? dueAtMs));
    this.#withdrawnAtMs.delete(key);
    if (this.#isOld(manager)) return;
    const run = this.runs.get(runId);
    if (!run) throw this.fail(`I9: an order of ${runId} is sent, and nobody has accepted that`);
    if (run.isEnded) this.fail(`an order of ${runId}, which is over, is sent to ${node}`);
    const part = run.plan.parts.find((each) => each.node === node);
    if (!part) throw this.fail(`${node} gets an order, and has no part in ${runId}`);
    const earliestMs = this.#earliestMs(run, node, run.acceptedAtMs + part.beginsAfterMs);
    if (dueAtMs < earliestMs - beginSlackMs)
      this.fail(`the order of ${node} is due ${earliestMs - dueAtMs} ms early`);
  }

  /** On a lower rung a node begins earlier, and never before the manager could have acted on that rung. */
  #earliestMs({ plan, state, rungAtMs }: Watched, node: NodeName, atFullMs: number): number {
    if (state.rung === 'full') return atFullMs;
    const dependencies = new Map(
      plan.nodes.map((name) => [name, plan.dependencies.find((each) => each.node === name)?.dependsOn ?? []]),
    );
    const { coordinator } = plan;
    const parts = deadManParts({ plan, dependencies, coordinator }, state.rung);
    const part = parts.find((each) => each.node === node);
    return part ? Math.min(atFullMs, rungAtMs + part.beginsAfterMs) : atFullMs;
  }

  onWithdrawn(runId: RunId, node: NodeName): void {
    this.#withdrawnAtMs.set(`${runId} ${node}`, this.#world.time.nowMs);
    const run = this.runs.get(runId);
    if (run?.isEnded && this.#world.time.nowMs - run.endedAtMs > 1000)
      this.#world.sometimes('order withdrawn late');
  }

  onOrderEvent(agent: SimulatedAgent, effect: Extract<DeadManEffect, { type: 'tell' }>): void {
    if (effect.event === 'begun') {
      this.#world.sometimes('order begun');
      const { order } = effect;
      const dueAtMs = this.#dueAtMs.get(`${order?.runId} ${agent.name}`);
      if (!order || dueAtMs === undefined) throw this.fail(`${agent.name} begins without an order`);
      if (this.#world.time.nowMs < dueAtMs - 1) this.fail(`${agent.name} begins before its order's time`);
      if (agent.isManaged) this.fail(`${agent.name} begins its order while its manager is there`);
    }
    if (effect.event === 'finished') this.#world.sometimes("dead man's order carried out");
  }

  onOrderApplies(agent: SimulatedAgent, operation: Operation): void {
    const { order } = agent;
    const runId = operation.requestedBy.split(' ').at(-1) ?? '';
    const key = `${runId} ${agent.name}`;
    if (!this.#dueAtMs.has(key)) this.fail(`${agent.name} applies ${operation.verb} without an order`);
    if (this.#withdrawnAtMs.has(key))
      this.fail(`${agent.name} applies ${operation.verb} of a withdrawn order`);
    if (this.#world.time.nowMs < (this.#dueAtMs.get(key) ?? 0) - 1)
      this.fail(`${agent.name} applies ${operation.verb} before its order's time`);
    if (order && order.begunAtClockMs === null) this.fail(`${agent.name} applies before it has begun`);
  }
}

/** I7: what the machine holds is what its records fold to. */
function compareFold(checkers: Checkers, run: RunState, folded: RunState): void {
  const is = [
    run.rung,
    run.deadlineAtMs,
    run.results.length,
    run.armed.join(),
    run.operationsCount,
    run.outcome,
  ];
  const was = [
    folded.rung,
    folded.deadlineAtMs,
    folded.results.length,
    folded.armed.join(),
    folded.operationsCount,
    folded.outcome,
  ];
  const where = ({ running }: RunState): string =>
    running
      ? `${keyOf(running.address)}/${running.method}/${running.deadlineAtMs}/${running.operations.map(({ opId }) => opId).join()}`
      : '';
  if (is.join('|') !== was.join('|') || where(run) !== where(folded))
    checkers.fail(`I7: run ${run.request.runId} is not what its records fold to: ${is} and ${was}`);
}

function hasReached(host: SimulatedHost, verb: Verb, unit: string): boolean {
  const state = host.stateOf(unit);
  return verb === 'stop'
    ? state === 'inactive' || state === 'failed'
    : verb === 'start' && state === 'active';
}

const namesOperation = (record: RunRecord, opId: string): boolean =>
  (record.type === 'method-begun' || record.type === 'operations-retried') &&
  record.operations.some((each) => each.opId === opId);

export function stepOf(plan: Plan, { stage, step }: StepAddress): Step {
  const found = plan.stages[stage]?.steps[step];
  if (!found) throw new Error(`no step ${stage}.${step}`);
  return found;
}

const actionOf = (plan: Plan, address: StepAddress, method: number): Action | undefined =>
  stepOf(plan, address).methods[method];

const gatesOn = (step: Step, node: NodeName): boolean =>
  step.methods.some(
    (method) =>
      method.type === 'gate' &&
      leavesOf(method.gate.condition).some(
        (leaf) => leaf.type === 'node' && leaf.state === 'powered-off' && leaf.node === node,
      ),
  );
