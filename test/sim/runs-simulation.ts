/**
 * One seed: a fleet, runs that are asked for, and faults. While faults go on nothing wrong may happen; after the last
 * of them every run must come to its end within its bound, and nothing is left at rest.
 */
import { makeOpId } from '@hecate/proto/core/names.ts';
import { boundOf } from '../../manager/src/core/plan/bounds.ts';
import type { Plan } from '../../manager/src/core/plan/plan.ts';
import type { RunId, RunRequest, RunState } from '../../manager/src/core/runs/run.ts';
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

/** For everything that is repaired to be back, and for what a run does between two steps. */
const settleMs = 90_000;
const restMs = 240_000;

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
    this.#coordinatorComesBack();
    time.runUntil(faultsEndMs);
    faults.end();
    // What was asked of a manager that was frozen is taken now.
    time.runUntil(time.nowMs + 10_000);
    this.#finish();
    this.#switchOn();
    // An end that could not be written on a full disk is not remembered: then the run goes on once more.
    this.#finish();
    this.#rest();
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
    else if (kind < 0.55) this.#request(fleet.shutdown);
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

  /** A coordinator that has powered itself off is switched on again by somebody. */
  #coordinatorComesBack(): void {
    const { time, managerHost, chance, manager } = this.#world;
    time.after(chance.between(5000, 40_000), () => {
      if (!managerHost.isOn) managerHost.wake();
      this.#coordinatorComesBack();
    });
    if (managerHost.isOn && !manager.isUp && !managerHost.isGoingDown) manager.start();
  }

  // ── The second phase ──

  #finish(): void {
    const { time, checkers } = this.#world;
    const open = [...checkers.runs.values()].filter(({ isEnded }) => !isEnded);
    const boundMs = Math.max(0, ...open.map(({ plan, state }) => remainingOf(plan, state)));
    const untilMs = time.nowMs + settleMs + boundMs;
    const isOver = () => [...checkers.runs.values()].every(({ isEnded }) => isEnded);
    while (!isOver() && time.nowMs < untilMs) time.runUntil(time.nowMs + 1000);
    for (const run of checkers.runs.values())
      if (!run.isEnded)
        checkers.fail(
          `run ${run.runId} (${run.plan.name}) is not over ${settleMs + boundMs} ms after the last fault`,
        );
  }

  #switchOn(): void {
    const { time, hosts, managerHost } = this.#world;
    const all = [...hosts.values(), managerHost];
    const isUp = () => all.every(({ isOn, isGoingDown }) => isOn && !isGoingDown) && this.#world.manager.isUp;
    const untilMs = time.nowMs + settleMs;
    while (!isUp() && time.nowMs < untilMs) {
      for (const host of all) host.wake();
      time.runUntil(time.nowMs + 1000);
    }
  }

  #rest(): void {
    const { time, hosts, manager, agents, checkers, managerHost } = this.#world;
    const untilMs = time.nowMs + restMs;
    const isOfThePast = (runId: string | undefined) =>
      runId !== undefined && !checkers.runs.has(runId as RunId);
    const isAtRest = () =>
      [...hosts.values()].every(({ isOn, isGoingDown }) => isOn && !isGoingDown) &&
      this.#world.manager.isAtRest &&
      agents.every((agent) => agent.isUp && (agent.isAtRest || isOfThePast(agent.order?.runId)));
    while (!isAtRest() && time.nowMs < untilMs) {
      time.runUntil(time.nowMs + 1000);
      for (const host of [...hosts.values(), managerHost]) if (!host.isOn) host.wake();
    }
    if (!manager.isAtRest) checkers.fail(`I14: the manager is not at rest: ${manager.unfinished}`);
    for (const agent of agents) {
      // Of a run that only a manager of the past knows: somebody has to withdraw it.
      if (agent.order && !checkers.runs.has(agent.order.runId as RunId)) continue;
      if (agent.order) checkers.fail(`${agent.name} still holds an order of ${agent.order.runId}`);
      if (!agent.isAtRest) checkers.fail(`I14: the agent of ${agent.name} is not at rest`);
    }
    const intent = manager.files.intent.content;
    if (intent) checkers.fail(`the intent of ${intent.runId} is still there, and nothing goes on`);
  }
}

const learntOf = (plan: Plan, draw: () => number): Record<string, number> =>
  Object.fromEntries(plan.stages.flatMap(({ steps }) => steps.map(({ id }) => [id, Math.round(draw())])));

function remainingOf(plan: Plan, state: RunState): number {
  const from = state.running?.address ?? state.results.at(-1)?.address ?? { stage: 0, step: 0 };
  return boundOf(plan, 'full', from);
}
