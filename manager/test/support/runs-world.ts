/**
 * A machine of runs in a world that answers by itself, in virtual time, and a manager that is killed at a chosen place
 * in its journal: between two records of one commit, or between two effects behind it. What operations came to
 * survives it, as the journal of operations does.
 */
import type { OpId } from '@hecate/proto/core/names.ts';
import type { Leaf, Observation } from '../../src/core/plan/gate.ts';
import { leafKey } from '../../src/core/plan/gate-verdict.ts';
import type { PlannedOperation } from '../../src/core/plan/plan.ts';
import type { Intent, OperationEnd, RunRequest, RunState } from '../../src/core/runs/run.ts';
import type { RunRecord } from '../../src/core/runs/run-record.ts';
import { nextRunsTickMs, openRuns, runsStep } from '../../src/core/runs/runs.ts';
import type { RunsEffect, RunsInput, RunsState } from '../../src/core/runs/runs-state.ts';

/** After that many records, and that many effects behind the commit of the last of them. */
export interface CrashPoint {
  readonly records: number;
  readonly effects: number;
}

export interface Applied {
  readonly opId: OpId;
  readonly label: string;
  readonly atMs: number;
}

/** How an operation ends; `tries`: how often the same was applied before. */
export type Outcome = (operation: PlannedOperation, tries: number) => OperationEnd['status'];

class Crash extends Error {}

const operationTakesMs = 100;

export const labelOf = ({ verb, node, unit }: PlannedOperation): string => `${verb} ${node} ${unit}`.trim();

export class RunsWorld {
  state: RunsState;
  nowMs = 1000;
  journal: RunRecord[] = [];
  intent: Intent | undefined;
  applied: Applied[] = [];
  /** Hooks that were begun. */
  hooks: string[] = [];
  ended: RunState[] = [];
  crashes = 0;
  readonly #crashPoints: CrashPoint[];
  readonly #outcomeOf: Outcome;
  /** What the journal of operations holds. */
  readonly #operations = new Map<OpId, { endAtMs: number; end: OperationEnd }>();
  /** What will be told to the manager; gone when it is. */
  #answers: { atMs: number; input: RunsInput }[] = [];
  #bootId = 'boot-1';
  readonly #bootIdAfterCrash: string;

  constructor(crashPoints: readonly CrashPoint[], outcomeOf: Outcome, bootIdAfterCrash = 'boot-1') {
    this.#crashPoints = [...crashPoints];
    this.#outcomeOf = outcomeOf;
    this.#bootIdAfterCrash = bootIdAfterCrash;
    this.state = openRuns({ records: [], intent: undefined, bootId: this.#bootId });
  }

  /** Until nothing is held any more, whatever happens on the way; a request that was lost is made again. */
  play(request: RunRequest): void {
    const ask: RunsInput = {
      type: 'request',
      ticket: 1,
      request,
      isIntentOverridden: true,
      intentAgeMaxMs: 1,
    };
    this.#guarded(() => this.#step(ask));
    if (this.journal.length === 0) this.#guarded(() => this.#step(ask));
    for (let steps = 0; this.#isActive(); steps += 1) {
      if (steps > 5000) throw new Error('the run does not end');
      this.#guarded(() => this.#next());
    }
  }

  #isActive(): boolean {
    return [...this.state.runs.values()].some(({ outcome }) => outcome === undefined);
  }

  #next(): void {
    const [answer] = this.#answers.sort((one, other) => one.atMs - other.atMs);
    const tickMs = nextRunsTickMs(this.state);
    if (answer && answer.atMs <= tickMs) {
      this.#answers.shift();
      this.nowMs = Math.max(this.nowMs, answer.atMs);
      this.#step(answer.input);
    } else if (Number.isFinite(tickMs)) {
      this.nowMs = Math.max(this.nowMs, tickMs);
      this.#step({ type: 'tick' });
    } else {
      throw new Error('nothing will ever happen');
    }
  }

