/** The shutdown that a UPS starts, and the startup that takes one back: plans of the site as they are now. */
import { limits } from '@hecate/proto/core/limits.ts';
import type { ManagerConfig } from '../config/manager-config.ts';
import type { Plan, PlanMode } from '../core/plan/plan.ts';
import type { RunId, RunRequest } from '../core/runs/run.ts';
import { requirePlan, type SitePlan, sitePlan } from '../runs/site-plans.ts';

/** As runs keep texts that come from outside. */
const textLengthMax = 500;

type Declared = Pick<ManagerConfig, 'inventory' | 'sequences'>;

/** Compiled anew only when the configuration is another: a large site takes half a second. */
export class CompiledPlans {
  #config: Declared | undefined;
  readonly #plans = new Map<string, SitePlan>();

  /** @throws HEC_NO_SUCH_PLAN */
  get(config: Declared, name: 'startup' | 'shutdown', mode: PlanMode): SitePlan {
    if (this.#config?.inventory !== config.inventory || this.#config.sequences !== config.sequences)
      this.#plans.clear();
    this.#config = config;
    const key = `${name} ${mode}`;
    const known = this.#plans.get(key) ?? sitePlan(config, name, mode);
    this.#plans.set(key, known);
    return known;
  }
}

export interface PowerRun {
  readonly runId: RunId;
  readonly compiled: SitePlan;
  readonly reason: string;
  readonly triggerId: string;
  readonly timeLimitMs: number | undefined;
  readonly wallMs: number;
  learnt(plan: Plan): { readonly durationsMs: Readonly<Record<string, number>> };
}

/** As an operator's StartRun would be, asked for by `power`. @throws HEC_PLAN */
export function powerRun(asked: PowerRun): RunRequest {
  const { runId, compiled, reason, triggerId, timeLimitMs, wallMs, learnt } = asked;
  const plan = requirePlan(compiled);
  return {
    runId,
    plan,
    planDigest: compiled.digest,
    isRehearsal: false,
    reason: reason.slice(0, textLengthMax),
    requestedBy: 'power',
    requestedFrom: 'this host',
    requestedWallMs: Math.round(wallMs),
    triggerId: triggerId.slice(0, textLengthMax),
    // No time at all is a limit, too: the lowest rung.
    timeLimitMs:
      timeLimitMs === undefined
        ? undefined
        : Math.min(limits.timeLimitMsMax, Math.max(1, Math.round(timeLimitMs))),
    learntMs: learnt(plan).durationsMs,
  };
}
