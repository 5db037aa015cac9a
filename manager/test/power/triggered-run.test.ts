import t from 'tap';
import type { RunId, RunRequest, RunState } from '../../src/core/runs/run.ts';
import { type TriggerEffect, TriggeredRun } from '../../src/power/triggered-run.ts';
import type { AcceptedRun } from '../../src/runs/run-runner.ts';
import { RunWatchers } from '../../src/runs/run-watchers.ts';

const trigger = (triggerId: string, timeLimitMs = 1000): TriggerEffect => ({
  type: 'trigger',
  triggerId,
  cause: 'runtime',
  sentence: 'no power',
  slackMs: -1,
  timeLimitMs,
});
const reverse = (triggerId: string) => ({ type: 'reverse', triggerId, sentence: 'mains is back' }) as const;
const turns = () => new Promise((resolve) => setImmediate(resolve));

/** Fake runs: accepted, joined, ended and refused as a test says. */
class FakeRuns {
  readonly watchers = new RunWatchers();
  readonly asked: RunRequest[] = [];
  readonly aborted: RunId[] = [];
  readonly states = new Map<
    RunId,
    { request: Partial<RunRequest>; state: string; abort?: RunState['abort'] }
  >();
  refusal: Error | undefined;
  joins: RunId | undefined;

  async request(request: RunRequest): Promise<AcceptedRun> {
    this.asked.push(request);
    if (this.refusal) throw this.refusal;
    const runId = this.joins ?? (`run-${this.asked.length}` as RunId);
    if (!this.states.has(runId)) this.begin(runId, request.triggerId);
    return { runId, isJoined: this.joins !== undefined, preempted: [] };
  }

  begin(runId: string, triggerId: string): void {
    this.states.set(runId as RunId, { request: { runId: runId as RunId, triggerId }, state: 'running' });
  }

  async abort(runId: RunId): Promise<void> {
    this.aborted.push(runId);
  }

  abortBy(runId: string, by: string): void {
    const run = this.states.get(runId as RunId);
    if (run) run.abort = { by, reason: '' };
    this.watchers.change(runId as RunId);
  }

  readonly past = new Set<string>();

  passNoReturn(runId: string): void {
    this.past.add(runId);
    this.watchers.change(runId as RunId);
  }

  end(runId: string, state: string): void {
    const run = this.states.get(runId as RunId);
    if (run) run.state = state;
    this.watchers.change(runId as RunId);
  }

  active = (): RunState[] =>
    [...this.states.values()]
      .filter(({ state }) => state === 'running')
      .map(({ request, abort }) => ({
        abort,
        request: { ...request, plan: { kind: 'shutdown', stages: [{ steps: [{ powersOff: ['srv-1'] }] }] } },
        results: this.past.has(request.runId ?? '') ? [{ address: { stage: 0, step: 0 } }] : [],
        running: undefined,
      })) as unknown as RunState[];

  report = (runId: RunId) => ({ summary: { state: this.states.get(runId)?.state ?? '' } }) as never;
}

function desk() {
  const runs = new FakeRuns();
  const heard: string[] = [];
  const kept: string[] = [];
  let hasNothingToDo = false;
  let isWanted = false;
  const triggered = new TriggeredRun({
    runs,
    makeRequest: ({ triggerId, timeLimitMs }) =>
      hasNothingToDo ? undefined : ({ triggerId, timeLimitMs } as RunRequest),
    keep: async (triggerId, runId) => void kept.push(`${triggerId} ${runId}`),
    hear: (triggerId, event) => void heard.push(`${triggerId} ${event}`),
    isWanted: () => isWanted,
    onTakenBack: () => void heard.push('taken back'),
    onNothingTaken: () => void heard.push('nothing taken'),
    onTrouble: (error) => void (error && heard.push(error.message)),
    onNoReturn: () => undefined,
  });
  const want = (is: boolean) => (isWanted = is);
  return { runs, heard, kept, triggered, want, spare: (is: boolean) => (hasNothingToDo = is) };
}

