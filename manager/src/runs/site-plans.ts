/** The plans of a site: declared sequences, the built-in ones where none of that name is, compiled as they are now. */
import { HecateError } from '@hecate/proto/core/errors.ts';
import type { ManagerConfig } from '../config/manager-config.ts';
import { compilePlan } from '../core/plan/compile-plan.ts';
import { sequencesOf } from '../core/plan/default-sequences.ts';
import type { Finding } from '../core/plan/finding.ts';
import type { Plan, PlanMode } from '../core/plan/plan.ts';
import type { SequenceDeclaration } from '../core/plan/sequence.ts';
import { planDigest } from '../io/plan-digest.ts';

export interface SitePlan {
  readonly name: string;
  readonly sequence: SequenceDeclaration;
  readonly mode: PlanMode;
  /** Undefined: an error is among the findings. */
  readonly plan: Plan | undefined;
  /** Empty without a plan. */
  readonly digest: string;
  readonly findings: readonly Finding[];
}

type Declared = Pick<ManagerConfig, 'inventory' | 'sequences'>;

/** Sorted. */
export const planNames = ({ inventory, sequences }: Declared): string[] =>
  sequencesOf(inventory, sequences).map(({ name }) => name);

/** @throws HEC_NO_SUCH_PLAN */
export function sitePlan(config: Declared, name: string, mode: PlanMode): SitePlan {
  const sequence = sequenceOf(config, name);
  const { plan, findings } = compilePlan({ inventory: config.inventory, sequence, mode });
  const digest = plan === undefined ? '' : planDigest(plan);
  return { name, sequence, mode, plan, digest, findings };
}

function sequenceOf(config: Declared, name: string): SequenceDeclaration {
  const sequence = sequencesOf(config.inventory, config.sequences).find((each) => each.name === name);
  if (sequence) return sequence;
  const names = planNames(config);
  const there = names.length === 0 ? 'there is none' : `there are ${names.join(', ')}`;
  const isBuiltIn = name === 'startup' || name === 'shutdown';
  throw new HecateError(
    'HEC_NO_SUCH_PLAN',
    `no sequence ${JSON.stringify(name)} is declared: ${there}`,
    isBuiltIn
      ? `declare the nodes in hecate.yaml (inventory): the built-in ${name} is made from them`
      : 'hecatectl plan list; sequences are declared in hecate.yaml',
  );
}

/** @throws HEC_PLAN with every error and where it stands */
export function requirePlan({ name, plan, findings }: SitePlan): Plan {
  if (plan) return plan;
  const errors = findings.filter(({ isError }) => isError);
  const told = errors.map(
    ({ key, line, message }) => `${key}${line > 0 ? ` (line ${line})` : ''}: ${message}`,
  );
  throw new HecateError(
    'HEC_PLAN',
    `${name} can never work as it is declared: ${told.join('; ')}`,
    errors[0]?.remedy || `hecatectl plan check ${name}`,
  );
}
