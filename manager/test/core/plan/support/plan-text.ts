/** A plan as text, for goldens: everything that a run of it would do, in the order in which it would. */

import { boundOf, expectedOf, keptSteps, rungsOf } from '../../../../src/core/plan/bounds.ts';
import type { Finding } from '../../../../src/core/plan/finding.ts';
import type { Gate } from '../../../../src/core/plan/gate.ts';
import { conditionSentence } from '../../../../src/core/plan/gate-verdict.ts';
import type { Action, Plan, PlannedOperation, Step } from '../../../../src/core/plan/plan.ts';

const operationText = ({ node, verb, unit, options }: PlannedOperation): string =>
  [
    node,
    verb,
    unit,
    options?.argv.length ? options.argv.join(' ') : '',
    options?.signal ? `signal ${options.signal} to ${options.killWho}` : '',
  ]
    .filter((word) => word !== '')
    .join(' ');

const gateText = ({ sentence, condition, intervalMs, consecutive }: Gate): string[] => [
  `gate "${sentence}" every ${intervalMs} ms, ${consecutive} in a row:`,
  `  ${conditionSentence(condition)}`,
];

function actionText(action: Action): string[] {
  switch (action.type) {
    case 'operations': {
      const missing = action.isMissingUnitDone ? ', a missing unit is done' : '';
      return [
        `operations, by ${action.successBy}${missing}:`,
        ...action.operations.map((each) => `  ${operationText(each)}`),
      ];
    }
    case 'gate':
      return gateText(action.gate);
    case 'wait':
      return [`wait ${action.durationMs} ms`];
    case 'wake':
      return [
        ...action.targets.map(
          ({ node, macAddress, wakeAddress }) => `wake ${node} ${macAddress} at ${wakeAddress}`,
        ),
        ...gateText(action.gate),
      ];
    case 'hook':
      return [`hook ${action.hook}: ${action.argv.join(' ')}${action.isRepeatable ? ' (repeatable)' : ''}`];
  }
}

const stepText = (step: Step): string[] => [
  `  ${step.id} ${step.name}`,
  `      ${step.timeoutMs} ms for each method, expected ${step.expectedMs}, minimum ${step.minimumMs}; then ${step.onFailure}; ` +
    `${step.parallelism} at once${step.dropAt === undefined ? '' : `; left out from ${step.dropAt}`}`,
  `      learnt as ${step.learnKey}`,
  ...step.methods.flatMap((method, index) =>
    actionText(method).map((line, row) => `      ${index > 0 && row === 0 ? 'else ' : ''}${line}`),
  ),
];

export const planText = (plan: Plan): string =>
  [
    `${plan.name}, ${plan.kind}, mode ${plan.mode}, site ${plan.site}, coordinator ${plan.coordinator ?? 'none'}`,
    `nodes: ${plan.nodes.join(' ')}`,
    ...plan.dependencies.map(({ node, dependsOn }) => `${node} depends on ${dependsOn.join(' ')}`),
    ...rungsOf(plan).map(
      (rung) =>
        `${rung}: ${keptSteps(plan, rung).length} steps, expected ${expectedOf(plan, {}, rung)} ms, at most ${boundOf(plan, rung)} ms`,
    ),
    ...plan.stages.flatMap(({ name, steps }, index) => [
      '',
      `stage ${index + 1}: ${name}`,
      ...steps.flatMap(stepText),
    ]),
    '',
    ...plan.parts.flatMap(({ node, operations, beginsAfterMs }) => [
      `alone: ${node} after ${beginsAfterMs} ms`,
      ...operations.map((operation) => `  ${operationText(operation)} (${operation.timeoutMs} ms)`),
    ]),
    '',
  ].join('\n');

export const findingText = ({ isError, line, message }: Finding): string =>
  `${isError ? 'error' : 'warning'} ${line}: ${message}`;
