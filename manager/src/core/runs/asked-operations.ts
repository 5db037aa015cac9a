/** What a run has asked for so far, in the steps that are over: of each the last method, with what became of it. */
import type { PlannedOperation } from '../plan/plan.ts';
import { isSameAddress, methodAt, stepAt } from './plan-walk.ts';
import type { RunOperation, RunState } from './run.ts';

export interface AskedOperation extends Pick<RunOperation, 'phase' | 'end'> {
  readonly operation: PlannedOperation;
}

/** In the order of the plan. */
export function askedOperations({
  request: { plan },
  results,
  pastOperations,
}: Pick<RunState, 'request' | 'results' | 'pastOperations'>): AskedOperation[] {
  return pastOperations.flatMap(({ address, operations }) => {
    const result = results.find((each) => isSameAddress(each.address, address));
    const action = methodAt(stepAt(plan, address), result?.method ?? 0);
    if (action.type !== 'operations') return [];
    return operations.flatMap(({ index, phase, end }) => {
      const operation = action.operations[index];
      return operation ? [{ operation, phase, end }] : [];
    });
  });
}
