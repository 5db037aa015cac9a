/**
 * The manager's host loses power in the moment in which a UPS asks: nobody has begun anything yet, and at the next boot
 * mains may be back. Its chances are its own, so that what other seeds bring about stays as it is.
 */
import { seededRandom } from '../../proto/test/support/simulated-link.ts';
import type { PowerWorld } from './power-world.ts';
import { type Chance, chanceOf } from './runs-fleet.ts';

/** Apart from what the seed itself draws. */
const ownSeed = 1_000_003;
const seedShare = 0.5;
const triggerShare = 0.5;

export class StrikeAtTrigger {
  isOver = false;
  readonly #power: PowerWorld;
  readonly #chance: Chance;

  constructor(power: PowerWorld, seed: number) {
    this.#power = power;
    this.#chance = chanceOf(seededRandom(seed + ownSeed));
    if (!this.#chance.happens(seedShare)) return;
    power.onTrigger = () => this.#strike();
  }

  #strike(): void {
    const { world, grid } = this.#power;
    const chance = this.#chance;
    if (this.isOver || !chance.happens(triggerShare)) return;
    const plug = grid.plugs.find(({ node }) => node === world.managerHost.name);
    world.time.after(chance.between(0, 4), () => {
      world.sometimes('struck at a trigger');
      world.managerHost.loseSupply();
    });
    world.time.after(chance.between(2000, 200_000), () => {
      if (chance.happens(0.6)) for (const ups of grid.upses) ups.setMains(true);
      if (plug && !grid.isSupplied(plug)) return;
      world.managerHost.hasSupply = true;
      world.managerHost.wake();
    });
  }
}
