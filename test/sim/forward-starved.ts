/**
 * A host is up when its feed is empty, and its feed is watched by a manager that forwards: whether anybody could have
 * seen to it in time. The truth, what was told, and how long one of the two managers or the way between them was gone.
 */
import type { NodeName } from '@hecate/proto/core/names.ts';
import { thresholdOf } from '../../manager/src/core/power/ups/threshold.ts';
import type { KnownTrigger } from './power-checkers.ts';
import { whyLate } from './power-lateness.ts';
import { type SimulatedUps, type Stretch, timeWithin } from './power-ups.ts';
import type { PowerWorld } from './power-world.ts';

export interface StarvedPorts {
  readonly receiver: PowerWorld;
  readonly sender: PowerWorld;
  readonly cuts: readonly Stretch[];
}

interface LocalRun {
  readonly runId: string;
  readonly ups: string;
  readonly atMs: number;
  readonly budgetMs: number;
  /** Why it was late, where something excuses that; empty: it was in time. */
  readonly excuse: string;
}

/** After an interruption: noticed, dialled, said again. */
const resumeMs = 15_000;
/** A trigger of an outage that is over by so much says nothing of this one. */
const triggerBeforeMs = 900_000;

export class StarvedCheckers {
  isWild = false;
  readonly #ports: StarvedPorts;
  readonly #local: LocalRun[] = [];

  constructor(ports: StarvedPorts) {
    this.#ports = ports;
  }

  // ── The own shutdown ──

  onSenderRuns(): void {
    const { sender } = this.#ports;
    for (const { runId, plan, state } of sender.world.checkers.runs.values()) {
      const { triggerId } = state.request;
      const [, ups = ''] = /^ups:([^:]+):.*:local:/.exec(triggerId) ?? [];
      if (plan.kind !== 'shutdown' || ups === '' || this.#local.some((each) => each.runId === runId))
        continue;
      sender.world.sometimes('own shutdown');
      this.#began(runId, ups, /:local:\d+\.\d+$/.test(triggerId));
    }
  }

  /** I5: at the own threshold, and not after it. */
  #began(runId: string, ups: string, isRetry: boolean): void {
    const { sender } = this.#ports;
    const { time } = sender.world;
    const { battery } = sender.grid.of(ups);
    battery.advance(time.nowMs);
    const leftMs = battery.leftMs();
    const budgetMs = sender.ofManager?.budget.budgetMs ?? sender.site.config.power.budgetMs;
    const isLate = leftMs > 0 && leftMs < budgetMs && !isRetry && !this.isWild;
    const excuse = isLate ? this.#whyOwnLate(ups, leftMs, budgetMs) : '';
    this.#local.push({ runId, ups, atMs: time.nowMs, budgetMs, excuse });
    if (!isLate) return;
    const figures = `${Math.round(leftMs)} ms left, of an own budget of ${Math.round(budgetMs)} ms`;
    if (excuse === '') this.#fail(`I5: the own shutdown of ${ups} begins too late: ${figures}`);
    sender.world.sometimes(`own shutdown late: ${excuse}`);
  }

