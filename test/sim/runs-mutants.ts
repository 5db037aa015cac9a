/** Planted bugs, each as it would be made: the simulator must find every one of them. */
import type { Action, Plan } from '../../manager/src/core/plan/plan.ts';
import { isPastNoReturn, runningAction } from '../../manager/src/core/runs/plan-walk.ts';
import type { OperationEnd, RunId, RunState } from '../../manager/src/core/runs/run.ts';
import type { RunRecord } from '../../manager/src/core/runs/run-record.ts';
import type { openRuns, runsStep } from '../../manager/src/core/runs/runs.ts';
import type { RunsEffect, RunsInput, RunsState } from '../../manager/src/core/runs/runs-state.ts';
import { successorOf } from '../../manager/src/runs/operation-successor.ts';
import type { Mutation } from './runs-mutation.ts';

type Step = typeof runsStep;

/** Every effect, those behind commits as well. */
const eachEffect = (
  effects: readonly RunsEffect[],
  change: (effect: RunsEffect) => readonly RunsEffect[],
): RunsEffect[] =>
  effects.flatMap((effect) =>
    // biome-ignore lint/suspicious/noThenProperty: a list of effects, nothing to await
    change(effect.type === 'commit' ? { ...effect, then: eachEffect(effect.then, change) } : effect),
  );

const changingEffects =
  (change: (effect: RunsEffect, state: RunsState, input: RunsInput) => readonly RunsEffect[]) =>
  (step: Step): Step =>
  (state, input, at) => {
    const { state: next, effects } = step(state, input, at);
    return { state: next, effects: eachEffect(effects, (effect) => change(effect, next, input)) };
  };

const changingInput =
  (change: (input: RunsInput, state: RunsState) => RunsInput) =>
  (step: Step): Step =>
  (state, input, at) =>
    step(state, change(input, state), at);

const mapRuns = (state: RunsState, change: (run: RunState) => RunState): RunsState => ({
  ...state,
  runs: new Map([...state.runs].map(([runId, run]) => [runId, change(run)])),
});

const openedWith =
  (change: (run: RunState) => RunState) =>
  (open: typeof openRuns): typeof openRuns =>
  (options) =>
    mapRuns(open(options), change);

const withEnd =
  (from: OperationEnd['status'], to: Partial<OperationEnd>) =>
  (input: RunsInput): RunsInput =>
    input.type === 'operation-ended' && input.end.status === from
      ? { ...input, end: { ...input.end, ...to } }
      : input;

/** As if it were a plan that may always be stopped. */
function asSequence(run: RunState): RunState {
  const plan: Plan = { ...run.request.plan, kind: 'sequence' };
  return { ...run, request: { ...run.request, plan } };
}

const abortsAlways =
  (step: Step): Step =>
  (state, input, at) => {
    const run = input.type === 'abort' ? state.runs.get(input.runId) : undefined;
    if (!run || run.outcome !== undefined || !isPastNoReturn(run)) return step(state, input, at);
    const runs = new Map(state.runs).set(run.request.runId, asSequence(run));
    const taken = step({ ...state, runs }, input, at);
    const { plan } = run.request;
    return {
      ...taken,
      state: mapRuns(taken.state, (each) =>
        each.request.runId === run.request.runId ? { ...each, request: { ...each.request, plan } } : each,
      ),
    };
  };

const startsSecondRun =
  (step: Step): Step =>
  (state, input, at) => {
    if (input.type !== 'request' || input.request.plan.kind !== 'shutdown') return step(state, input, at);
    const hidden = new Map([...state.runs].filter(([, run]) => run.request.plan.kind === 'shutdown'));
    const shown = new Map([...state.runs].filter(([runId]) => !hidden.has(runId)));
    const taken = step({ ...state, runs: shown }, input, at);
    return { ...taken, state: { ...taken.state, runs: new Map([...hidden, ...taken.state.runs]) } };
  };

const letsPreemptedGoOn =
  (step: Step): Step =>
  (state, input, at) => {
    const taken = step(state, input, at);
    if (input.type !== 'request') return taken;
    const runs = new Map(taken.state.runs);
    for (const [runId, run] of state.runs)
      if (run.outcome === undefined && runs.get(runId)?.outcome !== undefined) runs.set(runId, run);
      else if (run.outcome === undefined && !runs.has(runId)) runs.set(runId, run);
    return { ...taken, state: { ...taken.state, runs } };
  };

