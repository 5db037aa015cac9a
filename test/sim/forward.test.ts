/**
 * Two sites, one of which forwards what its UPSes ask for, over random outages, cuts between them and ends of their
 * managers: nothing that was acknowledged is lost, one trigger is one run, what is withdrawn in time is up again, and
 * no host is up when its feed is empty, where anybody could have seen to that. The same twice. A seed that fails
 * prints how to repeat it; it belongs into forward-corpus/ then. And some planted bugs that few seeds find.
 */
import t from 'tap';
import { forwardMutants } from './forward-mutants.ts';
import { simulateForward } from './forward-simulation.ts';
import { corpusSeeds } from './runs-corpus.ts';

t.setTimeout(300_000);

const seedsCount = 16;
const twiceEvery = 4;
/** What the seeds must bring about, or they are not wild enough to prove anything. */
const sometimes = [
  'answered accepted',
  'answered ended',
  'answered running',
  'answered withdrawing',
  'forwarded run',
  'forwarded run done',
  'receiver restarted with a forward',
  'struck in the window',
  'the way is cut',
  'tethys: alert alone',
  'tethys: alert unacknowledged',
  'tethys: manager killed with a trigger',
  'tethys: own shutdown',
];

const repeat = (seed: number): string =>
  `npm run sim -- --power --sites 2 --seeds 1 --seed ${seed} --verbose`;

t.test(`${seedsCount} seeds`, async (t) => {
  const happened = new Set<string>();
  for (let seed = 1; seed <= seedsCount; seed += 1) {
    const first = await simulateForward(seed);
    if (first.violation) t.fail(`seed ${seed}: ${first.violation.split('\n')[0]}`, { repeat: repeat(seed) });
    for (const what of first.happened.keys()) happened.add(what);
    if (seed % twiceEvery !== 0) continue;
    const second = await simulateForward(seed);
    if (second.trace !== first.trace)
      t.fail(`seed ${seed} does not give the same twice`, { repeat: repeat(seed) });
  }
  for (const what of sometimes) t.ok(happened.has(what), `it came up: ${what}`);
});

t.test('seeds that once failed', async (t) => {
  for (const { seed, why } of corpusSeeds('forward-corpus'))
    t.equal((await simulateForward(seed)).violation?.split('\n')[0], undefined, `${seed}: ${why}`, {
      repeat: repeat(seed),
    });
});

const mutantSeedsMax = 16;

for (const name of [
  'a forward is acknowledged before it is written',
  'a trigger that comes twice is another one',
]) {
  t.test(name, async (t) => {
    const mutation = forwardMutants[name];
    if (!mutation) throw new Error(`no planted bug ${name}`);
    let found: string | undefined;
    for (let seed = 1; seed <= mutantSeedsMax && !found; seed += 1)
      found = (await simulateForward(seed, { mutation })).violation;
    t.ok(found, `found within ${mutantSeedsMax} seeds`);
    t.comment(found?.split('\n')[0]);
  });
}
