/** Dead man's orders: at their time, never without one, never beside a manager, never after they are withdrawn. */
import type { NodeName } from '@hecate/proto/core/names.ts';
import type { Operation } from '@hecate/proto/generated/wire.ts';
import type { DeadManEffect } from '../../agent/src/core/dead-man-state.ts';
import { deadManParts } from '../../manager/src/core/plan/dead-man-parts.ts';
import type { RunId } from '../../manager/src/core/runs/run.ts';
import type { SimulatedAgent } from './runs-agent.ts';
import type { SimulatedManager } from './runs-manager.ts';
import type { Watched } from './runs-watched.ts';
import type { SimulationWorld } from './runs-world.ts';

/** For clocks that are read to the millisecond. */
const beginSlackMs = 2;

export class OrderCheckers {
  readonly #withdrawnAtMs = new Map<string, number>();
  readonly #dueAtMs = new Map<string, number>();
  readonly #poweredOff = new Set<string>();
  readonly #world: SimulationWorld;
  readonly #runs: ReadonlyMap<RunId, Watched>;
  readonly #fail: (text: string) => never;

  constructor(world: SimulationWorld, runs: ReadonlyMap<RunId, Watched>, fail: (text: string) => never) {
    this.#world = world;
    this.#runs = runs;
    this.#fail = fail;
  }

  onArm(manager: SimulatedManager, runId: RunId, node: NodeName, inMs: number): void {
    const dueAtMs = this.#world.time.nowMs + inMs;
    const key = `${runId} ${node}`;
    this.#dueAtMs.set(key, Math.min(dueAtMs, this.#dueAtMs.get(key) ?? dueAtMs));
    this.#withdrawnAtMs.delete(key);
    if (manager !== this.#world.manager) return;
    const run = this.#runs.get(runId);
    if (!run) throw this.#fail(`I9: an order of ${runId} is sent, and nobody has accepted that`);
    if (run.isEnded) this.#fail(`an order of ${runId}, which is over, is sent to ${node}`);
    const part = run.plan.parts.find((each) => each.node === node);
    if (!part) throw this.#fail(`${node} gets an order, and has no part in ${runId}`);
    const earliestMs = this.#earliestMs(run, node, run.acceptedAtMs + part.beginsAfterMs);
    if (dueAtMs < earliestMs - beginSlackMs)
      this.#fail(`the order of ${node} is due ${earliestMs - dueAtMs} ms early`);
  }

  /** On a lower rung a node begins earlier, and never before the manager could have acted on that rung. */
  #earliestMs({ plan, state, rungAtMs, acceptedAtMs }: Watched, node: NodeName, atFullMs: number): number {
    if (state.rung === 'full') return atFullMs;
    const dependencies = new Map(
      plan.nodes.map((name) => [name, plan.dependencies.find((each) => each.node === name)?.dependsOn ?? []]),
    );
    const { coordinator } = plan;
    const parts = deadManParts({ plan, dependencies, coordinator }, state.rung);
    const part = parts.find((each) => each.node === node);
    const chosenAtMs = rungAtMs.get(state.rung) ?? acceptedAtMs;
    return part ? Math.min(atFullMs, chosenAtMs + part.beginsAfterMs) : atFullMs;
  }

  onWithdrawn(runId: RunId, node: NodeName): void {
    this.#withdrawnAtMs.set(`${runId} ${node}`, this.#world.time.nowMs);
    const run = this.#runs.get(runId);
    if (run?.isEnded && this.#world.time.nowMs - run.endedAtMs > 1000)
      this.#world.sometimes('order withdrawn late');
  }

  onOrderEvent(agent: SimulatedAgent, effect: Extract<DeadManEffect, { type: 'tell' }>): void {
    if (effect.event === 'begun') {
      this.#world.sometimes('order begun');
      const { order } = effect;
      const dueAtMs = this.#dueAtMs.get(`${order?.runId} ${agent.name}`);
      if (!order || dueAtMs === undefined) throw this.#fail(`${agent.name} begins without an order`);
      if (this.#world.time.nowMs < dueAtMs - 1) this.#fail(`${agent.name} begins before its order's time`);
      if (agent.isManaged) this.#fail(`${agent.name} begins its order while its manager is there`);
    }
    if (effect.event === 'finished') this.#world.sometimes("dead man's order carried out");
  }

  /** Whether orders of the run have asked for the poweroff of these nodes. */
  hasPoweredOff(runId: RunId, nodes: readonly NodeName[]): boolean {
    return nodes.length > 0 && nodes.every((node) => this.#poweredOff.has(`${runId} ${node}`));
  }

  onOrderApplies(agent: SimulatedAgent, operation: Operation): void {
    const { order } = agent;
    const runId = operation.requestedBy.split(' ').at(-1) ?? '';
    const key = `${runId} ${agent.name}`;
    if (operation.verb === 'poweroff') this.#poweredOff.add(key);
    if (!this.#dueAtMs.has(key)) this.#fail(`${agent.name} applies ${operation.verb} without an order`);
    if (this.#withdrawnAtMs.has(key))
      this.#fail(`${agent.name} applies ${operation.verb} of a withdrawn order`);
    if (this.#world.time.nowMs < (this.#dueAtMs.get(key) ?? 0) - 1)
      this.#fail(`${agent.name} applies ${operation.verb} before its order's time`);
    if (order && order.begunAtClockMs === null) this.#fail(`${agent.name} applies before it has begun`);
  }
}