const repeatsUnderNewIds = changingEffects((effect, state, input) => {
  const run = effect.type === 'recall' && input.type === 'resume' ? state.runs.get(effect.runId) : undefined;
  if (effect.type !== 'recall' || !run?.running) return [effect];
  const { action } = runningAction(run, run.running);
  const index = run.running.operations.find(({ opId }) => opId === effect.opId)?.index ?? -1;
  const operation = action.type === 'operations' ? action.operations[index] : undefined;
  if (!operation) return [effect];
  const opId = successorOf(effect.opId);
  return [{ type: 'apply', runId: effect.runId, opId, operation, timeLimitMs: 10_000 }];
});

function otherOperation(input: RunsInput, state: RunsState): RunsInput {
  if (input.type !== 'operation-ended') return input;
  for (const { running, outcome } of state.runs.values()) {
    if (outcome !== undefined || !running?.operations.some(({ opId }) => opId === input.opId)) continue;
    const other = running.operations.find(({ opId, phase }) => opId !== input.opId && phase !== 'ended');
    if (other) return { ...input, opId: other.opId };
  }
  return input;
}

const neverInTime =
  (step: Step): Step =>
  (state, input, at) => {
    if (input.type !== 'tick') return step(state, input, at);
    const deadlines = [...state.runs.values()].flatMap(({ running, outcome }) =>
      running && outcome === undefined && runningActionOf(state, running)?.type !== 'wait'
        ? [running.deadlineAtMs - 1]
        : [],
    );
    return step(state, input, { ...at, nowMs: Math.min(at.nowMs, ...deadlines) });
  };

function runningActionOf(state: RunsState, running: NonNullable<RunState['running']>): Action | undefined {
  const run = [...state.runs.values()].find((each) => each.running === running);
  return run && runningAction(run, running).action;
}

const looksOnce =
  (step: Step): Step =>
  (state, input, at) =>
    input.type !== 'observed'
      ? step(state, input, at)
      : step(
          mapRuns(state, (run) =>
            run.running?.look
              ? { ...run, running: { ...run.running, look: { ...run.running.look, held: 9 } } }
              : run,
          ),
          input,
          at,
        );

const withoutRecords = (type: RunRecord['type']) =>
  changingEffects((effect) =>
    effect.type === 'commit'
      ? [{ ...effect, records: effect.records.filter((record) => record.type !== type) }]
      : [effect],
  );

const withPlan = (run: RunState, change: (action: Action) => Action): RunState => {
  const { plan } = run.request;
  const stages = plan.stages.map((stage) => ({
    ...stage,
    steps: stage.steps.map((step) => ({ ...step, methods: step.methods.map(change) })),
  }));
  return { ...run, request: { ...run.request, plan: { ...plan, stages } } };
};

const repeatsHooks =
  (step: Step): Step =>
  (state, input, at) =>
    input.type === 'resume'
      ? step(
          mapRuns(state, (run) =>
            withPlan(run, (action) => (action.type === 'hook' ? { ...action, isRepeatable: true } : action)),
          ),
          input,
          at,
        )
      : step(state, input, at);

/** What stands behind a commit is carried out before it. */
const sendsFirst =
  (step: Step): Step =>
  (state, input, at) => {
    const { state: next, effects } = step(state, input, at);
    const early = effects.flatMap((each) => {
      // biome-ignore lint/suspicious/noThenProperty: a list of effects, nothing to await
      return each.type === 'commit' ? [...each.then, { ...each, then: [] }] : [each];
    });
    return { state: next, effects: early };
  };

const loosenedLimit = (step: Step): Step => {
  const tightens = changingEffects((effect) =>
    effect.type === 'commit'
      ? [
          {
            ...effect,
            records: effect.records.map((record) =>
              record.type === 'limit-tightened'
                ? { ...record, deadlineAtMs: record.deadlineAtMs + 1e7 }
                : record,
            ),
          },
        ]
      : [effect],
  );
  return tightens(step);
};

const withoutGates = (plan: Plan): Plan => ({
  ...plan,
  stages: plan.stages.map((stage) => ({
    ...stage,
    steps: stage.steps.filter(({ methods: [method] }) => method?.type !== 'gate'),
  })),
});

const forgetsRun =
  (open: typeof openRuns): typeof openRuns =>
  (options) => {
    const opened = open(options);
    const runs = new Map<RunId, RunState>();
    for (const [runId, run] of opened.runs) if (run.results.length > 0) runs.set(runId, run);
    return { ...opened, runs };
  };

