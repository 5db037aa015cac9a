/** What a site shuts down when UPSes give out, how long that takes, and what starts it again. */
import { limits } from '@hecate/proto/core/limits.ts';
import type { ManagerConfig } from '../config/manager-config.ts';
import { boundOf } from '../core/plan/bounds.ts';
import type { Plan, PlanMode } from '../core/plan/plan.ts';
import { type PowerBudget, powerBudget } from '../core/power/power-budget.ts';
import { nodeSupplyMs, type ShutdownScope, scopedInventory, shutdownScope } from '../core/power/topology.ts';
import type { PastRun } from '../core/runs/past-run.ts';
import type { RunId, RunRequest } from '../core/runs/run.ts';
import { requirePlan, type SitePlan, sitePlan } from '../runs/site-plans.ts';

export interface SiteShutdownPorts {
  config(): ManagerConfig;
  /** Runs that are over. */
  history(): readonly PastRun[];
  learnt(plan: Plan): { readonly durationsMs: Readonly<Record<string, number>> };
  newRunId(): RunId;
  wallMs(): number;
}

export interface SiteBudget extends PowerBudget {
  /** The worst case of the plan; 0: there is none. */
  readonly boundMs: number;
}

/** How long the supply of each UPS that has triggered is good for, by name. */
export type SupplyLimits = Readonly<Record<string, number>>;

/** As runs keep texts that come from outside. */
const textLengthMax = 500;
/** Scopes of a shutdown that are kept compiled (I14): as many as UPSes give out in some order. */
const plansMax = 64;

export class SiteShutdown {
  readonly #ports: SiteShutdownPorts;
  #compiledFor: Pick<ManagerConfig, 'inventory' | 'sequences'> | undefined;
  /** A large site takes half a second to compile: once for each configuration. */
  readonly #plans = new Map<string, SitePlan>();

  constructor(ports: SiteShutdownPorts) {
    this.#ports = ports;
  }

  /** How long it takes: declared, until runs have taught it. */
  budget(): SiteBudget {
    const { config, history } = this.#ports;
    const { mode, budgetMs: declaredMs } = config().power;
    const plan = this.#planOrNone(mode);
    const budget = powerBudget({ plan, history: history(), declaredMs });
    return { ...budget, boundMs: plan ? boundOf(plan, 'full') : 0 };
  }

  /** Which nodes go down when these UPSes give out. */
  scope(triggered: ReadonlySet<string>): ShutdownScope {
    const { inventory } = this.#ports.config();
    return shutdownScope(inventory, this.#upses(), triggered);
  }

  /**
   * The run that shuts down what these UPSes supply, within what is left for it.
   * @param gone those of them whose hosts are off by now: nothing is in a hurry for them
   * @returns undefined when no node needs any of them: every one has feeds enough without
   * @throws HEC_PLAN, HEC_NO_SUCH_PLAN when there is nothing that could be run
   */
  request(
    supplies: SupplyLimits,
    gone: ReadonlySet<string>,
    reason: string,
    triggerId: string,
  ): RunRequest | undefined {
    const { mode } = this.#ports.config().power;
    const scope = this.scope(new Set(Object.keys(supplies)));
    const { inventory } = this.#ports.config();
    if (scope.nodes.length === 0 && inventory.nodes.length > 0) return undefined;
    const off = this.scope(gone).nodes;
    const fed = inventory.nodes.filter(({ name }) => scope.nodes.includes(name) && !off.includes(name));
    const timeLimitMs = Math.min(...fed.map((node) => nodeSupplyMs(node, this.#upses(), supplies)));
    return this.#request(this.#scoped(scope, mode), { reason, triggerId, timeLimitMs });
  }

  /** The run that starts what a shutdown had stopped before it was taken back. @throws HEC_PLAN, HEC_NO_SUCH_PLAN */
  restoring(reason: string, triggerId: string): RunRequest {
    const timeLimitMs = Number.POSITIVE_INFINITY;
    return this.#request(this.#plan('startup', 'cluster-only'), { reason, triggerId, timeLimitMs });
  }

  /** The run that starts the site, as an operator's would be; only to see whether it would be refused. @throws HEC_PLAN, HEC_NO_SUCH_PLAN */
  starting(): RunRequest {
    const timeLimitMs = Number.POSITIVE_INFINITY;
    return this.#request(this.#plan('startup', 'poweroff'), { reason: '', triggerId: '', timeLimitMs });
  }

  #upses(): string[] {
    return this.#ports.config().power.upses.map(({ name }) => name);
  }

  #planOrNone(mode: PlanMode): Plan | undefined {
    try {
      return this.#plan('shutdown', mode).plan;
    } catch {
      // No shutdown is declared, nor any node: who asks for one is told.
      return undefined;
    }
  }

  /** Of what goes down alone; all of it, where the declared shutdown names what stays up. */
  #scoped(scope: ShutdownScope, mode: PlanMode): SitePlan {
    if (scope.isAll || scope.nodes.length === 0) return this.#plan('shutdown', mode);
    const partial = this.#plan('shutdown', mode, scope);
    return partial.plan === undefined ? this.#plan('shutdown', mode) : partial;
  }

  #plan(name: 'startup' | 'shutdown', mode: PlanMode, scope?: ShutdownScope): SitePlan {
    const { inventory, sequences } = this.#ports.config();
    const isSame = this.#compiledFor?.inventory === inventory && this.#compiledFor.sequences === sequences;
    if (!isSame || this.#plans.size >= plansMax) this.#plans.clear();
    this.#compiledFor = { inventory, sequences };
    const key = `${name} ${mode} ${scope?.nodes.join() ?? ''}`;
    const known = this.#plans.get(key);
    if (known) return known;
    const cut = scope ? scopedInventory(inventory, scope) : inventory;
    const compiled = sitePlan({ inventory: cut, sequences }, name, mode);
    this.#plans.set(key, compiled);
    return compiled;
  }

  /** As an operator's StartRun would be, asked for by `power`. */
  #request(
    compiled: SitePlan,
    { reason, triggerId, timeLimitMs }: { reason: string; triggerId: string; timeLimitMs: number },
  ): RunRequest {
    const { learnt, newRunId, wallMs } = this.#ports;
    const plan = requirePlan(compiled);
    // No time at all is a limit, too: the lowest rung.
    const limitMs = Math.min(limits.timeLimitMsMax, Math.max(1, Math.round(timeLimitMs)));
    return {
      runId: newRunId(),
      plan,
      planDigest: compiled.digest,
      isRehearsal: false,
      reason: reason.slice(0, textLengthMax),
      requestedBy: 'power',
      requestedFrom: 'this host',
      requestedWallMs: Math.round(wallMs()),
      triggerId: triggerId.slice(0, textLengthMax),
      timeLimitMs: Number.isFinite(timeLimitMs) ? limitMs : undefined,
      learntMs: learnt(plan).durationsMs,
    };
  }
}
