/**
 * What must hold of power, whatever happens: hosts are off before their feeds are empty (I5, I10), nothing shuts down
 * without a cause, a trigger is never lost and never leads to two runs. The checkers know the truth, and what was told.
 */
import type { NodeName } from '@hecate/proto/core/names.ts';
import { thresholdFor } from '../../manager/src/core/power/ups/ups-estimate.ts';
import type { UpsEffect, UpsTrigger } from '../../manager/src/core/power/ups/ups-state.ts';
import type { RunId, RunState } from '../../manager/src/core/runs/run.ts';
import { causeless, unseenAfterStart } from './power-cause.ts';
import { whyHurried } from './power-hurry.ts';
import { whyLate } from './power-lateness.ts';
import type { PowerOfManager } from './power-manager.ts';
import type { ManagerUps } from './power-manager-ups.ts';
import { PowerPromises } from './power-promises.ts';
import { isWithin, type SimulatedUps, type Stretch, timeWithin } from './power-ups.ts';
import type { PowerWorld } from './power-world.ts';

type TriggerEffect = Extract<UpsEffect, { type: 'trigger' }>;

export interface KnownTrigger {
  readonly triggerId: string;
  readonly atMs: number;
  readonly cause: TriggerEffect['cause'];
  readonly budgetMs: number;
  /** The truth at that moment. */
  readonly leftMs: number;
  /** Why it was late, where something excuses that; empty: it was in time. */
  readonly excuse: string;
}

/** As a manager knew it when it ended. */
type KeptTrigger = Pick<UpsTrigger, 'triggerId' | 'isStarted' | 'isReversing'>;

/** What was heard so long ago is nothing of now: several looks, and a manager that starts. */
const unheardMs = 60_000;

export class PowerCheckers {
  /** Faults of hosts, network and disks may keep a run from its end: then only the decision is held to its promise. */
  isWild = false;
  /** Of each UPS, oldest first. */
  readonly triggers = new Map<string, KnownTrigger[]>();
  readonly managerDown: Stretch[] = [];
  readonly promises: PowerPromises;
  /** The manager that is there has another boot than the one before it. */
  isOtherBoot = false;
  #boot = 0;
  readonly #runsOfTriggers = new Map<string, RunId>();
  readonly #startups = new Set<RunId>();
  readonly #expected = new Map<string, KeptTrigger>();
  #lastBudgetMs = 0;
  readonly #power: PowerWorld;

  constructor(power: PowerWorld) {
    this.#power = power;
    this.promises = new PowerPromises(power);
  }

  fail(text: string): never {
    return this.#power.world.checkers.fail(text);
  }

