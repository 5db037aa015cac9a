/**
 * Whatever comes in, in whatever order: the state is what the records fold to (I7), nothing leaves before its record
 * (I9), no operation is sent twice but by a manager that has lost it (I2), no node is held by two runs (I11), and a run
 * that goes on always has something to wait for. The desk checks the first two after every input.
 */
import { equal, ok } from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import type { Observation } from '../../../src/core/plan/gate.ts';
import { leafKey } from '../../../src/core/plan/gate-verdict.ts';
import type { Action, Plan } from '../../../src/core/plan/plan.ts';
import { openRuns } from '../../../src/core/runs/fold-records.ts';
import type { OperationEnd } from '../../../src/core/runs/run.ts';
import { nextRunsTickMs } from '../../../src/core/runs/runs.ts';
import {
  gate,
  hook,
  node,
  operations,
  planOf,
  poweroff,
  requestOf,
  runIdOf,
  step,
  stop,
  stopAll,
  wake,
} from '../../support/run-plans.ts';
import { RunsDesk } from '../../support/runs-desk.ts';

const names = ['a', 'b', 'c'];
const statuses: readonly OperationEnd['status'][] = [
  'done',
  'done',
  'failed',
  'timeout',
  'refused',
  'offline',
  'unknown',
];

const anyAction: fc.Arbitrary<Action> = fc.oneof(
  fc.subarray(names).map((some) => stopAll(...some)),
  fc.subarray(names).map((some) =>
    operations(
      some.map((name) => stop(name)),
      { successBy: 'gate' },
    ),
  ),
  fc.constantFrom(...names).map((name) => operations([poweroff(name)])),
  fc.subarray(names, { minLength: 1 }).map((some) => gate(some, 'powered-off', { consecutive: 2 })),
  fc.subarray(names, { minLength: 1 }).map((some) => wake(...some)),
  fc.boolean().map(hook),
  fc.constant({ type: 'wait', durationMs: 3000 } as const),
);

const anyStep = fc
  .record({
    methods: fc.array(anyAction, { minLength: 1, maxLength: 2 }),
    parallelism: fc.integer({ min: 1, max: 3 }),
    onFailure: fc.constantFrom('abort', 'continue', 'retry'),
    dropAt: fc.constantFrom(undefined, 'short', 'forced'),
  })
  .map(({ methods, ...change }) => step(methods, { ...change, timeoutMs: 20_000 }));

const anyPlan: fc.Arbitrary<Plan> = fc
  .record({
    stages: fc.array(fc.array(anyStep, { maxLength: 3 }), { maxLength: 3 }),
    kind: fc.constantFrom('startup', 'sequence', 'shutdown', 'shutdown'),
    mode: fc.constantFrom('poweroff', 'cluster-only'),
    nodes: fc.subarray(names, { minLength: 1 }),
  })
  .map(({ stages, ...draft }) =>
    planOf(stages, {
      ...draft,
      coordinator: 'c',
      parts: draft.nodes.map((name) => ({ node: node(name), operations: [], beginsAfterMs: 1000 })),
    }),
  );

type Play =
  | {
      readonly type: 'request';
      readonly plan: Plan;
      readonly limitMs: number | undefined;
      readonly isForced: boolean;
    }
  | { readonly type: 'end'; readonly at: number; readonly status: OperationEnd['status'] }
  | { readonly type: 'accept' | 'forget' | 'abort' | 'withdrawn' | 'carried-out'; readonly at: number }
  | { readonly type: 'observe'; readonly verdicts: readonly Observation['verdict'][] }
  | { readonly type: 'hook'; readonly exitStatus: number | undefined }
  | { readonly type: 'pass'; readonly ms: number }
  | { readonly type: 'online'; readonly name: string }
  | { readonly type: 'disk'; readonly isFull: boolean }
  | { readonly type: 'restart'; readonly isReboot: boolean };

const at = fc.nat(20);
const anyPlay: fc.Arbitrary<Play> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('request' as const),
      plan: anyPlan,
      limitMs: fc.constantFrom(undefined, 1000, 15_000, 60_000),
      isForced: fc.boolean(),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({ type: fc.constant('end' as const), at, status: fc.constantFrom(...statuses) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constantFrom('accept', 'forget', 'abort', 'withdrawn', 'carried-out'),
      at,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('observe' as const),
      verdicts: fc.array(fc.constantFrom('holds', 'holds', 'fails', 'unknown'), {
        minLength: 1,
        maxLength: 3,
      }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('hook' as const),
      exitStatus: fc.constantFrom(0, 1, undefined),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constant('pass' as const), ms: fc.constantFrom(0, 1000, 2500, 20_000) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('online' as const), name: fc.constantFrom(...names) }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('disk' as const), isFull: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('restart' as const), isReboot: fc.boolean() }) },
);

class Game {
  readonly desk = new RunsDesk();
  #requests = 0;
  #boots = 1;
  #isLossy = false;
  /** Sent, and by now perhaps known to the journal of operations. */
  readonly #sent = new Set<string>();

