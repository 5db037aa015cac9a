/** What a site shuts down when UPSes give out, how long that takes, and what starts it again. */
import { limits } from '@hecate/proto/core/limits.ts';
import type { NodeName } from '@hecate/proto/core/names.ts';
import type { ManagerConfig } from '../config/manager-config.ts';
import { boundOf } from '../core/plan/bounds.ts';
import type { Plan, PlanMode } from '../core/plan/plan.ts';
import { type PowerBudget, powerBudget } from '../core/power/site/power-budget.ts';
import { withoutPowerOff } from '../core/power/site/staying-plan.ts';
import {
  feedsOf,
  nodeSupplyMs,
  type ShutdownScope,
  scopedInventory,
  shutdownScope,
  stayingNodes,
} from '../core/power/site/topology.ts';
import { settleMs } from '../core/power/ups/ups-decision.ts';
import type { PastRun } from '../core/runs/past-run.ts';
import type { RunId, RunRequest } from '../core/runs/run.ts';
import { planDigest } from '../io/plan-digest.ts';
import { requirePlan, type SitePlan, sitePlan } from '../runs/site-plans.ts';
import type { TriggerEffect } from './triggered-run.ts';

export interface SiteShutdownPorts {
  config(): ManagerConfig;
  /** Runs that are over. */
  history(): readonly PastRun[];
  learnt(plan: Plan): { readonly durationsMs: Readonly<Record<string, number>> };
  newRunId(): RunId;
  wallMs(): number;
  /** Whether the node has a session. Without it, every node is taken to have one. */
  isOnline?(node: NodeName): boolean;
}

export interface SiteBudget extends PowerBudget {
  /** The worst case of the plan; 0: there is none. */
  readonly boundMs: number;
}

/** How long the supply of each UPS that has triggered is good for, by name. */
export type SupplyLimits = Readonly<Record<string, number>>;

/** As a UPS asks. */
type OwnTrigger = Pick<TriggerEffect, 'sentence' | 'triggerId' | 'timeLimitMs'>;