t.test('what another UPS has asked for, too, goes on when one takes it back', async (t) => {
  const { runs, heard, triggered, want } = desk();
  triggered.ask(trigger('a'));
  await turns();
  want(true);
  triggered.reverse(reverse('a'));
  await turns();
  t.same(runs.aborted, []);
  t.same(heard, ['a started', 'a failed', 'nothing taken']);
  runs.end('run-1', 'done');
  await turns();
  t.same(heard.slice(3), [], 'it is not its run any more');
  want(false);
  triggered.ask(trigger('b'));
  await turns();
  triggered.reverse(reverse('b'));
  await turns();
  t.equal(runs.aborted.length, 1, 'nobody else wants it');
});

t.test('asked, kept, followed to its end', async (t) => {
  const { runs, heard, kept, triggered } = desk();
  triggered.ask(trigger('a'));
  await turns();
  t.same([heard, kept], [['a started'], ['a run-1']]);
  runs.end('run-1', 'done');
  await turns();
  t.same(heard, ['a started', 'a ended']);
});

t.test('asked for again with a smaller limit: the same run, told once', async (t) => {
  const { runs, heard, triggered } = desk();
  triggered.ask(trigger('a'));
  await turns();
  runs.joins = 'run-1' as RunId;
  triggered.ask(trigger('a', 10));
  await turns();
  t.equal(runs.asked.at(-1)?.timeLimitMs, 10);
  t.same(heard, ['a started']);
});

t.test('a trigger that joins the run that is followed for an older one hears of its end', async (t) => {
  const { runs, triggered, heard } = desk();
  triggered.ask(trigger('one'));
  await turns();
  runs.joins = 'run-1' as RunId;
  triggered.ask(trigger('two'));
  await turns();
  runs.passNoReturn('run-1');
  await turns();
  triggered.ask(trigger('three'));
  await turns();
  runs.end('run-1', 'done');
  await turns();
  t.same(heard, [
    'one started',
    'two started',
    'two past-no-return',
    'three started',
    'three past-no-return',
    'three ended',
  ]);
});

t.test('refused: told, and what the decision asks again is accepted', async (t) => {
  const { runs, heard, triggered } = desk();
  runs.refusal = new Error('no disk');
  triggered.ask(trigger('a'));
  await turns();
  t.same(heard, ['no disk']);
  runs.refusal = undefined;
  triggered.ask(trigger('a'));
  await turns();
  t.same(heard, ['no disk', 'a started']);
});

t.test('failed, aborted or forgotten: the trigger is not answered', async (t) => {
  for (const state of ['failed', 'aborted', 'pre-empted', '']) {
    const { runs, heard, triggered } = desk();
    triggered.ask(trigger('a'));
    await turns();
    runs.end('run-1', state);
    await turns();
    t.same(heard, ['a started', 'a failed'], state);
  }
});

t.test('a person aborts it: that is another thing than a run that fails', async (t) => {
  for (const [by, event] of [
    ['alice', 'aborted'],
    ['power', 'failed'],
  ] as const) {
    const { runs, heard, triggered } = desk();
    triggered.ask(trigger('a'));
    await turns();
    runs.abortBy('run-1', by);
    await turns();
    runs.end('run-1', 'aborted');
    await turns();
    t.same(heard, ['a started', `a ${event}`], by);
  }
});

t.test('pre-empted by a shutdown that goes further: that one is followed', async (t) => {
  const { runs, heard, kept, triggered } = desk();
  triggered.ask(trigger('a'));
  await turns();
  runs.begin('run-9', 'b');
  runs.end('run-1', 'pre-empted');
  await turns();
  t.same(kept, ['a run-1', 'a run-9']);
  runs.end('run-9', 'done');
  await turns();
  t.same(heard, ['a started', 'a ended']);
});

t.test('taken back: its run is aborted, and what it took down comes up', async (t) => {
  const { runs, heard, triggered } = desk();
  triggered.ask(trigger('a'));
  await turns();
  triggered.reverse(reverse('a'));
  t.same(runs.aborted, ['run-1']);
  runs.end('run-1', 'aborted');
  await turns();
  t.same(heard, ['a started', 'a failed', 'taken back']);
});

