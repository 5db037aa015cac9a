/** Runs on a bench: short ways to ask for them. */
import {
  createAbortRun,
  createGetPlan,
  createGetRun,
  createListRuns,
  createStartRun,
  createWatchRun,
  type GetPlan,
  type RunReport,
  type RunUpdate,
  type StartRun,
} from '@hecate/proto/generated/wire.ts';
import { until } from '../../../test/nodes/until.ts';
import type { FakeAgent, FakeAgentOptions } from '../../../test/support/fake-agent.ts';
import type { ManagerBench, Operator } from './manager-bench.ts';

export const startRun = (operator: Operator, value: Partial<StartRun>) =>
  operator.get('runStarted', { case: 'startRun', value: createStartRun(value) });
export const execute = (operator: Operator, name: string, value: Partial<StartRun> = {}) =>
  startRun(operator, { name, execute: true, ...value });
export const getPlan = (operator: Operator, value: Partial<GetPlan>) =>
  operator.get('plan', { case: 'getPlan', value: createGetPlan(value) });
export const getRun = (operator: Operator, runId = '') =>
  operator.get('run', { case: 'getRun', value: createGetRun({ runId }) });
export const listRuns = async (operator: Operator) =>
  (await operator.get('runs', { case: 'listRuns', value: createListRuns() })).runs;
export const abortRun = (operator: Operator, runId: string, reason = '') =>
  operator.get('run', { case: 'abortRun', value: createAbortRun({ runId, reason }) });

/** Every update, and the report that it ends with. */
export async function watchRun(operator: Operator, runId: string) {
  const value = createWatchRun({ runId });
  const { outcome, items } = await operator.ask({ case: 'watchRun', value });
  if (outcome.case !== 'run') throw new Error(outcome.case);
  const updates = items.flatMap((item): RunUpdate[] => (item.case === 'runUpdate' ? [item.value] : []));
  return { report: outcome.value, updates, lines: updates.flatMap(({ events }) => events) };
}

export const stateOf = ({ summary }: Pick<RunReport, 'summary'>): string => summary?.state ?? '';
export const stepStates = ({ stages }: RunReport): string[] =>
  stages.flatMap(({ steps }) => steps.map(({ id, state }) => `${id} ${state}`));

/** The report of a run that is over. */
export async function ended(operator: Operator, runId: string): Promise<RunReport> {
  return until(
    async () => {
      const report = await getRun(operator, runId);
      return !['running', 'aborting'].includes(stateOf(report)) && report;
    },
    { what: `run ${runId} is over` },
  );
}

/** An agent that has told its units, none at first: before that, a run waits for its connection to systemd. */
export async function agentOf(bench: ManagerBench, options: FakeAgentOptions | string): Promise<FakeAgent> {
  const agent = await bench.agent(options);
  agent.tellUnits([]);
  return agent;
}

/** Agents of these names, ready. */
export async function agentsOf(bench: ManagerBench, names: readonly string[]) {
  const agents = await Promise.all(names.map((name) => agentOf(bench, name)));
  for (const name of names) await bench.untilNode(name, 'online', true);
  return new Map(agents.map((agent) => [agent.name, agent] as const));
}
