/** Why an order is refused when it is armed: an order that the node would not carry out must not be relied on. */
import { asHecateError } from '@hecate/proto/core/errors.ts';
import { parseUnitName } from '@hecate/proto/core/unit-name.ts';
import type { ArmedOperation } from '@hecate/proto/generated/wire.ts';
import { operationWords } from './armed-order.ts';
import type { Refusal } from './operation-refusal.ts';
import type { Policy } from './policy.ts';
import { needsUnitNames, type UnitNamesAnswer, type Wish, whyRefused } from './policy-decision.ts';
import { needsUnit } from './verbs.ts';

/** A part of a shutdown is a handful of units, what they leave behind, and the power (I14). */
export const armedOperationsMax = 64;

export interface Judge {
  readonly policy: Policy;
  readonly ownUnit: string;
}

const wishOf = ({ verb, unit, options }: ArmedOperation, answer?: UnitNamesAnswer): Wish => ({
  verb,
  unit,
  jobMode: options?.jobMode ?? '',
  unitNames: answer?.case === 'known' ? answer.unitNames : undefined,
});

/** The units whose names the policy must know, each once. */
export const unitsToName = (operations: readonly ArmedOperation[], judge: Judge): string[] => [
  ...new Set(
    operations
      .filter((operation) => needsUnitNames(judge.policy, wishOf(operation), judge.ownUnit))
      .map(({ unit }) => unit),
  ),
];

/** What is wrong with it on any node. */
export function whyMalformed(operations: readonly ArmedOperation[]): Refusal | undefined {
  if (operations.length > armedOperationsMax) {
    const message = `an order of ${operations.length} operations: at most ${armedOperationsMax} are taken`;
    return { code: 'HEC_USAGE', message, remedy: 'leave out what the shutdown of the host does by itself' };
  }
  return firstRefusal(operations, (operation) => {
    const { verb, unit, options } = operation;
    if (verb === 'exec' && (options?.argv.length ?? 0) === 0)
      return { code: 'HEC_USAGE', message: 'exec without a command', remedy: 'name the command' };
    if (!needsUnit(verb) && unit === '') return undefined;
    try {
      parseUnitName(unit);
      return undefined;
    } catch (thrown) {
      const { code, message, remedy } = asHecateError(thrown);
      return { code, message, remedy };
    }
  });
}

/**
 * @param names what systemd said of each unit that it was asked for
 * @returns undefined when every operation is allowed, else which is not, and why
 */
export const whyNotAllowed = (
  operations: readonly ArmedOperation[],
  judge: Judge,
  names: ReadonlyMap<string, UnitNamesAnswer>,
): Refusal | undefined =>
  firstRefusal(operations, (operation) => {
    const answer = names.get(operation.unit);
    // What is not known is not allowed (I12).
    if (answer?.case === 'failed') {
      const { code, message, remedy } = answer;
      return { code, message, remedy };
    }
    const refusal = whyRefused(judge.policy, wishOf(operation, answer), judge.ownUnit);
    return refusal && { code: 'HEC_POLICY', ...refusal };
  });

function firstRefusal(
  operations: readonly ArmedOperation[],
  judge: (operation: ArmedOperation) => Refusal | undefined,
): Refusal | undefined {
  for (const [index, operation] of operations.entries()) {
    const refusal = judge(operation);
    if (!refusal) continue;
    const which = `operation ${index + 1} of ${operations.length} (${operationWords(operation)})`;
    return { ...refusal, message: `${which}: ${refusal.message}` };
  }
  return undefined;
}