export const mutants: Readonly<Record<string, Mutation>> = {
  'skips fsync': { disk: { skipsSync: true } },
  'accepts a torn tail': { disk: { keepsTornTail: true } },
  'effects before their record': { runsStep: sendsFirst },
  'a gate counts "sent" as done': {
    observation: (leaf, seen) =>
      leaf.type === 'unit' && seen.verdict === 'fails' ? { ...seen, verdict: 'holds' } : seen,
  },
  'unknown is read as stopped': {
    observation: (leaf, seen) =>
      leaf.type === 'unit' && seen.verdict === 'unknown' ? { ...seen, verdict: 'holds' } : seen,
  },
  'powered off without a probe': {
    observation: (leaf, seen) =>
      leaf.type === 'node' && leaf.state === 'powered-off' && seen.detail === 'the host is up'
        ? { ...seen, verdict: 'holds' }
        : seen,
  },
  'a gate looks once where twice is asked': { runsStep: looksOnce },
  'gates are left out': { plan: withoutGates },
  'the order of stages is turned round': {
    plan: (plan) => ({ ...plan, stages: [...plan.stages].reverse() }),
  },
  'the agent does not look at the epoch': {
    agentOperationsStep: (step) => (state, input, at) => {
      if (input.type === 'apply' || input.type === 'begun-durable') state.highestEpoch = 0;
      return step(state, input, at);
    },
  },
  'the agent forgets the epoch': {
    agentForgetsEpoch: true,
    agentJournal: (records) =>
      records.map((record) => (record.type === 'begun' ? { ...record, epoch: 0 } : record)),
  },
  'the manager keeps its epoch': { managerEpochStays: true },
  'the agent does not keep operation ids': {
    agentJournal: (records) => records.filter(({ type }) => type !== 'begun' && type !== 'finished'),
  },
  'the agent applies what has expired': {
    agentOperationsStep: (step) => (state, input, at) =>
      step(
        state,
        input.type === 'apply'
          ? { ...input, operation: { ...input.operation, notAfterClockMs: Number.MAX_SAFE_INTEGER } }
          : input,
        at,
      ),
  },
  'a deadline begins anew after a restart': {
    openRuns: openedWith((run) =>
      run.deadlineAtMs === undefined ? run : { ...run, deadlineAtMs: run.deadlineAtMs + 60_000 },
    ),
  },
  'the time of a step begins anew after a restart': {
    openRuns: openedWith((run) =>
      run.running
        ? { ...run, running: { ...run.running, deadlineAtMs: run.running.deadlineAtMs + 30_000 } }
        : run,
    ),
  },
  'a resume repeats operations under new ids': { runsStep: repeatsUnderNewIds },
  'a resume repeats hooks that must not be': { runsStep: repeatsHooks },
  'a run without a step is forgotten at a restart': { openRuns: forgetsRun },
  'the end of a run is not recorded': { runsStep: withoutRecords('run-ended') },
  'the end of an operation is not recorded': { runsStep: withoutRecords('operation-ended') },
  'the intent is not removed': { keepsIntent: true },
  'the intent is not written': {
    runsStep: changingEffects((effect) =>
      effect.type === 'commit' && effect.intent ? [{ ...effect, intent: undefined }] : [effect],
    ),
  },
  'a withdrawal is not repeated': {
    runsStep: changingEffects((effect, _, input) =>
      input.type === 'node-online' && effect.type === 'withdraw' ? [] : [effect],
    ),
  },
  'a withdrawn order comes back': { keepsOrderFile: true },
  'the dead man is too early': {
    deadManStep: (step) => (state, input, at) => {
      if (input.type === 'arm' && input.order)
        return step(state, { ...input, order: { ...input.order, beginAtClockMs: at.bootTimeMs + 1000 } }, at);
      return step(state, input, at);
    },
  },
  'the dead man acts while the manager is there': {
    deadManStep: (step) => (state, input, at) =>
      input.type === 'session' && input.isOpen ? { state, effects: [] } : step(state, input, at),
  },
  'an abort past the point of no return': { runsStep: abortsAlways },
  'a second trigger starts a second run': { runsStep: startsSecondRun },
  'a pre-empted run goes on': { runsStep: letsPreemptedGoOn },
  'a pre-empted run sends what was lost': { resendsUnwanted: true },
  'a second trigger loosens the deadline': { runsStep: loosenedLimit },
  "another operation's outcome is counted": { runsStep: changingInput(otherOperation) },
  'unknown counts as done': { runsStep: changingInput(withEnd('unknown', { status: 'done' })) },
  'timeout counts as done': { runsStep: changingInput(withEnd('timeout', { status: 'done' })) },
  'offline counts as done': { runsStep: changingInput(withEnd('offline', { status: 'done' })) },
  'a step never times out': { runsStep: neverInTime },
  'the order of a run that is over is given again': {
    runsStep: changingEffects((effect, state) => {
      if (effect.type !== 'withdraw') return [effect];
      const part = state.runs.get(effect.runId)?.request.plan.parts.find(({ node }) => node === effect.node);
      const order = part && { ...part, beginAtMs: 0, reason: '' };
      return order ? [{ type: 'arm', runId: effect.runId, order }] : [effect];
    }),
  },
};