  play(play: Play): void {
    this.#act(play);
    for (const { opId } of this.desk.take('apply')) {
      ok(this.#isLossy || !this.#sent.has(opId), `${opId} is sent twice`);
      this.#sent.add(opId);
    }
    this.#check();
  }

  #open() {
    return [...this.desk.state.runs.values()].flatMap(({ outcome, running }) =>
      outcome ? [] : (running?.operations ?? []).filter(({ phase }) => phase !== 'ended'),
    );
  }

  #act(play: Play): void {
    const { desk } = this;
    const open = this.#open();
    const runs = [...desk.state.runs.values()];
    const chosen = 'at' in play ? open[play.at % Math.max(1, open.length)] : undefined;
    const run =
      'at' in play ? runs[play.at % Math.max(1, runs.length)] : runs.find(({ outcome }) => !outcome);
    switch (play.type) {
      case 'request':
        this.#requests += 1;
        desk.request(requestOf(play.plan, this.#requests, { timeLimitMs: play.limitMs }), play.isForced);
        return;
      case 'end': {
        const end = { status: play.status, result: '', code: '', message: '', durationMs: 1 } as const;
        if (chosen && this.#sent.has(chosen.opId))
          desk.step({ type: 'operation-ended', opId: chosen.opId, end });
        return;
      }
      case 'accept':
        if (chosen && this.#sent.has(chosen.opId))
          desk.step({ type: 'operation-accepted', opId: chosen.opId });
        return;
      case 'forget':
        // The journal of operations says so only of what was never sent.
        if (chosen && !this.#sent.has(chosen.opId))
          desk.step({ type: 'operation-unknown', opId: chosen.opId });
        return;
      case 'abort':
        if (run) desk.abort(run.request.runId);
        return;
      case 'withdrawn':
        if (run?.armed[0]) desk.step({ type: 'withdrawn', runId: run.request.runId, node: run.armed[0] });
        return;
      case 'carried-out': {
        const name = run?.armed[play.at % Math.max(1, run.armed.length)];
        if (run && name) desk.step({ type: 'order-carried-out', runId: run.request.runId, node: name });
        return;
      }
      case 'observe': {
        const asked = desk.take('observe').at(-1);
        if (!asked) return;
        const seen = asked.leaves.map((leaf, index) => {
          const verdict = play.verdicts[index % play.verdicts.length] ?? 'unknown';
          return [leafKey(leaf), { verdict, detail: verdict }];
        });
        desk.observed(asked.runId, asked.round, Object.fromEntries(seen));
        return;
      }
      case 'hook': {
        const asked = desk.take('run-hook').at(-1);
        if (!asked) return;
        const { runId, stepId, method } = asked;
        desk.step({ type: 'hook-ended', runId, stepId, method, exitStatus: play.exitStatus, message: '' });
        return;
      }
      case 'pass':
        desk.pass(play.ms);
        return;
      case 'online':
        desk.step({ type: 'node-online', node: node(play.name) });
        return;
      case 'disk':
        desk.isDiskFull = play.isFull;
        this.#isLossy ||= play.isFull;
        return;
      case 'restart':
        if (play.isReboot) this.#boots += 1;
        desk.restart(`boot-${this.#boots}`);
    }
  }

  #check(): void {
    const active = [...this.desk.state.runs.values()].filter(({ outcome }) => outcome === undefined);
    const held = active.flatMap(({ request }) => request.plan.nodes);
    equal(new Set(held).size, held.length, 'a node is held twice');
    const isBusy = active.length > 0;
    equal(
      Number.isFinite(nextRunsTickMs(this.desk.state)),
      isBusy,
      'something is due while a run goes on, and only then',
    );
    for (const { results } of active) {
      const places = results.map(({ address }) => address.stage * 100 + address.step);
      ok(
        places.every((place, index) => index === 0 || place > (places[index - 1] ?? 0)),
        'steps in order',
      );
    }
    const shutdowns = active.filter(({ request }) => request.plan.kind === 'shutdown');
    const { intent } = this.desk.state;
    if (shutdowns.length > 0)
      ok(
        shutdowns.some(({ request }) => request.runId === intent?.runId),
        'an intent for every shutdown',
      );
  }
}

t.test('any plans, any inputs, any crashes', async (t) => {
  const property = fc.property(fc.array(anyPlay, { minLength: 5, maxLength: 60 }), (plays) => {
    const game = new Game();
    for (const play of plays) game.play(play);
  });
  const { failed, counterexample, errorInstance, seed } = fc.check(property, { numRuns: 600 });
  if (failed) t.fail(`seed ${seed}: ${errorInstance}`, { counterexample: JSON.stringify(counterexample) });
  t.notOk(failed);
});

t.test('records of a run whose beginning is not there are not heard', async (t) => {
  const stray = { type: 'run-ended', runId: runIdOf(1), atMs: 1, outcome: 'failed', why: '' } as const;
  t.equal(openRuns({ records: [stray], intent: undefined, bootId: 'boot-1' }).runs.size, 0);
});