/** Sorted nodes, and whether they are all that there are. */
type Scope = Pick<ShutdownScope, 'nodes' | 'isAll'>;

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
    const budgetMs = budget.budgetMs + (this.staying().length > 0 ? this.#reserveMs : 0);
    return { ...budget, budgetMs, boundMs: plan ? boundOf(plan, 'full') : 0 };
  }

  /** Which nodes go down when these UPSes give out. */
  scope(triggered: ReadonlySet<string>, spent: ReadonlySet<string> = new Set()): ShutdownScope {
    const { inventory } = this.#ports.config();
    return shutdownScope(inventory, this.#upses(), triggered, this.staying(spent));
  }

  /** What these UPSes ask for when they give out and nothing has gone off yet; undefined: every node has feeds enough. */
  planFor(triggered: ReadonlySet<string>): SitePlan | undefined {
    const { inventory, power } = this.#ports.config();
    const { nodes } = this.scope(triggered);
    if (nodes.length === 0 && inventory.nodes.length > 0) return undefined;
    return this.#scoped({ nodes, isAll: nodes.length === inventory.nodes.length }, power.mode);
  }

  /** The nodes that stay up, as declared: with the coordinator, while it has power. */
  staying(spent: ReadonlySet<string> = new Set()): readonly NodeName[] {
    const { inventory, power } = this.#ports.config();
    return power.coordinator === 'stays-up' ? stayingNodes(inventory, this.#upses(), spent) : [];
  }

  /** How long what has stayed up with this UPS takes to go down; undefined: nothing does. */
  remainingMs(ups: string, budgetMs: number): number | undefined {
    const { inventory, power } = this.#ports.config();
    const staying = this.staying();
    const coordinator = inventory.nodes.find(({ name }) => name === inventory.coordinator);
    if (power.mode !== 'poweroff' || coordinator === undefined || staying.length === 0) return undefined;
    if (!feedsOf(coordinator, this.#upses()).includes(ups)) return undefined;
    return this.isAnyOtherUp ? budgetMs : power.coordinatorHaltMs;
  }

  /** Than what stays up. */
  get isAnyOtherUp(): boolean {
    const staying = this.staying();
    const { nodes } = this.#ports.config().inventory;
    return nodes.some(({ name }) => !staying.includes(name) && this.#isOnline(name));
  }

  /** Kept for the coordinator, whose turn comes when the others are off. */
  get #reserveMs(): number {
    const { mode, coordinatorHaltMs } = this.#ports.config().power;
    return mode === 'poweroff' ? coordinatorHaltMs + settleMs : 0;
  }

  /**
   * The run that shuts down what these UPSes supply, within what is left for it.
   * @param gone those of them whose hosts are off by now: nothing is in a hurry for them
   * @param spent those of them that do not even supply what stays up
   * @returns undefined when nothing has to be run: see {@link isSpared}
   * @throws HEC_PLAN, HEC_NO_SUCH_PLAN when there is nothing that could be run
   */
  request(
    supplies: SupplyLimits,
    gone: ReadonlySet<string>,
    reason: string,
    triggerId: string,
    spent: ReadonlySet<string> = new Set(),
  ): RunRequest | undefined {
    const { inventory, power } = this.#ports.config();
    const triggered = new Set(Object.keys(supplies));
    const scope = this.scope(triggered, spent);
    const done = this.scope(gone).nodes;
    // Off as a run has seen it, and silent since (I12).
    const left = scope.nodes.filter((name) => !done.includes(name) || this.#isOnline(name));
    if (left.length === 0 && inventory.nodes.length > 0) return undefined;
    const fed = inventory.nodes.filter(({ name }) => left.includes(name) && !done.includes(name));
    const suppliesMs = fed.map((node) => nodeSupplyMs(node, this.#upses(), supplies));
    const timeLimitMs = Math.min(...suppliesMs) - this.#reservedMs(triggered, spent);
    const isAll = left.length === inventory.nodes.length;
    const compiled = this.#scoped({ nodes: left, isAll }, power.mode);
    return this.#request(compiled, { reason, triggerId, timeLimitMs });
  }

  /**
   * The run that shuts down all that does not stay up: as another site, whose UPS supplies it, has asked for.
   * @throws HEC_PLAN, HEC_NO_SUCH_PLAN when there is nothing that could be run
   */
  whole(reason: string, triggerId: string, timeLimitMs: number): RunRequest {
    const { inventory, power } = this.#ports.config();
    const staying = this.staying();
    const nodes = inventory.nodes.map(({ name }) => name).filter((name) => !staying.includes(name));
    const compiled = this.#scoped({ nodes, isAll: staying.length === 0 }, power.mode);
    return this.#request(compiled, { reason, triggerId, timeLimitMs });
  }

  /**
   * The run of this site itself, where its triggers go to another one and nobody over there sees to it: all that does
   * not stay up; and in the turn of that, it, with what is not off yet.
   * @param spent UPSes that do not even supply what stays up
   * @returns undefined when nothing is left to go: what stays up has another feed
   * @throws HEC_PLAN, HEC_NO_SUCH_PLAN when there is nothing that could be run
   */
  own(
    { sentence: reason, triggerId, timeLimitMs }: OwnTrigger,
    ups: string,
    spent: ReadonlySet<string>,
  ): RunRequest | undefined {
    if (!spent.has(ups)) return this.whole(reason, triggerId, timeLimitMs);
    const { inventory, power } = this.#ports.config();
    const staying = this.staying();
    const stillStaying = this.staying(spent);
    const isGoing = (name: NodeName): boolean =>
      staying.includes(name) ? !stillStaying.includes(name) : this.#isOnline(name);
    const nodes = inventory.nodes.map(({ name }) => name).filter(isGoing);
    if (nodes.length === 0) return undefined;
    const compiled = this.#scoped({ nodes, isAll: nodes.length === inventory.nodes.length }, power.mode);
    return this.#request(compiled, { reason, triggerId, timeLimitMs });
  }

  /** Every node has feeds enough without these UPSes; else, what goes down with them is off by now, or stays up. */
  isSpared(triggered: ReadonlySet<string>): boolean {
    return shutdownScope(this.#ports.config().inventory, this.#upses(), triggered).nodes.length === 0;
  }

  #isOnline(node: NodeName): boolean {
    return this.#ports.isOnline?.(node) ?? true;
  }

  /** Of what these UPSes still supply. */
  #reservedMs(triggered: ReadonlySet<string>, spent: ReadonlySet<string>): number {
    const staying = this.staying(spent);
    const isShared = staying.length > 0 && this.staying(triggered).length === 0;
    return isShared ? this.#reserveMs : 0;
  }

  /** The run that starts what a shutdown had stopped before it was taken back. @throws HEC_PLAN, HEC_NO_SUCH_PLAN */
  restoring(reason: string, triggerId: string): RunRequest {
    const timeLimitMs = Number.POSITIVE_INFINITY;
    return this.#request(this.#plan('startup', 'cluster-only'), { reason, triggerId, timeLimitMs });
  }

  /** The run that starts the site, as an operator's would be. @throws HEC_PLAN, HEC_NO_SUCH_PLAN */
  starting(reason = '', triggerId = ''): RunRequest {
    const timeLimitMs = Number.POSITIVE_INFINITY;
    return this.#request(this.#plan('startup', 'poweroff'), { reason, triggerId, timeLimitMs });
  }

  #upses(): string[] {
    return this.#ports.config().power.upses.map(({ name }) => name);
  }

  #planOrNone(mode: PlanMode): Plan | undefined {
    try {
      const { nodes } = this.#ports.config().inventory;
      const staying = this.staying();
      const names = nodes.map(({ name }) => name).filter((name) => !staying.includes(name));
      return this.#scoped({ nodes: names, isAll: staying.length === 0 }, mode).plan;
    } catch {
      // No shutdown is declared, nor any node: who asks for one is told.
      return undefined;
    }
  }

  /**
   * Of what goes down alone; all of it, where the declared shutdown names what stays up. The coordinator that stays up
   * is left out of that, and when its own turn comes, it is not behind a plan for hosts that are off.
   */
  #scoped(scope: Scope, mode: PlanMode): SitePlan {
    if (scope.isAll || scope.nodes.length === 0) return this.#plan('shutdown', mode);
    const partial = this.#plan('shutdown', mode, scope);
    if (partial.plan !== undefined) return partial;
    const staying = this.staying().filter((name) => !scope.nodes.includes(name));
    if (staying.length > 0) return withoutStaying(this.#plan('shutdown', mode), staying);
    const isOnlyStaying = scope.nodes.every((name) => this.staying().includes(name));
    return isOnlyStaying ? this.#plan('shutdown', mode, scope, []) : this.#plan('shutdown', mode);
  }

  #plan(
    name: 'startup' | 'shutdown',
    mode: PlanMode,
    scope?: Scope,
    declared = this.#ports.config().sequences,
  ): SitePlan {
    const { inventory, sequences } = this.#ports.config();
    const isSame = this.#compiledFor?.inventory === inventory && this.#compiledFor.sequences === sequences;
    if (!isSame || this.#plans.size >= plansMax) this.#plans.clear();
    this.#compiledFor = { inventory, sequences };
    const key = `${name} ${mode} ${declared === sequences} ${scope?.nodes.join() ?? ''}`;
    const known = this.#plans.get(key);
    if (known) return known;
    const cut = scope ? scopedInventory(inventory, scope) : inventory;
    const compiled = sitePlan({ inventory: cut, sequences: declared }, name, mode);
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

function withoutStaying(compiled: SitePlan, staying: readonly NodeName[]): SitePlan {
  if (compiled.plan === undefined) return compiled;
  const plan = withoutPowerOff(compiled.plan, staying);
  return { ...compiled, plan, digest: planDigest(plan) };
}
