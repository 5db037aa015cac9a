/** Runs on a cluster of booted nodes: asked for, followed over restarts of their manager, and read back. */
import type { RunReport, StartRun } from '@hecate/proto/generated/wire.ts';
import { Operator } from '../../../manager/test/support/manager-bench.ts';
import { execute, getRun, listRuns, stateOf } from '../../../manager/test/support/runs-bench.ts';
import { until } from '../../nodes/until.ts';
import { stateDirectory } from '../../site/cluster-manager.ts';
import type { ClusterSite } from '../../site/cluster-site.ts';

/** Asks the manager in a session of its own. @throws when it does not run, or is killed meanwhile */
export async function ask<Answer>(
  cluster: ClusterSite,
  question: (operator: Operator) => Promise<Answer>,
): Promise<Answer> {
  const operator = await Operator.connect(cluster.manager.socket());
  try {
    return await question(operator);
  } finally {
    operator.session.end('HEC_SHUTTING_DOWN', 'asked');
  }
}

/** Begins a run. @returns its id @throws HecateError when it is refused */
export async function begin(
  cluster: ClusterSite,
  name: string,
  options: Partial<StartRun> = {},
): Promise<string> {
  const { run } = await ask(cluster, (operator) => execute(operator, name, { reason: 'test', ...options }));
  return run?.summary?.runId ?? '';
}

/** As `begin`, for a manager that may be killed before it has answered: its newest run, which is in its journal. */
export async function beginUnanswered(
  cluster: ClusterSite,
  name: string,
  options: Partial<StartRun> = {},
): Promise<string> {
  const before = await ask(cluster, listRuns);
  const known = new Set(before.map(({ runId }) => runId));
  await begin(cluster, name, options).catch(() => undefined);
  return until(async () => (await ask(cluster, listRuns)).find(({ runId }) => !known.has(runId))?.runId, {
    what: `a run of ${name} is in the journal`,
    timeoutMs: 60_000,
    intervalMs: 100,
  });
}

const isOver = (report: RunReport): boolean => !['running', 'aborting'].includes(stateOf(report));

/** The report of a run once it fits; a manager that is being started again is waited for. */
export function reportWhen(
  cluster: ClusterSite,
  runId: string,
  what: string,
  fits: (report: RunReport) => boolean,
  timeoutMs = 240_000,
): Promise<RunReport> {
  return until(
    async () => {
      const report = await ask(cluster, (operator) => getRun(operator, runId));
      if (!fits(report) && isOver(report)) throw new Error(`it is over: ${describe(report)}`);
      return fits(report) && report;
    },
    { what: `run ${runId} ${what}`, timeoutMs, intervalMs: 200 },
  );
}

/** The report of a run that is over. */
export const finished = (cluster: ClusterSite, runId: string): Promise<RunReport> =>
  reportWhen(cluster, runId, 'is over', isOver);

/** What a test says of a run that did not end as it should. */
export function describe(report: RunReport): string {
  const { summary, stages, degradations } = report;
  const steps = stages
    .flatMap(({ steps }) => steps)
    .map(({ id, state, why }) => `${id} ${state} ${why}`.trim());
  return [`${summary?.state} ${summary?.why}`, ...degradations, ...steps].join('; ');
}

export interface PastDocument {
  readonly past: { readonly id: string; readonly plan: string; readonly outcome: string };
}

/** runs.json as it lies on the disk, newest last. */
export async function history(cluster: ClusterSite): Promise<PastDocument[]> {
  const text = await cluster.coordinator.readFile(`${stateDirectory}/runs.json`);
  return (JSON.parse(text) as { runs: PastDocument[] }).runs;
}

export const hasIntent = async (cluster: ClusterSite): Promise<boolean> =>
  (await cluster.coordinator.run(['test', '-e', `${stateDirectory}/intent.json`])).exitCode === 0;
