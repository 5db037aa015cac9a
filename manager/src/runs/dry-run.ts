/**
 * What a run would do, step by step, out of its plan and of what can be seen now: every check and every read, and
 * nothing is applied. Pure: who looks is dry-run-facts.ts.
 */
import type { NodeName } from '@hecate/proto/core/names.ts';
import {
  createRunOperationReport,
  createRunReport,
  createRunStage,
  createRunStep,
  createRunSummary,
  type RunOperationReport,
  type RunReport,
  type RunStep,
} from '@hecate/proto/generated/wire.ts';
import { boundOf, expectedOf, keptAt, stepBoundMs, stepExpectedMs } from '../core/plan/bounds.ts';
import type { Condition, Gate, Observations } from '../core/plan/gate.ts';
import { judge, leavesOf } from '../core/plan/gate-verdict.ts';
import type { Action, Plan, PlannedOperation, Rung, Step } from '../core/plan/plan.ts';
import type { RunRequest } from '../core/runs/run.ts';
import { operationKey, unitKey } from './unit-key.ts';

/** What was seen. */
export interface DryRunFacts {
  readonly observations: Observations;
  /** Nodes without a session, and why. */
  readonly offline: ReadonlyMap<NodeName, string>;
  /** By unitKey: units that their nodes do not have. */
  readonly missingUnits: ReadonlySet<string>;
  /** By operationKey: what the policies of their nodes refuse, why, and what would allow it. */
  readonly policyRefusals: ReadonlyMap<string, string>;
  /** Hooks, and by wakeCommandOf commands that wake, that cannot be run here, and why. */
  readonly hookTroubles: ReadonlyMap<string, string>;
  /** Hosts that are up, and that a gate would take for off, or could not see; a sentence for each. */
  readonly blindLooks: readonly string[];
  /** Why the run would be refused as things are: another run, an intent. */
  readonly refusal: string;
  readonly rung: Rung;
  readonly rungWhy: string;
}

interface Judged {
  readonly step: RunStep;
  readonly troubles: readonly string[];
  /** Whether they would end the run. */
  readonly isFatal: boolean;
}

export function dryRunReport(request: RunRequest, facts: DryRunFacts): RunReport {
  const { plan, learntMs } = request;
  const awaited = new Set<NodeName>();
  const judged: Judged[] = [];
  const stages = plan.stages.map((stage, stageIndex) => {
    const steps = stage.steps.map((step, stepIndex) => {
      const isKept = keptAt(plan, { stage: stageIndex, step: stepIndex }, facts.rung);
      const each = isKept ? judgeStep(step, request, facts, awaited) : leftOut(step, facts);
      if (isKept) for (const node of awaitedBy(step)) awaited.add(node);
      judged.push(each);
      return each.step;
    });
    return createRunStage({ name: stage.name, steps });
  });
  const told = judged.flatMap(({ troubles, step }) =>
    troubles.map((trouble) => `step ${step.id}: ${trouble}`),
  );
  const isFatal = facts.refusal !== '' || judged.some((each) => each.isFatal);
  const rungWhy = facts.rung === 'full' ? '' : facts.rungWhy;
  const degradations = [facts.refusal, rungWhy, ...facts.blindLooks, ...told].filter(Boolean);
  return createRunReport({
    summary: summaryOf(request, facts, isFatal, degradations),
    planDigest: request.planDigest,
    expectedMs: Math.round(expectedOf(plan, learntMs, facts.rung)),
    boundMs: Math.round(boundOf(plan, facts.rung)),
    timeLimitMs: request.timeLimitMs ?? 0,
    stages,
    degradations,
  });
}

function summaryOf(request: RunRequest, facts: DryRunFacts, isFatal: boolean, troubles: readonly string[]) {
  const { plan, runId, requestedBy, reason, requestedWallMs, isRehearsal } = request;
  const wouldEnd = troubles.length > 0 ? 'degraded' : 'done';
  return createRunSummary({
    runId,
    plan: plan.name,
    kind: plan.kind,
    mode: plan.mode,
    state: isFatal ? 'failed' : wouldEnd,
    requestedBy,
    reason,
    startedMs: requestedWallMs,
    dryRun: true,
    rehearsal: isRehearsal,
    rung: facts.rung,
    why: isFatal ? `it would not work as things are: ${troubles.join('; ')}` : '',
  });
}

const reported = (step: Step, state: string) => ({ id: step.id, name: step.name, state });

const leftOut = (step: Step, { rung }: DryRunFacts): Judged => ({
  step: createRunStep({ ...reported(step, 'left-out'), why: `left out at the rung ${rung}` }),
  troubles: [],
  isFatal: false,
});

function judgeStep(
  step: Step,
  { learntMs }: RunRequest,
  facts: DryRunFacts,
  awaited: ReadonlySet<NodeName>,
): Judged {
  const [first] = step.methods;
  const action = first ? judgeAction(first, facts, awaited) : nothingSeen;
  const isFatal = action.troubles.length > 0 && step.onFailure !== 'continue' && step.methods.length === 1;
  return {
    step: createRunStep({
      ...reported(step, 'would-run'),
      expectedMs: Math.round(stepExpectedMs(step, facts.rung, learntMs)),
      boundMs: Math.round(stepBoundMs(step, facts.rung)),
      why: action.troubles.join('; '),
      waitingFor: action.sentence,
      details: [...action.details],
      operations: [...action.operations],
    }),
    troubles: action.troubles,
    isFatal,
  };
}

