/**
 * A scenario with a second site (`forwarder`): the UPSes are its own, both sites hang on them, and its manager forwards
 * what they ask for. It shuts itself down where nobody carries that out. Beside what power-scenario.ts knows:
 *
 *     at SECONDS wire cut for SECONDS         between the two managers
 *     at SECONDS kill forwarder for SECONDS
 */
import type { Inventory } from '../../manager/src/core/plan/inventory.ts';
import { forwardConfigDefaults } from '../../manager/src/core/power/forward/forward-state.ts';
import { TwoWorlds } from './forward-worlds.ts';
import { Bootstrap, bootstrapAtBoots } from './power-bootstrap.ts';
import { type ScenarioPower, siteOf } from './power-scenario.ts';
import { inventoryOf, nodeOf, type TwoPowerSites } from './power-second-site.ts';
import type { PowerSite } from './power-site.ts';
import { Weather } from './power-weather.ts';
import type { PowerWorld } from './power-world.ts';
import type { WorldOptions } from './runs-world.ts';

const ownBudgetMs = 30_000;

function sitesOf(inventory: Inventory, told: ScenarioPower): TwoPowerSites {
  const { forwarder, upses, budgetMs, feeds, graceTimes } = told;
  const peer = forwarder?.name ?? '';
  const receiver = siteOf(inventory, { upses: [], feeds, budgetMs, graceTimes });
  const own = inventoryOf([nodeOf(peer, 'coordinator', forwarder?.units ?? [], 0)]);
  const alone = siteOf(own, { upses, feeds: new Map(), budgetMs, graceTimes: 1 });
  const forward = {
    ...forwardConfigDefaults,
    to: [{ host: '10.0.0.1', port: 2020 }],
    identityDirectory: '/nowhere',
    budgetMs,
    hasLocalShutdown: true,
  };
  const { config } = alone;
  const power = { ...config.power, budgetMs: ownBudgetMs, forward };
  const sender: PowerSite = { ...alone, config: { ...config, power } };
  const names = upses.map(({ name }) => name);
  const fed = receiver.plugs.map((plug) => ({ ...plug, feeds: names, minFeeds: 1 }));
  return { kind: 'beside', receiver, sender, peer, fed };
}

export class ForwardPlay {
  /** The coordinator's site. */
  readonly power: PowerWorld;
  readonly #worlds: TwoWorlds;
  readonly #weather: Weather;

  constructor(inventory: Inventory, told: ScenarioPower, options: Omit<WorldOptions, 'fleet'>) {
    const { random = () => 0.5 } = options;
    this.#worlds = new TwoWorlds(sitesOf(inventory, told), { ...options, random });
    this.power = this.#worlds.receiver;
    this.#weather = new Weather(this.#worlds.sender, false);
  }

  begin(): void {
    this.#worlds.begin();
    for (const power of [this.#worlds.receiver, this.#worlds.sender])
      bootstrapAtBoots(power, new Bootstrap(power));
  }

  /** @returns whether it was an act of power, or between the sites */
  act([verb, first = '', second = '', third = '']: readonly string[]): boolean {
    const { sender, way } = this.#worlds;
    const { grid, telemetries, world } = sender;
    const forMs = Number(third) * 1000;
    if (verb === 'mains')
      for (const ups of second ? [grid.of(second)] : grid.upses) ups.setMains(first === 'on');
    else if (verb === 'silent') {
      const telemetry = telemetries.find(({ ups }) => ups.name === first);
      if (telemetry) this.#weather.silence(telemetry, 'data-stale', forMs);
    } else if (verb === 'wire') way.cut(forMs);
    else if (verb === 'kill' && first === 'forwarder') {
      world.manager.kill();
      world.endSessionsOf(world.manager);
      world.time.after(forMs, () => world.manager.start());
    } else return false;
    return true;
  }
}
