import type { QueryResultBody } from '@hecate/proto/core/frames.ts';
import { limits } from '@hecate/proto/core/limits.ts';
import {
  createPolicyVerdict,
  type JudgeOperations,
  type OperationWish,
  type PolicyVerdict,
} from '@hecate/proto/generated/wire.ts';
import { needsUnitNames, whyRefused } from '../core/policy-decision.ts';
import type { QueryServices } from './queries.ts';
import { askUnitNames } from './unit-names.ts';

type Services = Pick<QueryServices, 'systemd' | 'policy' | 'ownUnit'>;

/** What the policy would say of operations that a dry run tells of: as when they come, and nothing is applied. */
export async function policyVerdicts(
  services: Services,
  { operations }: JudgeOperations,
): Promise<QueryResultBody> {
  const judged = operations.slice(0, limits.listLengthMax).map((wish) => verdictOn(services, wish));
  return { case: 'policyVerdicts', value: { verdicts: await Promise.all(judged) } };
}

async function verdictOn(services: Services, wish: OperationWish): Promise<PolicyVerdict> {
  const policy = services.policy();
  const answer = needsUnitNames(policy, wish, services.ownUnit)
    ? await askUnitNames(services.systemd(), wish.unit)
    : undefined;
  // What is not known is not allowed (I12).
  if (answer?.case === 'failed')
    return createPolicyVerdict({ refusal: answer.message, remedy: answer.remedy });
  const refusal = whyRefused(policy, { ...wish, unitNames: answer?.unitNames }, services.ownUnit);
  return createPolicyVerdict({ refusal: refusal?.message ?? '', remedy: refusal?.remedy ?? '' });
}
