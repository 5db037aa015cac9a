/**
 * One seed of two sites: the UPSes of one are watched by a manager that forwards, and the other one's manager carries
 * that out. Mains fails and comes back, batteries really run out, the way between them is cut, either manager is
 * killed. Then mains is back for good: both sites are up again, and nothing is asked for any more.
 */
import { seededRandom } from '../../proto/test/support/simulated-link.ts';
import { ForwardWeather } from './forward-weather.ts';
import { TwoWorlds } from './forward-worlds.ts';
import { Bootstrap, bootstrapAtBoots } from './power-bootstrap.ts';
import { PowerEnding } from './power-ending.ts';
import { makeTwoSites, peerHost } from './power-second-site.ts';
import { chanceOf } from './runs-fleet.ts';
import { noMutation } from './runs-mutation.ts';
import type { SimulationOptions, SimulationResult } from './runs-simulation.ts';

export async function simulateForward(
  seed: number,
  options: SimulationOptions = {},
): Promise<SimulationResult> {
  const { mutation = noMutation, isVerbose = false } = options;
  const random = seededRandom(seed);
  const chance = chanceOf(random);
  const isWild = chance.happens(0.3);
  const worlds = new TwoWorlds(makeTwoSites(chance), { mutation, isVerbose, random, isSound: !isWild });
  const { receiver, sender, checkers, starved } = worlds;
  for (const each of [receiver.checkers, sender.checkers, checkers, starved]) each.isWild = isWild;
  let violation: string | undefined;
  try {
    await play(worlds, isWild);
  } catch (error) {
    violation = error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
  const { trace, happened, lines, time } = receiver.world;
  const both = new Map(happened);
  for (const [what, times] of sender.world.happened) both.set(`${peerHost}: ${what}`, times);
  const runs = receiver.world.checkers.runs.size + sender.world.checkers.runs.size;
  return { violation, trace, happened: both, lines, runs, virtualMs: time.nowMs };
}

async function play(worlds: TwoWorlds, isWild: boolean): Promise<void> {
  const { receiver, sender, sites } = worlds;
  const { world } = receiver;
  const { chance, time } = world;
  world.log(`${sites.kind}, ${sites.receiver.upses.length} UPSes, ${isWild ? 'wild' : 'sound'}`);
  worlds.begin();
  const bootstraps = [receiver, sender].map((power) => {
    const bootstrap = new Bootstrap(power);
    bootstrapAtBoots(power, bootstrap);
    return bootstrap;
  });
  const weather = new ForwardWeather(worlds, isWild);
  await receiver.runUntil(chance.between(5000, 120_000));
  weather.begin();
  const upses = [receiver, sender].flatMap(({ grid }) => grid.upses);
  const longestMs = Math.max(...upses.map(({ battery }) => battery.nature.fullMs));
  await receiver.runUntil(time.nowMs + chance.between(300_000, 600_000 + 2 * longestMs));
  weather.end();
  world.log('mains is back for good');
  await comeToRest(worlds, bootstraps);
}

const lookEveryMs = 5000;

/** @throws Error saying what does not come up, or does not end */
async function comeToRest(worlds: TwoWorlds, bootstraps: readonly Bootstrap[]): Promise<void> {
  const { receiver, sender, sites } = worlds;
  const { world } = receiver;
  const endings = [receiver, sender].flatMap((power, index) => {
    const bootstrap = bootstraps[index];
    return bootstrap ? [new PowerEnding(power, bootstrap)] : [];
  });
  // A host that is a node of the other site is started with that.
  const isNode = sites.kind === 'on-a-node';
  const operated = isNode ? endings.slice(0, 1) : endings;
  const limitMs = endings.reduce((sum, ending) => sum + ending.limitMs, 0);
  const untilMs = world.time.nowMs + limitMs;
  for (const ending of operated) ending.button();
  for (;;) {
    await receiver.runUntil(world.time.nowMs + lookEveryMs);
    const why = endings.map((ending) => ending.whyNotOver()).find((each) => each !== '');
    const open = why ?? worlds.whyNotOver();
    if (open === '') break;
    if (world.time.nowMs > untilMs) world.checkers.fail(`after ${Math.round(limitMs / 1000)} s: ${open}`);
    for (const ending of operated) ending.operate();
  }
  world.log('both sites are up and at rest');
}