  #guarded(act: () => void): void {
    try {
      act();
    } catch (thrown) {
      if (!(thrown instanceof Crash)) throw thrown;
      this.crashes += 1;
      this.#answers = [];
      if (this.#bootId !== this.#bootIdAfterCrash) this.nowMs = 100;
      this.#bootId = this.#bootIdAfterCrash;
      this.state = openRuns({ records: this.journal, intent: this.intent, bootId: this.#bootId });
      this.#guarded(() => this.#step({ type: 'resume' }));
    }
  }

  #step(input: RunsInput): void {
    const { state, effects } = runsStep(this.state, input, {
      nowMs: this.nowMs,
      wallMs: 1_700_000_000_000 + this.nowMs,
    });
    this.state = state;
    for (const effect of effects) this.#perform(effect);
  }

  #perform(effect: RunsEffect): void {
    if (effect.type === 'commit') this.#commit(effect);
    else this.#carryOut(effect);
  }

  #commit(effect: Extract<RunsEffect, { type: 'commit' }>): void {
    for (const record of effect.records) {
      this.journal.push(record);
      this.#crashHere(record === effect.records.at(-1) ? 0 : -1);
    }
    if (effect.intent !== undefined) this.intent = effect.intent ?? undefined;
    for (const [index, each] of effect.then.entries()) {
      this.#carryOut(each);
      this.#crashHere(index + 1);
    }
  }

  /** `effects` −1: in the middle of a commit, which is the same as with none behind it. */
  #crashHere(effects: number): void {
    const [point] = this.#crashPoints;
    if (!point || point.records !== this.journal.length || point.effects !== Math.max(0, effects)) return;
    this.#crashPoints.shift();
    throw new Crash();
  }

  #carryOut(effect: RunsEffect): void {
    switch (effect.type) {
      case 'apply':
        this.#apply(effect.opId, effect.operation);
        return;
      case 'recall':
        this.#recall(effect.opId);
        return;
      case 'observe': {
        const { runId, round, leaves } = effect;
        const observations = Object.fromEntries(leaves.map((leaf) => [leafKey(leaf), this.#observe(leaf)]));
        this.#answerIn(50, { type: 'observed', runId, round, observations });
        return;
      }
      case 'run-hook': {
        const { runId, stepId, method } = effect;
        this.hooks.push(stepId);
        this.#answerIn(200, { type: 'hook-ended', runId, stepId, method, exitStatus: 0, message: '' });
        return;
      }
      case 'ended':
        this.ended = [
          ...this.ended.filter(({ request }) => request.runId !== effect.run.request.runId),
          effect.run,
        ];
    }
  }

  #answerIn(ms: number, input: RunsInput): void {
    this.#answers.push({ atMs: this.nowMs + ms, input });
  }

  #apply(opId: OpId, operation: PlannedOperation): void {
    if (this.#operations.has(opId)) throw new Error(`${opId} was applied twice (I2)`);
    const label = labelOf(operation);
    const status = this.#outcomeOf(operation, this.applied.filter((each) => each.label === label).length);
    const end: OperationEnd = { status, result: status, code: '', message: '', durationMs: operationTakesMs };
    this.applied.push({ opId, label, atMs: this.nowMs });
    this.#operations.set(opId, { endAtMs: this.nowMs + operationTakesMs, end });
    this.#answerIn(10, { type: 'operation-accepted', opId });
    this.#answerIn(operationTakesMs, { type: 'operation-ended', opId, end });
  }

  #recall(opId: OpId): void {
    const known = this.#operations.get(opId);
    this.#answerIn(0, { type: known ? 'operation-accepted' : 'operation-unknown', opId });
    if (!known) return;
    const leftMs = Math.max(0, Math.min(operationTakesMs, known.endAtMs - this.nowMs));
    this.#answerIn(leftMs, { type: 'operation-ended', opId, end: known.end });
  }

  /** Powered off is what was powered off half a second ago; all else holds. */
  #observe(leaf: Leaf): Observation {
    if (leaf.type !== 'node' || leaf.state !== 'powered-off') return { verdict: 'holds', detail: '' };
    const off = this.applied.find(({ label }) => label === `poweroff ${leaf.node}`);
    return {
      verdict: off && this.nowMs >= off.atMs + 500 ? 'holds' : 'unknown',
      detail: `${leaf.node} is on`,
    };
  }
}
