/**
 * What a scenario may say of power, beside what runs-scenario.ts knows. Nothing is left to chance.
 *
 *     ups NAME SECONDS [dies SHARE]       from full to empty with every host on; a battery that dies with that share left
 *     feeds NODE UPS… [needs COUNT]       default: every UPS, of which it needs one
 *     budget SECONDS                      until runs have taught it; default: 300
 *     grace SECONDS                       between SIGTERM and SIGKILL, and before; default: as the built-in shutdown has it
 *     forwarder NAME UNIT…                another site of one host: its manager watches the UPSes, and forwards to this one
 *     at SECONDS mains off|on [UPS]
 *     at SECONDS silent UPS for SECONDS
 *
 * With a forwarder: forward-scenario.ts.
 */
import type { Inventory } from '../../manager/src/core/plan/inventory.ts';
import { Bootstrap, bootstrapAtBoots } from './power-bootstrap.ts';
import {
  fleetOf,
  type PowerSite,
  patientShutdown,
  plugsOf,
  type SiteUps,
  siteConfig,
  thresholdMsOf,
} from './power-site.ts';
import { Weather } from './power-weather.ts';
import { PowerWorld } from './power-world.ts';
import type { WorldOptions } from './runs-world.ts';

export interface ScenarioPower {
  readonly upses: SiteUps[];
  readonly feeds: Map<string, { readonly upses: readonly string[]; readonly needs: number }>;
  budgetMs: number;
  graceTimes: number;
  forwarder: { readonly name: string; readonly units: readonly string[] } | undefined;
}

export const noPower = (): ScenarioPower => ({
  upses: [],
  feeds: new Map(),
  budgetMs: 300_000,
  graceTimes: 1,
  forwarder: undefined,
});

/** @returns whether it is a line of power */
export function parsePowerLine(power: ScenarioPower, words: readonly string[]): boolean {
  const [first, name = '', ...rest] = words;
  if (first === 'ups')
    power.upses.push(upsOf(name, Number(rest[0]), rest[1] === 'dies' ? Number(rest[2]) : 0));
  else if (first === 'budget') power.budgetMs = Number(name) * 1000;
  else if (first === 'forwarder') power.forwarder = { name, units: rest };
  else if (first === 'grace') power.graceTimes = Number(name) / graceSeconds;
  else if (first === 'feeds') {
    const needsAt = rest.indexOf('needs');
    const upses = needsAt < 0 ? rest : rest.slice(0, needsAt);
    power.feeds.set(name, { upses, needs: needsAt < 0 ? 1 : Number(rest[needsAt + 1]) });
  } else return false;
  return true;
}

/** Of the built-in shutdown. */
const graceSeconds = 20;

const upsOf = (name: string, seconds: number, deadShare: number): SiteUps => ({
  name,
  battery: {
    fullMs: seconds * 1000,
    baseShare: 0.1,
    exponent: 1,
    chargeRate: 5,
    deadShare,
    revealedShare: deadShare,
  },
  telemetry: {
    refreshMs: 30_000,
    isRefreshTold: true,
    tells: 'runtime',
    grainMs: 1000,
    optimism: [1],
    lowPercent: 5,
  },
});

export function siteOf(
  drawn: Inventory,
  { upses, feeds, budgetMs, graceTimes }: Omit<ScenarioPower, 'forwarder'>,
): PowerSite {
  const names = upses.map(({ name }) => name);
  const nodes = drawn.nodes.map((node) => {
    const fed = feeds.get(node.name);
    return fed ? { ...node, feeds: fed.upses, minFeeds: fed.needs } : node;
  });
  const inventory = { ...drawn, nodes };
  const sequences = graceTimes === 1 ? [] : [patientShutdown(inventory, graceTimes)];
  const config = { ...siteConfig(inventory, names, { budgetMs }), sequences };
  return {
    fleet: fleetOf({ inventory, sequences }),
    config,
    upses,
    plugs: plugsOf(inventory, names, () => true),
    thresholdsMs: Object.fromEntries(
      upses.map(({ name, telemetry }) => [name, thresholdMsOf(config, telemetry)]),
    ),
  };
}

/** A world with UPSes, and whoever starts the site at a boot of the coordinator. */
export class PowerPlay {
  readonly power: PowerWorld;
  readonly #weather: Weather;

  constructor(inventory: Inventory, told: ScenarioPower, options: Omit<WorldOptions, 'fleet'>) {
    this.power = new PowerWorld(siteOf(inventory, told), options);
    this.#weather = new Weather(this.power, false);
  }

  begin(): void {
    this.power.grid.weigh();
    this.power.world.begin();
    bootstrapAtBoots(this.power, new Bootstrap(this.power));
  }

  /** @returns whether it was an act of power */
  act([verb, first = '', second = '', third = '']: readonly string[]): boolean {
    const { grid, telemetries } = this.power;
    if (verb === 'mains')
      for (const ups of second ? [grid.of(second)] : grid.upses) ups.setMains(first === 'on');
    else if (verb === 'silent') {
      const telemetry = telemetries.find(({ ups }) => ups.name === first);
      if (telemetry) this.#weather.silence(telemetry, 'data-stale', Number(third) * 1000);
    } else return false;
    return true;
  }
}
