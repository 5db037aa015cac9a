/**
 * Runs of a plan on simulated agents whose jobs take set times: elapsed ÷ critical path (the sum, over the steps, of the
 * slowest operation's set time), and how long after a SIGKILL in the middle of a step the manager that is started again
 * sends the next operation. `HECATE_BENCH_ROUNDS=20` for more of them.
 */
import { createStartRun, createWatchRun, type RunReport } from '@hecate/proto/generated/wire.ts';
import type { Session } from '@hecate/proto/io/session-host.ts';
import { until } from '../nodes/until.ts';
import type { BenchResult } from './result.ts';
import { SimulatedSite } from './simulated-site.ts';
import { microseconds, summarize } from './statistics.ts';

const nodeCounts = [3, 10, 100] as const;
const rounds = Number(process.env.HECATE_BENCH_ROUNDS ?? 5);
const unit = 'work.service';
/** The slowest node's; the quickest takes a fifth, the others are spread between them. */
const slowestJobMs = 1000;
const stagesCount = 3;
const stepsPerStage = 2;
const criticalPathMs = stagesCount * stepsPerStage * slowestJobMs;
const timeLimitMs = 120_000;

/** In no order, so that the slowest is neither the first nor the last that is sent to. 37 has no factor with the counts. */
const jobsMs = (count: number): number[] =>
  Array.from(
    { length: count },
    (_, index) => slowestJobMs * (0.2 + (0.8 * (((index * 37) % count) + 1)) / count),
  );

/** Down and up on every node, three times. With gates, each stage ends with one that sees the units up. */
function stages(hasGates: boolean) {
  const onAll = { nodes: ['all'], units: [unit] };
  const gate = { sentence: 'every unit is up', unit: { ...onAll, states: ['active'] }, timeout: '1m' };
  return Array.from({ length: stagesCount }, (_, index) => ({
    name: `turn-${index + 1}`,
    steps: [
      { stop: onAll, timeout: '1m' },
      { start: onAll, timeout: '1m' },
    ],
    ...(hasGates ? { gate } : {}),
  }));
}

const sequences = { plain: { stages: stages(false) }, gated: { stages: stages(true) } };
type SequenceName = keyof typeof sequences;

async function begin(operator: Session, name: SequenceName): Promise<string> {
  const value = createStartRun({ name, execute: true });
  const answer = await operator.call({ case: 'startRun', value }, { timeLimitMs });
  const runId = answer.case === 'runStarted' ? answer.value.run?.summary?.runId : undefined;
  if (runId === undefined) throw new Error(`a run was not begun: ${answer.case}`);
  return runId;
}

async function watch(operator: Session, runId: string): Promise<RunReport> {
  const value = createWatchRun({ runId });
  const answer = await operator.call({ case: 'watchRun', value }, { timeLimitMs, onItem: () => undefined });
  if (answer.case !== 'run' || answer.value.summary?.state !== 'done')
    throw new Error(`a run ended with ${answer.case === 'run' ? answer.value.summary?.state : answer.case}`);
  return answer.value;
}

interface Sample {
  /** As the run's own record has it: from its acceptance to its end. */
  readonly elapsedMs: number;
  /** From the request until somebody who watches knows that it is over. */
  readonly watchedMs: number;
}

async function measureRun(site: SimulatedSite, name: SequenceName): Promise<Sample> {
  const operator = await site.operator();
  const startedAtMs = performance.now();
  const report = await watch(operator, await begin(operator, name));
  const watchedMs = microseconds(performance.now() - startedAtMs);
  operator.end('HEC_SHUTTING_DOWN', 'measured');
  return { elapsedMs: report.elapsedMs, watchedMs };
}

interface RestartSample {
  readonly listensMs: number;
  readonly allBackMs: number;
  readonly nextOperationMs: number;
  readonly firstOfAllNodesMs: number;
}

