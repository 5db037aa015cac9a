/**
 * What the decision owes while it goes on, looked at with every look at a UPS: a timer that runs out triggers, a trigger
 * that stands is asked for, a run that was accepted for it is followed; and nobody takes back what another UPS wants.
 */
import { estimateOf } from '../../manager/src/core/power/ups/ups-estimate.ts';
import { isActive } from '../../manager/src/core/runs/plan-walk.ts';
import type { RunId, RunState } from '../../manager/src/core/runs/run.ts';
import type { ManagerUps } from './power-manager-ups.ts';
import type { PowerWorld } from './power-world.ts';

/** A manager that is frozen, a disk that is slow. */
const graceMs = 10_000;
/** It is asked for every 5 s; after a run that failed there is a pause of a minute at most. */
const unaskedMs = 80_000;
const unfollowedMs = 20_000;
const silentLooks = 4;

interface Since {
  readonly what: string;
  readonly atMs: number;
}

export class PowerPromises {
  readonly #power: PowerWorld;
  /** Of UPSes that tell nothing: since when every look has told that they are on battery, in which boot. */
  readonly #onBattery = new Map<string, { readonly sinceMs: number; readonly boot: number }>();
  /** What is believed of those that are silent on battery. */
  readonly #blind = new Map<string, { readonly leftMs: number; readonly atMs: number }>();
  /** Since when an outage lasts, as a manager has found it at its start. */
  readonly #outages = new Map<string, number | undefined>();
  readonly #unasked = new Map<string, Since>();
  readonly #unfollowed = new Map<string, Since>();

  constructor(power: PowerWorld) {
    this.#power = power;
  }

