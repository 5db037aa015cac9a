/**
 * The state of runs is what their records fold to (I7): the machine changes nothing that is to outlive it except
 * through `applyRecord`. Phases of operations, looks of gates and pauses before retries are not recorded; a resume makes
 * them anew.
 */
import type { NodeName } from '@hecate/proto/core/names.ts';
import { isSameAddress } from './plan-walk.ts';
import type { Intent, PastOperations, RunId, RunningStep, RunOperation, RunState } from './run.ts';
import type { RunRecord } from './run-record.ts';
import type { RunsState } from './runs-state.ts';

type Of<Type extends RunRecord['type']> = Extract<RunRecord, { type: Type }>;

/**
 * The state at a start, to which the input `resume` comes first. Ended runs are in it, too, as long as their records
 * are: runs.json may not have them yet.
 */
export function openRuns({
  records,
  intent,
  bootId,
}: {
  readonly records: Iterable<RunRecord>;
  readonly intent: Intent | undefined;
  readonly bootId: string;
}): RunsState {
  const runs = new Map<RunId, RunState>();
  for (const record of records) {
    const run = record.type === 'run-accepted' ? acceptedRun(record) : runs.get(record.runId);
    // Without its beginning a run is one that was refused because that could not be written.
    if (run) runs.set(record.runId, record.type === 'run-accepted' ? run : applyRecord(run, record));
  }
  return { runs, intent, bootId };
}

export function acceptedRun({ request, bootId, atMs }: Of<'run-accepted'>): RunState {
  return {
    request,
    bootId,
    recordedAtMs: atMs,
    rung: 'full',
    rungWhy: '',
    rungAtMs: atMs,
    deadlineAtMs: request.timeLimitMs === undefined ? undefined : atMs + request.timeLimitMs,
    beganAtMs: atMs,
    endedAtMs: undefined,
    running: undefined,
    results: [],
    pastOperations: [],
    abort: undefined,
    outcome: undefined,
    why: '',
    armed: [],
    carriedOut: [],
    operationsCount: 0,
  };
}

export function applyRecord(run: RunState, record: RunRecord): RunState {
  return { ...changed(run, record), recordedAtMs: record.atMs };
}

function changed(run: RunState, record: RunRecord): RunState {
  switch (record.type) {
    case 'run-accepted':
      return run;
    case 'resumed':
      return resumed(run, record);
    case 'rung-chosen':
      return { ...run, rung: record.rung, rungWhy: record.why, rungAtMs: record.atMs };
    case 'limit-tightened':
      return tightened(run, record);
    case 'joined':
      return { ...run, joinedBy: record.by };
    case 'method-begun':
      return begun(run, record);
    case 'operations-retried':
      return retried(run, record);
    case 'operation-ended':
      return ended(run, record);
    case 'step-ended':
      return stepEnded(run, record);
    case 'abort-requested':
      return { ...run, abort: { by: record.by, reason: record.reason } };
    case 'arming':
      return { ...run, armed: [...new Set([...run.armed, ...record.nodes])].sort() };
    case 'withdrawn':
      return { ...run, armed: without(run.armed, record.nodes) };
    case 'order-carried-out':
      return { ...run, carriedOut: [...new Set([...run.carriedOut, record.node])].sort() };
    case 'run-ended':
      return { ...run, outcome: record.outcome, why: record.why, endedAtMs: record.atMs };
  }
}

const without = (nodes: readonly NodeName[], gone: readonly NodeName[]): readonly NodeName[] =>
  nodes.filter((node) => !gone.includes(node));

/** I5: deadlines go on. In another boot of the coordinator its clock began anew: what was left then is left now. */
function resumed(run: RunState, { bootId, atMs }: Of<'resumed'>): RunState {
  if (bootId === run.bootId) return run;
  const shiftMs = atMs - run.recordedAtMs;
  const later = (ms: number): number => ms + shiftMs;
  const { running } = run;
  return {
    ...run,
    bootId,
    rungAtMs: later(run.rungAtMs),
    beganAtMs: later(run.beganAtMs),
    endedAtMs: run.endedAtMs === undefined ? undefined : later(run.endedAtMs),
    deadlineAtMs: run.deadlineAtMs === undefined ? undefined : later(run.deadlineAtMs),
    running: running && {
      ...running,
      beganAtMs: later(running.beganAtMs),
      methodBeganAtMs: later(running.methodBeganAtMs),
      deadlineAtMs: later(running.deadlineAtMs),
    },
  };
}

function tightened(run: RunState, { deadlineAtMs, methodDeadlineAtMs }: Of<'limit-tightened'>): RunState {
  const { running } = run;
  return {
    ...run,
    deadlineAtMs,
    running:
      running && methodDeadlineAtMs !== undefined
        ? { ...running, deadlineAtMs: methodDeadlineAtMs }
        : running,
  };
}

const waiting = ({ opId, index }: { opId: RunOperation['opId']; index: number }): RunOperation => ({
  opId,
  index,
  phase: 'waiting',
  end: undefined,
});

function begun(run: RunState, { address, method, deadlineAtMs, operations, atMs }: Of<'method-begun'>) {
  const isNext = run.running !== undefined && isSameAddress(run.running.address, address);
  const running: RunningStep = {
    address,
    method,
    beganAtMs: isNext ? (run.running?.beganAtMs ?? atMs) : atMs,
    methodBeganAtMs: atMs,
    deadlineAtMs,
    operations: operations.map(waiting),
    look: undefined,
    retries: 0,
    retryAtMs: undefined,
  };
  return { ...run, running, operationsCount: run.operationsCount + operations.length };
}

function retried(run: RunState, { operations }: Of<'operations-retried'>): RunState {
  const { running } = run;
  if (!running) return run;
  const again = new Map(operations.map((operation) => [operation.index, waiting(operation)]));
  return {
    ...run,
    running: {
      ...running,
      operations: running.operations.map((operation) => again.get(operation.index) ?? operation),
      retries: running.retries + 1,
      retryAtMs: undefined,
    },
    operationsCount: run.operationsCount + operations.length,
  };
}

function ended(run: RunState, { opId, end }: Of<'operation-ended'>): RunState {
  const { running } = run;
  if (!running) return run;
  const operations = running.operations.map(
    (operation): RunOperation =>
      operation.opId === opId ? { ...operation, phase: 'ended', end } : operation,
  );
  return { ...run, running: { ...running, operations } };
}

function stepEnded(run: RunState, { result }: Of<'step-ended'>): RunState {
  const { address } = result;
  // Phases are not recorded: a step is done without an operation's end only when systemd has taken it.
  const phase = result.outcome === 'done' ? 'accepted' : 'sent';
  const operations = (run.running?.operations ?? []).map(
    (each): RunOperation => (each.phase === 'ended' ? each : { ...each, phase }),
  );
  const past: PastOperations[] = operations.length > 0 ? [{ address, operations }] : [];
  return {
    ...run,
    running: undefined,
    results: [...run.results, result],
    pastOperations: [...run.pastOperations, ...past],
  };
}