/** Killed while every node is at its second step; started when all of these jobs have ended unseen. */
async function measureRestart(site: SimulatedSite): Promise<RestartSample> {
  const count = site.agents.length;
  const operator = await site.operator();
  const [stops, starts] = [site.jobs('stop'), site.jobs('start')];
  const runId = await begin(operator, 'plain');
  const quickly = { timeoutMs: 60_000, intervalMs: 1 };
  await until(() => site.jobs('start') === starts + count, { what: 'the second step is sent', ...quickly });
  await site.manager.stop('SIGKILL');
  await until(async () => (await site.jobsInFlight()) === 0, { what: 'its jobs have ended', ...quickly });
  await until(() => site.agents.every((agent) => !agent.isConnected), { what: 'all lost it', ...quickly });
  const startedAtMs = performance.now();
  const since = (): number => microseconds(performance.now() - startedAtMs);
  const allBack = site.untilAllThere().then(since);
  const nextOperation = until(() => site.jobs('stop') > stops + count, {
    what: 'the next operation',
    ...quickly,
  }).then(since);
  await site.manager.start();
  const listensMs = since();
  const nextOperationMs = await nextOperation;
  await until(() => site.jobs('stop') >= stops + 2 * count, { what: 'the whole next step', ...quickly });
  const firstOfAllNodesMs = since();
  const after = await site.operator();
  await watch(after, runId);
  after.end('HEC_SHUTTING_DOWN', 'measured');
  if (
    site.jobs('stop') - stops !== stagesCount * count ||
    site.jobs('start') - starts !== stagesCount * count
  )
    throw new Error('an operation was applied twice, or not at all');
  return { listensMs, allBackMs: await allBack, nextOperationMs, firstOfAllNodesMs };
}

async function inTurn<Result>(measure: () => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  for (let round = 0; round < rounds; round += 1) results.push(await measure());
  return results;
}

async function measureSite(count: number) {
  const site = await SimulatedSite.start({ jobsMs: jobsMs(count), unit, config: { sequences } });
  try {
    // The first one finds code that was never run.
    await measureRun(site, 'plain');
    const pairs = await inTurn(async () => ({
      plain: await measureRun(site, 'plain'),
      gated: await measureRun(site, 'gated'),
    }));
    const restarts = await inTurn(() => measureRestart(site));
    return {
      count,
      plain: pairs.map(({ plain }) => plain),
      gated: pairs.map(({ gated }) => gated),
      restarts,
    };
  } finally {
    await site.close();
  }
}

const thousandths = (value: number): number => Math.round(value * 1000) / 1000;
const median = (values: readonly number[]): number => summarize(values).p50;
const ratioOf = (samples: readonly Sample[]): number =>
  thousandths(median(samples.map(({ elapsedMs }) => elapsedMs)) / criticalPathMs);

export async function runs(): Promise<BenchResult> {
  const sites = [];
  for (const count of nodeCounts) sites.push(await measureSite(count));
  return {
    name: 'runs',
    aim: 'elapsed ÷ critical path ≤ 1.02',
    ratios: Object.fromEntries(sites.map(({ count, plain }) => [`${count} nodes`, ratioOf(plain)])),
    lines: sites.flatMap(({ count, plain, gated, restarts }) => {
      const perStepMs =
        (median(plain.map((each) => each.elapsedMs)) - criticalPathMs) / stagesCount / stepsPerStage;
      const [elapsed, watched] = [plain.map((each) => each.elapsedMs), plain.map((each) => each.watchedMs)];
      const of = (key: keyof RestartSample): string =>
        `${Math.round(median(restarts.map((each) => each[key])))} ms`;
      return [
        `${count} nodes: ${median(elapsed)} ms for ${criticalPathMs} (worst of ${rounds}: ${Math.max(...elapsed)}; ${Math.round(perStepMs)} ms more for each step), known to a watcher after ${Math.round(median(watched))}; with a gate behind each stage ${ratioOf(gated)}`,
        `  killed and started again: it listens after ${of('listensMs')}, all nodes are back after ${of('allBackMs')}, the next operation is sent after ${of('nextOperationMs')}, to the last node after ${of('firstOfAllNodesMs')}`,
      ];
    }),
    raw: { criticalPathMs, slowestJobMs, stagesCount, stepsPerStage, rounds, sites },
  };
}
