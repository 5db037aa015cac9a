/**
 * One seed of a site with UPSes: mains fails and comes back, batteries really run out, telemetry is old, wrong or
 * silent, the manager is killed. Then mains is back for good, and the site must be up again.
 */
import { seededRandom } from '../../proto/test/support/simulated-link.ts';
import { Ambush } from './power-ambush.ts';
import { Bootstrap, bootstrapAtBoots } from './power-bootstrap.ts';
import { PowerEnding } from './power-ending.ts';
import { makePowerSite } from './power-site.ts';
import { StrikeAtTrigger } from './power-strike.ts';
import { Weather } from './power-weather.ts';
import { PowerWorld } from './power-world.ts';
import { chanceOf } from './runs-fleet.ts';
import { noMutation } from './runs-mutation.ts';
import type { SimulationOptions, SimulationResult } from './runs-simulation.ts';

export async function simulatePower(
  seed: number,
  options: SimulationOptions = {},
): Promise<SimulationResult> {
  const { mutation = noMutation, isVerbose = false } = options;
  const random = seededRandom(seed);
  const chance = chanceOf(random);
  const isWild = chance.happens(0.4);
  const site = makePowerSite(chance);
  const power = new PowerWorld(site, { mutation, isVerbose, random, isSound: !isWild });
  power.checkers.isWild = isWild;
  let violation: string | undefined;
  try {
    await play(power, seed, isWild);
  } catch (error) {
    violation = error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
  const { trace, happened, lines, checkers, time } = power.world;
  return { violation, trace, happened, lines, runs: checkers.runs.size, virtualMs: time.nowMs };
}

async function play(power: PowerWorld, seed: number, isWild: boolean): Promise<void> {
  const { world, grid, site } = power;
  const { chance, time } = world;
  world.log(
    `${site.upses.length} UPSes, budget ${site.config.power.budgetMs} ms, ${isWild ? 'wild' : 'sound'}`,
  );
  for (const host of world.hosts.values()) host.assume(true, 'active');
  grid.weigh();
  world.begin();
  const bootstrap = new Bootstrap(power);
  bootstrapAtBoots(power, bootstrap);
  const strike = isWild ? new StrikeAtTrigger(power, seed) : undefined;
  const weather = new Weather(power, isWild);
  const ambush = new Ambush(power, weather, seed);
  await power.runUntil(chance.between(5000, 120_000));
  weather.begin();
  ambush.begin();
  const longestMs = Math.max(...grid.upses.map(({ battery }) => battery.nature.fullMs));
  await power.runUntil(time.nowMs + chance.between(300_000, 600_000 + 2 * longestMs));
  ambush.end();
  weather.end();
  if (strike) strike.isOver = true;
  world.log('mains is back for good');
  await new PowerEnding(power, bootstrap).come();
}