  #whyOwnLate(ups: string, leftMs: number, budgetMs: number): string {
    const { sender } = this.#ports;
    const { nowMs } = sender.world.time;
    const trigger = sender.checkers.triggersOf(ups).at(-1);
    if (trigger?.excuse) return trigger.excuse;
    const { acknowledgeWithinMs = 0 } = sender.site.config.power.forward ?? {};
    // The receiver has had its time, which is none of the own threshold.
    if (trigger && nowMs - trigger.atMs <= acknowledgeWithinMs + 1000) return 'it had only just asked';
    const thresholdMs = this.#ownThresholdMs(ups, budgetMs);
    return whyLate(sender, { ups, atMs: nowMs, leftMs, budgetMs, thresholdMs });
  }

  #ownThresholdMs(ups: string, budgetMs: number): number {
    const { site, ofManager } = this.#ports.sender;
    const { refreshMs = 0 } = ofManager?.upses.find(({ name }) => name === ups)?.state ?? {};
    return thresholdOf({ ...site.config.power, forwardingLatencyMs: 0 }, budgetMs, refreshMs).thresholdMs;
  }

  #fail(text: string): never {
    return this.#ports.receiver.world.checkers.fail(text);
  }

  // ── Starved ──

  onStarved(node: NodeName, by: SimulatedUps): void {
    const { sender, receiver } = this.#ports;
    const excuse = this.#whyStillUp(node);
    receiver.world.log(`${node} is up when ${by.name} is empty: ${excuse || 'without an excuse'}`);
    if (excuse !== '') {
      receiver.world.sometimes(`still up: ${excuse}`);
      return;
    }
    const triggers = sender.checkers
      .triggersOf(by.name)
      .map(
        ({ triggerId, atMs, leftMs }) =>
          `${triggerId} at ${Math.round(atMs)} with ${Math.round(leftMs)} ms left`,
      );
    this.#fail(
      `I5: ${node} is still up when ${by.name} is empty; ${triggers.join(', ') || 'nothing triggered'}`,
    );
  }

  #whyStillUp(node: NodeName): string {
    const { sender } = this.#ports;
    const { grid, site } = sender;
    const { nowMs } = sender.world.time;
    const plug = grid.plugs.find((each) => each.node === node);
    const dead = (plug?.feeds ?? []).filter((feed) => !grid.of(feed).hasOutput);
    let newest: (KnownTrigger & { readonly ups: string }) | undefined;
    for (const ups of dead) {
      const sinceMs = (grid.of(ups).outages.at(-1)?.fromMs ?? 0) - triggerBeforeMs;
      const trigger = sender.checkers.triggersOf(ups).findLast(({ atMs }) => atMs >= sinceMs);
      if (!trigger) {
        const thresholdMs = site.thresholdsMs[ups] ?? 0;
        const budgetMs = sender.ofManager?.upses[0]?.state.budgetMs ?? site.config.power.budgetMs;
        return whyLate(sender, { ups, atMs: nowMs, leftMs: 0, budgetMs, thresholdMs });
      }
      if (trigger.excuse) return trigger.excuse;
      if (!newest || trigger.atMs > newest.atMs) newest = { ...trigger, ups };
    }
    if (!newest) return '';
    if (this.isWild) return 'faults while the run went on';
    const { atMs, ups } = newest;
    const outageMs = timeWithin(grid.of(ups).outages, atMs, nowMs);
    if (outageMs < nowMs - atMs) return 'mains was back in between';
    const { hosts } = this.#ports.receiver.world;
    const host = hosts.get(node) ?? sender.world.hosts.get(node);
    if (host?.power.some((each) => each.value && each.atMs > atMs)) return 'it was switched on again';
    return sender.world.hosts.has(node) ? this.#whyOwnStillUp(ups, atMs) : this.#whyTheirsStillUp(newest);
  }

  /** A host of the site that forwards: its own shutdown is the last way out. */
  #whyOwnStillUp(ups: string, triggeredAtMs: number): string {
    const { sender } = this.#ports;
    const { nowMs } = sender.world.time;
    const { forward, budgetMs: declaredMs } = sender.site.config.power;
    if (!forward?.hasLocalShutdown) return 'no own shutdown is declared';
    const own = this.#local.findLast((each) => each.ups === ups && each.atMs >= triggeredAtMs);
    if (own === undefined) {
      const budgetMs = sender.ofManager?.budget.budgetMs ?? declaredMs;
      const thresholdMs = this.#ownThresholdMs(ups, budgetMs);
      return whyLate(sender, { ups, atMs: nowMs, leftMs: 0, budgetMs, thresholdMs });
    }
    if (own.excuse) return own.excuse;
    const downMs = timeWithin(sender.checkers.managerDown, own.atMs, nowMs);
    return nowMs - own.atMs - downMs < own.budgetMs ? 'the battery died within the own budget' : '';
  }

  /** A host of the site that carries it out. */
  #whyTheirsStillUp({ atMs, budgetMs }: KnownTrigger): string {
    const { sender, receiver, cuts } = this.#ports;
    const { nowMs } = sender.world.time;
    const gone = [cuts, receiver.checkers.managerDown, sender.checkers.managerDown].flat();
    const interruptions = gone.filter(({ fromMs, toMs }) => toMs + resumeMs >= atMs && fromMs <= nowMs);
    const goneMs = timeWithin(gone, atMs, nowMs) + resumeMs * interruptions.length;
    const { acknowledgeWithinMs = 0 } = sender.site.config.power.forward ?? {};
    const theirMs = receiver.ofManager?.budget.budgetMs ?? 0;
    if (theirMs > budgetMs + 1) return 'it takes longer than was declared, and was not told yet';
    if (nowMs - atMs - goneMs < budgetMs + acknowledgeWithinMs) return 'the battery died within the budget';
    return '';
  }
}