  #sometimes(what: string): void {
    this.#power.world.sometimes(what);
  }

  triggersOf(ups: string): KnownTrigger[] {
    const known = this.triggers.get(ups) ?? [];
    this.triggers.set(ups, known);
    return known;
  }

  // ── Triggers ──

  onEffect(ups: ManagerUps, effect: UpsEffect): void {
    if (effect.type === 'reverse') this.#sometimes('taken back');
    if (effect.type === 'inhibit' && effect.sentence) this.#sometimes('inhibited');
    if (effect.type !== 'trigger') return;
    this.promises.onTrigger(ups);
    const known = this.triggersOf(ups.name);
    const unseen = unseenAfterStart(this.#power, ups, effect);
    if (unseen) this.fail(unseen);
    if (known.some(({ triggerId }) => triggerId === effect.triggerId)) return;
    const { world, grid } = this.#power;
    const { battery } = grid.of(ups.name);
    battery.advance(world.time.nowMs);
    const { budgetMs } = ups.state;
    this.#lastBudgetMs = budgetMs;
    const isRetry = /:\d+\.\d+$/.test(effect.triggerId);
    this.#sometimes(`trigger ${effect.cause}`);
    const why = causeless(this.#power, ups, effect);
    if (why) this.fail(why);
    const leftMs = battery.leftMs();
    const isHeld = ['runtime', 'silent', 'low-battery'].includes(effect.cause) && leftMs > 0;
    // The budget is none of those that have stayed up: they go down in time, or are starved.
    const isLast = ups.state.trigger?.isLast === true || this.#isAskedForTheRest(ups);
    const excuse = isHeld && !isRetry && !isLast && leftMs < budgetMs ? this.#lateness(ups, leftMs) : '';
    known.push({
      triggerId: effect.triggerId,
      atMs: world.time.nowMs,
      cause: effect.cause,
      budgetMs,
      leftMs,
      excuse,
    });
  }

  /** Again in the same outage, by a coordinator that has booted since: what had to go is off. */
  #isAskedForTheRest({ name, state }: ManagerUps): boolean {
    const { site, grid, world } = this.#power;
    const { coordinator } = site.fleet.inventory;
    const { fromMs = Number.POSITIVE_INFINITY } = grid.of(name).outages.at(-1) ?? {};
    const hasAsked = this.triggersOf(name).some(({ atMs }) => atMs >= fromMs);
    const fed = grid.plugs.filter(({ node, feeds }) => node !== coordinator && feeds.includes(name));
    const areOff = fed.every(({ node }) => world.hosts.get(node)?.isOn !== true);
    return state.outage?.isInRecovery === true && hasAsked && areOff;
  }

  #lateness(ups: ManagerUps, leftMs: number): string {
    const { world } = this.#power;
    const { budgetMs } = ups.state;
    const lateMs = budgetMs - leftMs;
    const config = this.#power.ofManager?.upsConfig(ups.name);
    const { thresholdMs } = config ? thresholdFor(ups.state, config) : { thresholdMs: budgetMs };
    const excuse = whyLate(this.#power, {
      ups: ups.name,
      atMs: world.time.nowMs,
      leftMs,
      budgetMs,
      thresholdMs,
    });
    if (excuse) {
      this.#sometimes(`late: ${excuse}`);
      return excuse;
    }
    const figures = `${Math.round(leftMs)} ms left, of a budget of ${Math.round(budgetMs)} ms`;
    this.fail(`I5: ${ups.name} triggers ${Math.round(lateMs)} ms too late: ${figures}`);
  }

  // ── Runs ──

  onRunsSettled(): void {
    const { world } = this.#power;
    for (const { runId, plan, state, isEnded } of world.checkers.runs.values()) {
      const { triggerId, requestedBy } = state.request;
      this.#checkStartup(state);
      if (requestedBy !== 'power' || plan.kind !== 'shutdown') continue;
      const known = this.#runsOfTriggers.get(triggerId);
      if (known === runId) continue;
      if (known && !world.hasLostRecords() && !isEnded)
        this.fail(`I10: the trigger ${triggerId} has led to ${known}, and to ${runId}`);
      this.#runsOfTriggers.set(triggerId, runId);
      this.#sometimes(`power run ${plan.nodes.length === world.nodeNames.length ? 'of all' : 'partial'}`);
      // Of another site's UPS: all goes down, within what that is good for.
      if (triggerId.startsWith('peer:')) continue;
      this.#checkScope(plan.nodes, runId);
      this.promises.onRun(state);
      const hurried = whyHurried(this.#power, state);
      if (hurried) this.fail(hurried);
    }
  }

  /** I12: a site is not started on what a UPS said long ago. */
  #checkStartup({ request: { runId, requestedBy, plan } }: RunState): void {
    const isOwn = requestedBy === 'bootstrap' || (requestedBy === 'power' && plan.mode === 'poweroff');
    if (plan.kind !== 'startup' || !isOwn || this.#startups.has(runId)) return;
    this.#startups.add(runId);
    const { telemetries, world, grid } = this.#power;
    const heardMsOf = (feed: string): number => {
      const { told = [] } = telemetries.find(({ ups }) => ups.name === feed) ?? {};
      return world.time.nowMs - (told.findLast(({ isAnswered }) => isAnswered)?.atMs ?? 0);
    };
    // A feed that no node needs may be silent.
    for (const { node, feeds, minFeeds } of grid.plugs) {
      const unheard = feeds.filter((feed) => heardMsOf(feed) >= unheardMs);
      if (feeds.length - unheard.length >= minFeeds) continue;
      const ages = unheard.map((feed) => `${feed} was heard ${Math.round(heardMsOf(feed))} ms ago`);
      this.fail(`I12: ${runId} starts the site, ${node} among it, and ${ages.join(', ')}`);
    }
  }

  /** Who hangs on good feeds alone, and on nobody who goes, stays up. */
  #checkScope(nodes: readonly NodeName[], runId: RunId): void {
    const { site, grid, world } = this.#power;
    const { inventory } = site.fleet;
    if (inventory.coordinator && nodes.includes(inventory.coordinator)) return;
    for (const { name, role, dependsOn } of inventory.nodes) {
      if (!nodes.includes(name) || role !== 'other' || dependsOn.length > 0) continue;
      const feeds = grid.plugs.find(({ node }) => node === name)?.feeds ?? [];
      const sinceMs = world.time.nowMs - 600_000;
      const isTouched = (feed: string) =>
        isWithin(grid.of(feed).outages, sinceMs, world.time.nowMs) || this.triggersOf(feed).length > 0;
      if (!feeds.some(isTouched)) this.fail(`${name} goes down with ${runId}, and has all of its feeds`);
    }
  }

  onRunEnded({ request, outcome }: RunState): void {
    if (request.requestedBy !== 'power') return;
    this.#sometimes(`power ${request.plan.kind} ${outcome}`);
  }

  // ── The manager ──

  onManagerEnds(): void {
    const { ofManager, world } = this.#power;
    if (!ofManager) return;
    this.#boot = world.managerHost.boot;
    this.managerDown.push({ fromMs: world.time.nowMs, toMs: Number.POSITIVE_INFINITY });
    this.#expected.clear();
    for (const { name, state } of ofManager.upses) {
      const { trigger } = state;
      const hasLeft = this.triggersOf(name).some(({ triggerId }) => triggerId === trigger?.triggerId);
      if (!trigger || !hasLeft || world.hasLostRecords()) continue;
      const { triggerId, isStarted, isReversing } = trigger;
      this.#expected.set(name, { triggerId, isStarted, isReversing });
      this.#sometimes('manager killed with a trigger');
    }
  }

  onManagerStarted(power: PowerOfManager): void {
    const last = this.managerDown.at(-1);
    if (last) last.toMs = this.#power.world.time.nowMs;
    this.promises.onManagerStarted(power.upses);
    this.isOtherBoot = this.#power.world.managerHost.boot !== this.#boot;
    for (const { name, state } of power.upses) {
      const expected = this.#expected.get(name);
      if (state.outage !== undefined && state.trigger === undefined)
        this.#sometimes('manager started on battery');
      if (state.trigger?.triggerId !== expected?.triggerId) this.#expectOver(expected, name, state.phase);
    }
  }

  /** It has gone on with what it found: only a run that had begun may have ended, or failed, meanwhile. */
  onManagerResumed({ upses }: PowerOfManager): void {
    this.promises.onManagerResumed(upses);
    for (const { name, state } of upses) {
      const expected = this.#expected.get(name);
      const isAnother = state.trigger !== undefined && expected?.isStarted === true;
      const isThere = state.trigger?.triggerId === expected?.triggerId || isAnother;
      if (!isThere && !expected?.isReversing) this.#expectOver(expected, name, state.phase);
    }
  }

  #expectOver(expected: KeptTrigger | undefined, ups: string, phase: string): void {
    if (expected === undefined || phase === 'hosts-off' || phase === 'recover') return;
    this.fail(`I10: the trigger ${expected.triggerId} is lost after a restart: ${ups} is ${phase}`);
  }

  // ── The truth ──

  onDeath(ups: SimulatedUps): void {
    this.#sometimes('a UPS is empty');
    if (this.triggersOf(ups.name).length === 0) this.#sometimes('a UPS is empty without a trigger');
  }

  /** I5, I10: a node that is still up when its feed is empty. */
  onStarved(node: NodeName, by: SimulatedUps): void {
    const { world, grid } = this.#power;
    const excuse = this.#whyStillUp(node);
    world.log(`${node} is up when ${by.name} is empty: ${excuse || 'without an excuse'}`);
    if (excuse) {
      this.#sometimes(`still up: ${excuse}`);
      return;
    }
    const feeds = grid.plugs.find((plug) => plug.node === node)?.feeds ?? [];
    const triggers = feeds.flatMap((feed) =>
      this.triggersOf(feed).map(
        ({ triggerId, atMs, leftMs }) =>
          `${triggerId} at ${Math.round(atMs)} with ${Math.round(leftMs)} ms left`,
      ),
    );
    this.fail(
      `I5: ${node} is still up when ${by.name} is empty; ${triggers.join(', ') || 'nothing triggered'}`,
    );
  }

  #whyStillUp(node: NodeName): string {
    const { world, grid, site } = this.#power;
    const { nowMs } = world.time;
    const plug = grid.plugs.find((each) => each.node === node);
    const dead = (plug?.feeds ?? []).filter((feed) => !grid.of(feed).hasOutput);
    if (dead.some((feed) => grid.of(feed).cutBy === 'hand')) return 'its output was cut by hand';
    if (this.isWild && dead.some((feed) => grid.of(feed).cutBy)) return 'faults while the run went on';
    let newest: KnownTrigger | undefined;
    for (const feed of dead) {
      const sinceMs = (grid.of(feed).outages.at(-1)?.fromMs ?? 0) - 900_000;
      const trigger = this.triggersOf(feed).findLast(({ atMs }) => atMs >= sinceMs);
      if (!trigger) {
        const budgetMs = this.#lastBudgetMs || site.config.power.budgetMs;
        const thresholdMs = site.thresholdsMs[feed] ?? budgetMs;
        const why = whyLate(this.#power, { ups: feed, atMs: nowMs, leftMs: 0, budgetMs, thresholdMs });
        return why;
      }
      if (trigger.excuse) return trigger.excuse;
      if (!newest || trigger.atMs > newest.atMs) newest = trigger;
    }
    if (!newest) return '';
    if (this.isWild) return 'faults while the run went on';
    const downMs = timeWithin(this.managerDown, newest.atMs, nowMs);
    if (nowMs - newest.atMs - downMs < newest.budgetMs) return 'the battery died within the budget';
    const host = world.hosts.get(node);
    const hasBooted = host?.power.some(({ value, atMs }) => value && atMs > (newest?.atMs ?? 0));
    return hasBooted ? 'it was switched on again' : '';
  }
}
