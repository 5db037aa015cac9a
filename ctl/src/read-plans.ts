/** Asks the manager for plans as it would carry them out now. */
import { HecateError } from '@hecate/proto/core/errors.ts';
import {
  createGetPlan,
  type PlanFinding,
  type PlanMode,
  type PlanReport,
} from '@hecate/proto/generated/wire.ts';
import type { Context } from './context.ts';

/** @param name empty: the names of all plans only. @param upses that give out: the shutdown that they ask for */
export async function readPlan(
  context: Context,
  name: string,
  mode: PlanMode = 'unspecified',
  upses: readonly string[] = [],
): Promise<PlanReport> {
  const value = createGetPlan({ name, mode, upses: [...upses] });
  const report = await context.ask('plan', { case: 'getPlan', value });
  if (report.upses.length === upses.length) return report;
  throw new HecateError(
    'HEC_UNSUPPORTED',
    'the manager is of an older release: it shows no plan of a UPS',
    'update hecate-manager, or leave --ups out for the plan of the whole site',
  );
}

export interface CheckedPlan {
  readonly name: string;
  /** Sorted by line, each once; errors of both modes, warnings of the full one. */
  readonly findings: readonly PlanFinding[];
}

/** What mode cluster-only merely leaves out is nothing to warn of. */
export async function checkPlan(context: Context, name: string): Promise<CheckedPlan> {
  const full = await readPlan(context, name, 'poweroff');
  const clusterOnly = await readPlan(context, name, 'cluster-only');
  const all = [...full.findings, ...clusterOnly.findings.filter(({ isError }) => isError)];
  const once = new Map(all.map((finding) => [`${finding.line} ${finding.key} ${finding.message}`, finding]));
  return { name, findings: [...once.values()].toSorted((a, b) => a.line - b.line) };
}
