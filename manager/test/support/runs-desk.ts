/**
 * A machine of runs with its journal, by hand: inputs go in one by one, what would be sent is gathered. After every
 * commit the state is compared with what the journal folds to (I7), and what left with what is durable (I9).
 */
import { deepStrictEqual, ok } from 'node:assert/strict';
import type { OpId } from '@hecate/proto/core/names.ts';
import type { Observation, Observations } from '../../src/core/plan/gate.ts';
import { leafKey } from '../../src/core/plan/gate-verdict.ts';
import type { Intent, OperationEnd, RunRequest, RunState } from '../../src/core/runs/run.ts';
import type { RunRecord } from '../../src/core/runs/run-record.ts';
import { nextRunsTickMs, openRuns, runsStep } from '../../src/core/runs/runs.ts';
import type { RunEvent, RunsEffect, RunsInput, RunsState } from '../../src/core/runs/runs-state.ts';

export type EffectOf<Type extends RunsEffect['type']> = Extract<RunsEffect, { type: Type }>;

const intentAgeMaxMs = 3_600_000;

export class RunsDesk {
  state: RunsState;
  nowMs = 1000;
  wallMs = 1_700_000_000_000;
  journal: RunRecord[] = [];
  intent: Intent | undefined;
  isDiskFull = false;
  /** Everything that left since `take` was called last, commits opened. */
  sent: RunsEffect[] = [];
  /** How often a commit of a shutdown went on without a disk. */
  proceeded = 0;
  #unwritten: RunRecord[] = [];
  #unwrittenIntent: Intent | null | undefined;
  readonly #inputs: RunsInput[] = [];
  #tickets = 0;

  constructor(bootId = 'boot-1') {
    this.state = openRuns({ records: [], intent: undefined, bootId });
  }

  step(input: RunsInput): void {
    this.#inputs.push(input);
    for (let next = this.#inputs.shift(); next; next = this.#inputs.shift()) {
      const { state, effects } = runsStep(this.state, next, { nowMs: this.nowMs, wallMs: this.wallMs });
      this.state = state;
      for (const effect of effects) this.#perform(effect);
      if (!this.isDiskFull && this.#unwritten.length === 0 && this.#unwrittenIntent === undefined)
        this.#compare();
    }
  }

  #perform(effect: RunsEffect): void {
    if (effect.type !== 'commit') {
      this.#checkDurable(effect);
      this.sent.push(effect);
      return;
    }
    if (this.isDiskFull && effect.onFailure === 'halt') {
      const { runId, ticket } = effect;
      this.#inputs.push({ type: 'commit-failed', runId, ticket, message: 'no space left on device' });
      return;
    }
    this.#unwritten.push(...effect.records);
    if (effect.intent !== undefined) this.#unwrittenIntent = effect.intent;
    if (this.isDiskFull) this.proceeded += 1;
    else this.#write();
    for (const each of effect.then) this.#perform(each);
  }

  #write(): void {
    this.journal.push(...this.#unwritten.splice(0));
    if (this.#unwrittenIntent !== undefined) this.intent = this.#unwrittenIntent ?? undefined;
    this.#unwrittenIntent = undefined;
  }

  /** I9: an operation's id is durable, and a run's acceptance, before anything of it leaves. */
  #checkDurable(effect: RunsEffect): void {
    if (this.isDiskFull) return;
    if (effect.type === 'apply') {
      const isThere = this.journal.some(
        (record) =>
          (record.type === 'method-begun' || record.type === 'operations-retried') &&
          record.operations.some(({ opId }) => opId === effect.opId),
      );
      ok(isThere, `${effect.opId} is sent, and no record names it`);
    }
    if (effect.type === 'answer-request' || effect.type === 'arm')
      ok(
        this.journal.some(({ type, runId }) => type === 'run-accepted' && runId === effect.runId),
        `${effect.type} before the run is durable`,
      );
  }

