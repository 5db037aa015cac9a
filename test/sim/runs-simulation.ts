/**
 * One seed: a fleet, runs that are asked for, and faults. While faults go on nothing wrong may happen; after the last
 * of them every run must come to its end within its bound, and nothing is left at rest.
 */
import { makeOpId } from '@hecate/proto/core/names.ts';
import { boundOf } from '../../manager/src/core/plan/bounds.ts';
import type { Plan } from '../../manager/src/core/plan/plan.ts';
import type { RunId, RunRequest } from '../../manager/src/core/runs/run.ts';
import { comeToRest } from './runs-ending.ts';
import { Faults } from './runs-faults.ts';
import { type Mutation, noMutation } from './runs-mutation.ts';
import { SimulationWorld } from './runs-world.ts';

export interface SimulationOptions {
  readonly mutation?: Mutation;
  readonly isVerbose?: boolean;
}

export interface SimulationResult {
  /** What went wrong; undefined: nothing. */
  readonly violation: string | undefined;
  readonly trace: number;
  readonly happened: ReadonlyMap<string, number>;
  readonly lines: readonly string[];
  readonly runs: number;
  readonly virtualMs: number;
}

export function simulateRuns(seed: number, options: SimulationOptions = {}): SimulationResult {
  const { mutation = noMutation, isVerbose = false } = options;
  const world = new SimulationWorld(seed, { mutation, isVerbose });
  let violation: string | undefined;
  try {
    new Play(world).play();
  } catch (error) {
    violation = error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
  const { trace, happened, lines, checkers, time } = world;
  return { violation, trace, happened, lines, runs: checkers.runs.size, virtualMs: time.nowMs };
}

class Play {
  readonly #world: SimulationWorld;
  #asked: RunId[] = [];
  #lastTrigger = '';

  constructor(world: SimulationWorld) {
    this.#world = world;
  }

  play(): void {
    const world = this.#world;
    const { chance, time } = world;
    const allOn = chance.happens(0.75);
    for (const host of world.hosts.values()) {
      const isOn = host === world.managerHost || allOn || chance.happens(0.5);
      host.assume(isOn, chance.happens(0.8) ? 'active' : 'inactive');
    }
    world.begin();
    const faults = new Faults(world, chance.one([800, 3000, 10_000, 40_000]));
    const faultsEndMs = chance.between(20_000, 90_000);
    this.#work(faultsEndMs);
    faults.begin();
    world.superviseManager();
    time.runUntil(faultsEndMs);
    faults.end();
    // What was asked of a manager that was frozen is taken now.
    time.runUntil(time.nowMs + 10_000);
    comeToRest(world);
  }

  // ── Work ──

  #work(untilMs: number): void {
    const { chance, time } = this.#world;
    const delayMs = this.#asked.length === 0 ? chance.between(500, 5000) : chance.between(1000, 40_000);
    time.after(delayMs, () => {
      if (time.nowMs > untilMs) return;
      this.#ask();
      this.#work(untilMs);
    });
  }

  #ask(): void {
    const { chance, manager, fleet } = this.#world;
    if (!manager.isUp) return;
    const kind = chance.random();
    if (kind < 0.15 && this.#asked.length > 0) manager.abort(chance.one(this.#asked));
    else if (kind < 0.55)
      this.#request(chance.happens(0.3) ? (fleet.reloaded ?? fleet.shutdown) : fleet.shutdown);
    else if (kind < 0.65) this.#request(fleet.clusterOnly);
    else if (kind < 0.85) this.#request(fleet.startup);
    else this.#request(fleet.sequence);
  }

  #request(plan: Plan | undefined): void {
    if (!plan) return;
    const { chance, manager, overridden } = this.#world;
    const random = Uint8Array.from({ length: 10 }, () => Math.floor(chance.random() * 256));
    const runId = makeOpId(this.#world.wallMs(), random) as string as RunId;
    const isShutdown = plan.kind === 'shutdown';
    if (chance.happens(0.5)) this.#lastTrigger = `trigger ${Math.floor(chance.random() * 3)}`;
    const bound = boundOf(plan, 'full');
    const request: RunRequest = {
      runId,
      plan,
      planDigest: plan.name,
      isRehearsal: plan.mode === 'cluster-only' && chance.happens(0.3),
      reason: 'the simulation',
      requestedBy: 'simulation',
      requestedFrom: '',
      requestedWallMs: this.#world.wallMs(),
      triggerId: isShutdown && chance.happens(0.4) ? this.#lastTrigger : '',
      timeLimitMs: chance.happens(0.4) ? Math.round(chance.between(3000, bound)) : undefined,
      learntMs: chance.happens(0.3) ? learntOf(plan, () => chance.between(200, 20_000)) : {},
    };
    const isOverridden = chance.happens(0.3);
    if (isOverridden) overridden.add(runId);
    this.#asked.push(runId);
    this.#world.log(`asks for ${plan.name} ${plan.mode}, ${request.timeLimitMs ?? 'no'} limit`);
    manager.request(request, isOverridden);
  }
}

const learntOf = (plan: Plan, draw: () => number): Record<string, number> =>
  Object.fromEntries(plan.stages.flatMap(({ steps }) => steps.map(({ id }) => [id, Math.round(draw())])));
