/** The take-over table, by asking the function that decides it. */
import { stepsOf } from '../../manager/src/core/plan/bounds.ts';
import type { Plan } from '../../manager/src/core/plan/plan.ts';
import { acceptedRun } from '../../manager/src/core/runs/fold-records.ts';
import type { RunId, RunningStep, RunRequest, RunState } from '../../manager/src/core/runs/run.ts';
import { takeOver } from '../../manager/src/core/runs/take-over.ts';
import { row } from './fill-tables.ts';

/** All of them hold nodes of the others. */
export interface TakeOverPlans {
  readonly startup: Plan;
  readonly sequence: Plan;
  readonly clusterOnly: Plan;
  readonly poweroff: Plan;
}

const requestOf = (runId: string, plan: Plan, planDigest = plan.name): RunRequest => ({
  runId: runId as RunId,
  plan,
  planDigest,
  isRehearsal: false,
  reason: '',
  requestedBy: '',
  requestedFrom: '',
  requestedWallMs: 0,
  triggerId: '',
  timeLimitMs: undefined,
  learntMs: {},
});

function activeRun(plan: Plan, running?: RunningStep): RunState {
  const request = requestOf('ACTIVE', plan);
  const { runId } = request;
  return { ...acceptedRun({ type: 'run-accepted', request, bootId: '', runId, atMs: 0 }), running };
}

/** At its first step that powers a host off. */
function pastNoReturn(plan: Plan): RunState {
  const address = stepsOf(plan).find(({ step }) => step.powersOff.length > 0)?.address;
  if (!address) throw new Error(`${plan.name} powers nothing off`);
  return activeRun(plan, {
    address,
    method: 0,
    beganAtMs: 0,
    methodBeganAtMs: 0,
    deadlineAtMs: 0,
    operations: [],
    look: undefined,
    retries: 0,
    retryAtMs: undefined,
  });
}

const words = { begin: 'pre-empts it', join: 'joins it', refuse: 'refused' } as const;

export function takeOverRows({ startup, sequence, clusterOnly, poweroff }: TakeOverPlans): string {
  const active: readonly (readonly [string, RunState])[] = [
    ['a startup', activeRun(startup)],
    ['a sequence', activeRun(sequence)],
    ['a shutdown, cluster-only', activeRun(clusterOnly)],
    ['a shutdown', activeRun(poweroff)],
    ['a shutdown that has begun to power off', pastNoReturn(poweroff)],
  ];
  const asked: readonly (readonly [string, RunRequest])[] = [
    ['the same startup', requestOf('ASKED', startup)],
    ['a startup by another plan', requestOf('ASKED', startup, 'another')],
    ['a sequence', requestOf('ASKED', sequence)],
    ['a shutdown, cluster-only', requestOf('ASKED', clusterOnly)],
    ['a shutdown', requestOf('ASKED', poweroff)],
  ];
  const rows = asked.map(([name, request]) =>
    row(`**${name}**`, ...active.map(([, run]) => words[takeOver([run], request).type])),
  );
  return [
    row('asked for, while there is …', ...active.map(([name]) => name)),
    `|${'---|'.repeat(active.length + 1)}`,
    ...rows,
  ].join('\n');
}