  #compare(): void {
    const folded = openRuns({ records: this.journal, intent: this.intent, bootId: this.state.bootId });
    deepStrictEqual(durable(this.state), durable(folded));
  }

  request(request: RunRequest, isIntentOverridden = false): number {
    this.#tickets += 1;
    this.step({ type: 'request', ticket: this.#tickets, request, isIntentOverridden, intentAgeMaxMs });
    return this.#tickets;
  }

  abort(runId = this.run().request.runId): void {
    this.step({ type: 'abort', ticket: 99, runId, by: 'bob', reason: 'stop it' });
  }

  /** The only one that is held, or the one with this id. */
  run(runId?: string): RunState {
    const run = [...this.state.runs.values()].find(({ request }) => !runId || request.runId === runId);
    ok(run, 'no run is held');
    return run;
  }

  take<Type extends RunsEffect['type']>(type: Type): EffectOf<Type>[] {
    const found = this.sent.filter((effect): effect is EffectOf<Type> => effect.type === type);
    this.sent = this.sent.filter((effect) => effect.type !== type);
    return found;
  }

  events<Type extends RunEvent['type']>(type: Type): Extract<RunEvent, { type: Type }>[] {
    return this.sent
      .flatMap((effect) => (effect.type === 'event' ? [effect.event] : []))
      .filter((event): event is Extract<RunEvent, { type: Type }> => event.type === type);
  }

  /** Sent since: "stop a x.service". */
  applied(): string[] {
    return this.take('apply').map(({ operation: { verb, node, unit } }) => `${verb} ${node} ${unit}`.trim());
  }

  opIdOf(nodeName: string): OpId {
    const run = [...this.state.runs.values()].find((each) => each.running);
    const step =
      run?.running && run.request.plan.stages[run.running.address.stage]?.steps[run.running.address.step];
    const action = step?.methods[run?.running?.method ?? 0];
    const found = run?.running?.operations.find(
      ({ index }) => action?.type === 'operations' && action.operations[index]?.node === nodeName,
    );
    ok(found, `${nodeName} has no operation in the running step`);
    return found.opId;
  }

  end(nodeName: string, status: OperationEnd['status'] = 'done', change: Partial<OperationEnd> = {}): void {
    const end = { status, result: status, code: '', message: '', durationMs: 5, ...change } as const;
    this.step({ type: 'operation-ended', opId: this.opIdOf(nodeName), end });
  }

  accept(nodeName: string): void {
    this.step({ type: 'operation-accepted', opId: this.opIdOf(nodeName) });
  }

  /** Answers the newest look of the run: what is said of these nodes, and `otherwise` of all the others. */
  observe(
    seen: Readonly<Record<string, Observation['verdict']>> = {},
    otherwise: Observation['verdict'] = 'holds',
  ) {
    const asked = this.take('observe').at(-1);
    ok(asked, 'nobody looks');
    const observations: Record<string, Observation> = {};
    for (const leaf of asked.leaves) {
      const name = 'node' in leaf ? leaf.node : '';
      const verdict = seen[name] ?? otherwise;
      observations[leafKey(leaf)] = { verdict, detail: `${name} ${verdict}` };
    }
    this.observed(asked.runId, asked.round, observations);
  }

  observed(runId: RunRequest['runId'], round: number, observations: Observations): void {
    this.step({ type: 'observed', runId, round, observations });
  }

  /** Lets time pass, tick by tick as the machine wants them. */
  pass(ms: number): void {
    const untilMs = this.nowMs + ms;
    for (let ticks = 0; ticks < 10_000; ticks += 1) {
      const nextMs = nextRunsTickMs(this.state);
      if (nextMs > untilMs) break;
      this.wallMs += Math.max(0, nextMs - this.nowMs);
      this.nowMs = Math.max(this.nowMs, nextMs);
      this.step({ type: 'tick' });
    }
    this.wallMs += untilMs - this.nowMs;
    this.nowMs = untilMs;
  }

  /** The manager is gone, and another one opens what is durable; another boot: its clock begins anew. */
  restart(bootId = this.state.bootId): void {
    if (bootId !== this.state.bootId) this.nowMs = 500;
    this.sent = [];
    this.#unwritten = [];
    this.#unwrittenIntent = undefined;
    this.state = openRuns({ records: this.journal, intent: this.intent, bootId });
    this.step({ type: 'resume' });
  }

  ended(): RunState[] {
    return this.take('ended').map(({ run }) => run);
  }
}

/** What of a state outlives the manager. */
export function durable({ runs, intent }: RunsState): unknown {
  const held = [...runs.values()].filter((run) => run.outcome === undefined || run.armed.length > 0);
  return {
    intent,
    runs: held.map((run) => ({
      ...run,
      running: run.running && {
        ...run.running,
        look: undefined,
        retryAtMs: undefined,
        operations: run.running.operations.map(({ phase, ...operation }) => ({
          ...operation,
          isEnded: phase === 'ended',
        })),
      },
    })),
  };
}
