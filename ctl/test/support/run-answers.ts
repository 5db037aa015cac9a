/** Answers about plans and runs, for the fake manager: a shutdown in two stages, as far as a test wants it to be. */
import {
  createPlanReport,
  createRunEventLine,
  createRunOperationReport,
  createRunReport,
  createRunStage,
  createRunStep,
  createRunSummary,
  type RunReport,
  type RunStep,
} from '@hecate/proto/generated/wire.ts';
import { seenAtMs } from './answers.ts';
import type { Answers } from './fake-manager.ts';

export const runId = '01KASVJ5T0ABCDEFGHJKMNPQRS';

const digest = `sha256:${'0'.repeat(64)}`;

/** @param steps what differs from the step that has not begun, by id */
export function reportOf(
  state: string,
  steps: Readonly<Record<string, Partial<RunStep>>> = {},
  more: Partial<RunReport> = {},
): RunReport {
  const step = (id: string, name: string): RunStep =>
    createRunStep({ id, name, state: 'pending', expectedMs: 20_000, boundMs: 120_000, ...steps[id] });
  return createRunReport({
    summary: createRunSummary({
      runId,
      plan: 'shutdown',
      kind: 'shutdown',
      mode: 'poweroff',
      state,
      requestedBy: 'local:alice',
      startedMs: seenAtMs,
      durationMs: 72_000,
      rung: 'full',
    }),
    planDigest: digest,
    elapsedMs: 72_000,
    expectedMs: 180_000,
    boundMs: 840_000,
    stages: [
      createRunStage({
        name: 'workers',
        steps: [step('1.1', 'stop k3s-agent.service on 2 nodes'), step('1.2', 'the workers have stopped')],
      }),
      createRunStage({ name: 'power off coordinator', steps: [step('2.1', 'power off pi')] }),
    ],
    ...more,
  });
}

export const operation = (
  node: string,
  state: string,
  more: Parameters<typeof createRunOperationReport>[0] = {},
) => createRunOperationReport({ node, verb: 'stop', unit: 'k3s-agent.service', state, ...more });

/** The last step runs, and everything before it is over. */
export const coordinatorGoing = reportOf('running', {
  '1.1': { state: 'done', durationMs: 12_000 },
  '1.2': { state: 'done', durationMs: 20_000 },
  '2.1': {
    state: 'running',
    durationMs: 300,
    operations: [createRunOperationReport({ node: 'pi', verb: 'poweroff', state: 'accepted' })],
  },
});

export const event = (type: string, text: string, step = '') =>
  createRunEventLine({ atMs: seenAtMs, type, text, step });

export const getPlan: NonNullable<Answers['getPlan']> = () => ({
  case: 'plan',
  value: createPlanReport({ names: ['restart-workers', 'shutdown', 'startup'] }),
});

export const listRuns: NonNullable<Answers['listRuns']> = () => ({
  case: 'runs',
  value: { runs: [reportOf('done').summary ?? createRunSummary()] },
});
