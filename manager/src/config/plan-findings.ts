/**
 * What the plans of a configuration have that can never work: every sequence of the site is compiled in both modes. A
 * check and a reload refuse such a file. A start does not: a plan that nobody runs keeps no manager down, least of all
 * one that has a shutdown to go on with; who asks for the plan is told (HEC_PLAN).
 */
import { compilePlan } from '../core/plan/compile-plan.ts';
import { sequencesOf } from '../core/plan/default-sequences.ts';
import { checkDependencies } from '../core/plan/dependencies.ts';
import { type Finding, sortedFindings, warningAt } from '../core/plan/finding.ts';
import type { PlanMode } from '../core/plan/plan.ts';
import { configError } from './load-config.ts';
import type { ManagerConfig } from './manager-config.ts';

type Declared = Pick<ManagerConfig, 'inventory' | 'sequences'> & Partial<Pick<ManagerConfig, 'power'>>;

/** What mode cluster-only merely leaves out of a plan is nothing to warn of. */
const isTold = (mode: PlanMode, { isError }: Finding): boolean => isError || mode === 'poweroff';

/** Sorted by line; each once, in however many plans it is. */
export function planFindings({ inventory, sequences, power }: Declared): Finding[] {
  const modes: readonly PlanMode[] = ['poweroff', 'cluster-only'];
  const findings = sequencesOf(inventory, sequences).flatMap((sequence) =>
    modes.flatMap((mode) =>
      compilePlan({ inventory, sequence, mode }).findings.filter((finding) => isTold(mode, finding)),
    ),
  );
  // Of nodes that all stand in a circle no built-in plan is made that could tell of it.
  return sortedFindings([
    ...checkDependencies(inventory),
    ...findings,
    ...(power === undefined ? [] : forwardFindings(power)),
    ...(power === undefined ? [] : stayingFindings(power, inventory)),
  ]);
}

/** What asks for a shutdown at all is a UPS. */
function forwardFindings({ forward, upses }: ManagerConfig['power']): Finding[] {
  if (forward === undefined || upses.length > 0) return [];
  const message = 'no UPS is declared beside it: nothing is ever forwarded';
  return [warningAt({ key: 'power.forward', line: 0 }, message, 'declare the UPS in power.upses')];
}

/** What stays up is the node of that role. Without any node there is nothing to shut down, either. */
function stayingFindings(
  { coordinator }: ManagerConfig['power'],
  { nodes, coordinator: node }: ManagerConfig['inventory'],
): Finding[] {
  if (coordinator !== 'stays-up' || node !== undefined || nodes.length === 0) return [];
  const message = 'stays-up does nothing: no node of the inventory has the role coordinator';
  const remedy = 'give that role to the node that the manager runs on, or take stays-up away';
  return [warningAt({ key: 'power.coordinator', line: 0 }, message, remedy)];
}

/** `hecate.yaml:12: sequences.shutdown.stages[0]: …; …`; what is built in has no line, nor has what is missing. */
export function formatPlanFinding(file: string, { line, key, message, remedy }: Finding): string {
  const origin = key.startsWith('sequences.') ? ' (built in)' : '';
  const place = line > 0 ? `${file}:${line}: ${key}` : `${file}: ${key}${origin}`;
  return `${place}: ${message}${remedy === '' ? '' : `; ${remedy}`}`;
}

/**
 * The warnings, as lines.
 * @throws HEC_CONFIG with a line for every error: file, line, key, what is wrong, remedy
 */
export function demandPlans(file: string, config: Declared): string[] {
  const findings = planFindings(config);
  const errors = findings.filter(({ isError }) => isError);
  const lines = (of: readonly Finding[]): string[] => of.map((finding) => formatPlanFinding(file, finding));
  if (errors.length > 0) throw configError(file, lines(errors));
  return lines(findings);
}