  #fail(text: string): never {
    return this.#power.world.checkers.fail(text);
  }

  get #startedAtMs(): number {
    return this.#power.checkers.managerDown.at(-1)?.toMs ?? 0;
  }

  onTrigger({ name }: ManagerUps): void {
    this.#unasked.delete(name);
  }

  onManagerStarted(upses: readonly ManagerUps[]): void {
    this.#blind.clear();
    for (const { name, state } of upses) this.#outages.set(name, state.outage?.sinceMs);
    this.#unasked.clear();
    this.#unfollowed.clear();
  }

  /** I10: an outage that it has found goes on. */
  onManagerResumed(upses: readonly ManagerUps[]): void {
    for (const { name, state } of upses)
      if (this.#outages.get(name) !== state.outage?.sinceMs)
        this.#fail(`I10: ${name} was on battery before a restart, and the outage is forgotten`);
  }

  onLook(ups: ManagerUps): void {
    this.#checkSilence(ups);
    this.#checkCountdown(ups);
    this.#checkTimer(ups);
    this.#checkAsked(ups);
    this.#checkFollowed(ups);
  }

  /** I12: who tells nothing has told nothing. */
  #checkSilence({ name, state }: ManagerUps): void {
    const { told = [] } = this.#power.telemetries.find(({ ups }) => ups.name === name) ?? {};
    const last = told.slice(-silentLooks);
    if (last.some(({ isAnswered, atMs }) => isAnswered || atMs < this.#startedAtMs)) return;
    if (state.silentSinceMs === undefined)
      this.#fail(`I12: ${name} has answered none of ${last.length} looks, and is taken for heard`);
  }

  /** I5: in silence on battery, time goes on. */
  #checkCountdown({ name, state }: ManagerUps): void {
    const { ofManager, world } = this.#power;
    const config = ofManager?.upsConfig(name);
    const nowMs = world.managerHost.clockMs();
    const { leftMs } = config ? estimateOf(state, config, nowMs) : {};
    const before = this.#blind.get(name);
    this.#blind.delete(name);
    const isOff = state.offSinceMs !== undefined;
    if (state.phase !== 'blind-on-battery' || leftMs === undefined || isOff) return;
    this.#blind.set(name, { leftMs, atMs: nowMs });
    const mostMs = before && Math.max(0, before.leftMs - (nowMs - before.atMs)) + 1;
    if (mostMs !== undefined && leftMs > mostMs)
      this.#fail(`I5: ${name} is silent on battery, and is believed to last longer than it was before`);
  }

  /** I5: where nothing is told, the time on battery counts, over restarts of the manager, too. */
  #checkTimer(ups: ManagerUps): void {
    const { telemetries, world, site } = this.#power;
    const { name, state } = ups;
    const telemetry = telemetries.find((each) => each.ups.name === name);
    const told = telemetry?.told.at(-1);
    const { nowMs } = world.time;
    const { boot } = world.managerHost;
    const isKnown = told?.isAnswered && told.isOnBattery && !told.isWrong;
    const before = this.#onBattery.get(name);
    if (telemetry?.nature.tells !== 'nothing' || !isKnown) {
      this.#onBattery.delete(name);
      return;
    }
    const since = before?.boot === boot ? before : { sinceMs: nowMs, boot };
    this.#onBattery.set(name, since);
    const { onBatteryLimitMs, pollIntervalMs, debouncePolls } = site.config.power;
    const lagMs = (debouncePolls + 2) * pollIntervalMs + graceMs;
    const isOver = nowMs - since.sinceMs > onBatteryLimitMs + lagMs && nowMs - this.#startedAtMs > lagMs;
    const isHeld = state.outage?.hold !== undefined || state.inhibition !== '' || world.hasLostRecords();
    const isWaiting = ['on-battery', 'pending', 'online', 'unknown'].includes(state.phase);
    const phaseMs = world.managerHost.clockMs() - state.phaseSinceMs;
    if (!isOver || isHeld || !isWaiting || phaseMs < lagMs) return;
    const seconds = Math.round((nowMs - since.sinceMs) / 1000);
    this.#fail(
      `I5: ${name} tells nothing, and has been on battery for ${seconds} s: no shutdown is asked for`,
    );
  }

  /** I10: until a run has begun. */
  #checkAsked({ name, state: { trigger } }: ManagerUps): void {
    const isOwed = trigger && !trigger.isStarted && !trigger.isReversing && !trigger.unseen;
    const since = isOwed ? this.#since(this.#unasked, name, trigger.triggerId) : undefined;
    if (!since) this.#unasked.delete(name);
    else if (this.#power.world.time.nowMs - since.atMs > unaskedMs)
      this.#fail(`I10: ${since.what} of ${name} stands, has no run, and is not asked for`);
  }

  /** I10: what the journal has of a trigger is its run, whoever was killed in between. */
  #checkFollowed({ name, state: { trigger } }: ManagerUps): void {
    const { manager, time } = this.#power.world;
    const runs = [...(manager.shown?.runs.values() ?? [])].filter(isActive);
    const run = runs.find(({ request }) => request.triggerId === trigger?.triggerId);
    const isOwed = run && trigger && !trigger.isStarted;
    const since = isOwed ? this.#since(this.#unfollowed, name, run.request.runId) : undefined;
    if (!since) this.#unfollowed.delete(name);
    else if (time.nowMs - since.atMs > unfollowedMs)
      this.#fail(`I10: the run ${since.what} is there for ${name}, which does not know that it has begun`);
  }

  #since(known: Map<string, Since>, name: string, what: string): Since {
    const before = known.get(name);
    const since = before?.what === what ? before : { what, atMs: this.#power.world.time.nowMs };
    known.set(name, since);
    return since;
  }

  /** I10: what is taken back by one UPS is not what another one has asked for. */
  onAbort(runId: RunId): void {
    const { ofManager, grid } = this.#power;
    const other = ofManager?.upses.find((ups) => ups.wants(runId) && !grid.of(ups.name).hasMains);
    if (other) this.#fail(`I10: ${runId} is taken back, and ${other.name} is on battery and wants it`);
  }

  /** I5: a battery is no battery for ever. */
  onRun({ request: { runId, timeLimitMs } }: RunState): void {
    const { ofManager } = this.#power;
    if (timeLimitMs !== undefined || !ofManager || ofManager.upses.some(({ isDark }) => isDark)) return;
    this.#fail(`I5: ${runId} has no time limit, and no UPS has its hosts off`);
  }
}