interface JudgedAction {
  readonly troubles: readonly string[];
  readonly sentence: string;
  readonly details: readonly string[];
  readonly operations: readonly RunOperationReport[];
}

/** The command that wakes a node, beside hooks, which have no blank in their names. */
export const wakeCommandOf = (node: NodeName): string => `wake ${node}`;

const nothingSeen: JudgedAction = { troubles: [], sentence: '', details: [], operations: [] };

function judgeAction(action: Action, facts: DryRunFacts, awaited: ReadonlySet<NodeName>): JudgedAction {
  switch (action.type) {
    case 'operations':
      return judgeOperations(action, facts, awaited);
    case 'gate':
      return judgeGate(action, facts);
    case 'wake': {
      const troubles = action.targets.flatMap(
        ({ node }) => facts.hookTroubles.get(wakeCommandOf(node)) ?? [],
      );
      return { ...judgeGate(action, facts), troubles };
    }
    case 'hook': {
      const trouble = facts.hookTroubles.get(action.hook);
      return { ...nothingSeen, troubles: trouble === undefined ? [] : [trouble] };
    }
    case 'wait':
      return nothingSeen;
  }
}

function judgeGate({ gate }: { readonly gate: Gate }, { observations }: DryRunFacts): JudgedAction {
  const { verdict, details } = judge(gate.condition, observations);
  return {
    ...nothingSeen,
    sentence: gate.sentence,
    details: verdict === 'holds' ? ['it holds already'] : details,
  };
}

function judgeOperations(
  action: Extract<Action, { type: 'operations' }>,
  facts: DryRunFacts,
  awaited: ReadonlySet<NodeName>,
): JudgedAction {
  const troubles: string[] = [];
  const operations = action.operations.map((operation) => {
    const { node, verb, unit } = operation;
    const { state, message, code, isTrouble } = judgeOperation(operation, action, facts, awaited);
    if (isTrouble) troubles.push(`${node}${unit === '' ? '' : ` ${unit}`}: ${message}`);
    return createRunOperationReport({ node, verb, unit, state, message, code });
  });
  return { ...nothingSeen, troubles, operations };
}

interface JudgedOperation {
  readonly state: 'would-send' | 'would-skip';
  readonly message: string;
  readonly code: string;
  readonly isTrouble: boolean;
}

function judgeOperation(
  operation: PlannedOperation,
  { successBy, isMissingUnitDone }: Extract<Action, { type: 'operations' }>,
  { offline, missingUnits, policyRefusals }: DryRunFacts,
  awaited: ReadonlySet<NodeName>,
): JudgedOperation {
  const { node, unit } = operation;
  const why = offline.get(node);
  if (why !== undefined && awaited.has(node))
    return {
      state: 'would-send',
      message: 'offline now: an earlier step waits for it',
      code: '',
      isTrouble: false,
    };
  if (why !== undefined) {
    const message = `offline: ${why}`;
    return { state: 'would-skip', message, code: 'HEC_OFFLINE', isTrouble: successBy === 'outcome' };
  }
  const refusal = policyRefusals.get(operationKey(operation));
  if (refusal !== undefined)
    return { state: 'would-skip', message: refusal, code: 'HEC_POLICY', isTrouble: true };
  if (!missingUnits.has(unitKey(node, unit)))
    return { state: 'would-send', message: '', code: '', isTrouble: false };
  const message = isMissingUnitDone ? 'no such unit there: it counts as done' : 'there is no such unit';
  return { state: 'would-skip', message, code: 'HEC_NO_SUCH_UNIT', isTrouble: !isMissingUnitDone };
}

/** Nodes that are online once the step is over. */
function awaitedBy({ methods }: Step): NodeName[] {
  return methods.flatMap((method) => {
    if (method.type === 'wake') return method.targets.map(({ node }) => node);
    return method.type === 'gate' ? onlineIn(method.gate.condition) : [];
  });
}

const onlineIn = (condition: Condition): NodeName[] =>
  leavesOf(condition).flatMap((leaf) => (leaf.type === 'node' && leaf.state === 'online' ? [leaf.node] : []));

/** The units that operations of the plan name, by node. */
export function unitsOf(plan: Plan): Map<NodeName, Set<string>> {
  const units = new Map<NodeName, Set<string>>();
  for (const { node, unit } of operationsOf(plan)) {
    if (unit === '') continue;
    const ofNode = units.get(node) ?? new Set();
    units.set(node, ofNode.add(unit));
  }
  return units;
}

export const methodsOf = (plan: Plan): Action[] =>
  plan.stages.flatMap(({ steps }) => steps.flatMap(({ methods }) => methods));

export const operationsOf = (plan: Plan): PlannedOperation[] =>
  methodsOf(plan).flatMap((method) => (method.type === 'operations' ? method.operations : []));
