/** The second phase: mains is back for good, and nothing fails any more. The site comes up again, and is at rest (I14). */
import { boundOf } from '../../manager/src/core/plan/bounds.ts';
import { nextUpsTickMs } from '../../manager/src/core/power/ups/ups.ts';
import { isActive } from '../../manager/src/core/runs/plan-walk.ts';
import type { Bootstrap } from './power-bootstrap.ts';
import type { PowerWorld } from './power-world.ts';

/** Nobody who could start the site does so: then an operator comes. */
const operatorAfterMs = 1_800_000;
const settleMs = 600_000;
const lookEveryMs = 5000;

export class PowerEnding {
  readonly #power: PowerWorld;
  readonly #bootstrap: Bootstrap;
  readonly #beganAtMs: number;
  #idleSinceMs: number;

  constructor(power: PowerWorld, bootstrap: Bootstrap) {
    this.#power = power;
    this.#bootstrap = bootstrap;
    this.#beganAtMs = power.world.time.nowMs;
    this.#idleSinceMs = this.#beganAtMs;
  }

  /** @throws Error saying what does not come up, or does not end */
  async come(): Promise<void> {
    const { world } = this.#power;
    const { time } = world;
    const { limitMs } = this;
    const untilMs = time.nowMs + limitMs;
    this.button();
    for (;;) {
      await this.#power.runUntil(time.nowMs + lookEveryMs);
      if (this.whyNotOver() === '') break;
      if (time.nowMs > untilMs)
        world.checkers.fail(`after ${Math.round(limitMs / 1000)} s: ${this.whyNotOver()}`);
      this.operate();
    }
    world.log('everything is up and at rest');
  }

  /** How long that may take. */
  get limitMs(): number {
    const { world, grid } = this.#power;
    const { fleet } = world;
    const bounds = [fleet.shutdown, fleet.startup].map((plan) => (plan ? boundOf(plan, 'full') : 0));
    const chargeMs = Math.max(
      0,
      ...grid.upses.map(({ battery: { nature } }) => nature.fullMs / nature.chargeRate),
    );
    return 3 * (bounds[0] ?? 0) + 3 * (bounds[1] ?? 0) + chargeMs + 2 * operatorAfterMs + settleMs;
  }

  /** The coordinator is switched on by somebody who has seen that mains is back. */
  button(): void {
    const { managerHost, time, chance, manager } = this.#power.world;
    time.after(chance.between(30_000, 300_000), () => {
      managerHost.wake();
      if (managerHost.isOn && !managerHost.isGoingDown && !manager.isUp) manager.start();
      this.button();
    });
  }

  /** Where nobody else starts the site, somebody does, once he has seen that. */
  operate(): void {
    const { world, ofManager } = this.#power;
    const { time, manager, hosts } = world;
    const isBusy =
      (this.#bootstrap.isRunning && !this.#bootstrap.isWaiting) ||
      !ofManager ||
      [...(manager.state?.runs.values() ?? [])].some(isActive) ||
      (this.#whyNotUp() === '' && !ofManager.upses.some(({ state }) => state.phase === 'recover'));
    if (isBusy) this.#idleSinceMs = time.nowMs;
    if (time.nowMs - this.#idleSinceMs < operatorAfterMs) return;
    this.#idleSinceMs = time.nowMs;
    world.log('an operator starts the site');
    world.sometimes('an operator starts the site');
    for (const host of hosts.values()) host.wake();
    this.#bootstrap.request('operator', true);
  }

  #whyNotUp(): string {
    const { hosts } = this.#power.world;
    for (const host of hosts.values()) {
      if (!host.isOn || host.isGoingDown) return `${host.name} is not up`;
      for (const unit of host.units.keys())
        if (host.stateOf(unit) !== 'active') return `${unit} of ${host.name} is ${host.stateOf(unit)}`;
    }
    return '';
  }

  whyNotOver(): string {
    const { world, ofManager, checkers } = this.#power;
    const { manager, agents } = world;
    const why = this.#whyNotUp();
    // What fails to start where things are wild stays failed.
    if (why && !(checkers.isWild && !why.includes('not up'))) return why;
    if (!manager.isAtRest || !ofManager) return `the manager is not at rest: ${manager.unfinished}`;
    for (const { name, state } of ofManager.upses) {
      if (state.phase !== 'online' || state.trigger) return `${name} is ${state.phase}, and mains is back`;
      if (nextUpsTickMs(state, manager.host.clockMs()) !== undefined) return `I14: ${name} waits for a tick`;
    }
    const held = agents.find((agent) => agent.order !== undefined);
    if (held) return `${held.name} still holds an order of ${held.order?.runId}`;
    const { intent } = manager.files;
    return intent.content ? `the intent of ${intent.content.runId} is still there` : '';
  }
}