t.test(
  'taken back, and another shutdown takes over from its run meanwhile: that one is not its own',
  async (t) => {
    const { runs, heard, kept, triggered } = desk();
    triggered.ask(trigger('a'));
    await turns();
    triggered.reverse(reverse('a'));
    runs.begin('run-9', 'b');
    runs.end('run-1', 'pre-empted');
    await turns();
    t.same(heard, ['a started', 'a failed', 'nothing taken']);
    runs.end('run-9', 'done');
    await turns();
    t.same(heard.slice(3), [], 'nothing is started behind a shutdown that somebody wants');
    t.same(kept, ['a run-1']);
  },
);

t.test('taken back too late: nothing is started behind a shutdown that goes on to its end', async (t) => {
  const { runs, heard, triggered } = desk();
  triggered.ask(trigger('a'));
  await turns();
  triggered.reverse(reverse('a'));
  runs.passNoReturn('run-1');
  await turns();
  runs.end('run-1', 'done');
  await turns();
  t.same(heard, ['a started', 'a past-no-return', 'a ended']);
});

t.test('taken back when its run had failed, and none goes on: what that had stopped comes up', async (t) => {
  const { heard, runs, triggered } = desk();
  triggered.ask(trigger('a'));
  await turns();
  runs.end('run-1', 'failed');
  await turns();
  triggered.reverse(reverse('a.2'));
  t.same(heard, ['a started', 'a failed', 'a.2 failed', 'taken back']);
  triggered.reverse(reverse('b'));
  t.same(heard.slice(4), ['b failed', 'nothing taken'], 'once');
});

t.test('taken back before a run has begun: nothing is stopped', async (t) => {
  const { runs, heard, triggered, spare } = desk();
  spare(true);
  triggered.ask(trigger('a'));
  await turns();
  triggered.reverse(reverse('a'));
  t.same([heard, runs.aborted], [['a failed', 'nothing taken'], []]);
});

t.test('taken back while it is being asked for: stopped when it is accepted', async (t) => {
  const { runs, triggered } = desk();
  triggered.ask(trigger('a'));
  triggered.reverse(reverse('a'));
  await turns();
  t.same([...new Set(runs.aborted)], ['run-1']);
});

t.test(
  'after a crash between the acceptance of its run and the record of that: the run is found',
  async (t) => {
    const { runs, heard, kept, triggered } = desk();
    runs.begin('run-9', 'a');
    triggered.resume('a', undefined, false);
    t.same(heard, ['a started'], 'before anything is asked');
    t.same(kept, ['a run-9'], 'who else wants it is to know of that');
    runs.end('run-9', 'done');
    await turns();
    t.same(heard, ['a started', 'a ended']);
    triggered.resume('b', undefined, false);
    await turns();
    t.same(heard.slice(2), [], 'none is there: the decision asks');
  },
);

t.test('after a restart: the run that is there is found, by its id or by its trigger', async (t) => {
  const { runs, heard, triggered } = desk();
  runs.begin('run-5', 'a');
  triggered.reverse(reverse('a'));
  t.same(runs.aborted, ['run-5'], 'also when its acceptance was not written down');
  triggered.resume('a', undefined);
  runs.end('run-5', 'aborted');
  await turns();
  t.same(heard, ['a failed', 'taken back']);

  const second = desk();
  second.runs.begin('run-6', 'by an operator');
  second.triggered.resume('b', 'run-6' as RunId);
  second.runs.end('run-6', 'degraded');
  await turns();
  t.same(second.heard, ['b ended'], 'one that it had joined');

  const third = desk();
  third.triggered.resume('c', undefined);
  t.same(third.heard, ['c failed'], 'one that nobody remembers');
});

t.test(
  'a person aborts it, and the manager ends before it has heard that: it was a person all the same',
  async (t) => {
    const { triggered, runs, heard } = desk();
    runs.begin('run-1', 'ups:rack-a:1');
    runs.end('run-1', 'aborted');
    triggered.resume('ups:rack-a:1', 'run-1' as RunId);
    await turns();
    t.same(heard, ['ups:rack-a:1 aborted']);
  },
);
