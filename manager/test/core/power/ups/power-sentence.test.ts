/** What `hecatectl power explain` says, in each phase. */
import t from 'tap';
import { explainUps, thresholdSentence } from '../../../../src/core/power/ups/power-sentence.ts';
import { thresholdOf } from '../../../../src/core/power/ups/threshold.ts';
import { upsConfig } from '../../../../src/core/power/ups/ups-config.ts';
import type { UpsReading } from '../../../../src/core/power/ups/ups-sample.ts';
import { bootedMs, readingOf, UpsWorld } from '../support/ups-world.ts';

const runtime = (seconds: number, status = 'OB') => readingOf(status, { runtimeMs: seconds * 1000 });
const explained = (prepare: (world: UpsWorld) => void): string => {
  const world = new UpsWorld();
  prepare(world);
  return explainUps(world.state, world.config, bootedMs + world.nowMs);
};
const threshold = 'threshold 2 min 57 s = 1.1 × budget 2 min + refresh 30 s + debounce 15 s';

t.test('the threshold with its parts', async (t) => {
  t.equal(thresholdSentence(thresholdOf(upsConfig('a'), 120_000, 30_000)), threshold);
  t.equal(
    thresholdSentence(thresholdOf(upsConfig('a', { forwardingLatencyMs: 3000 }), 120_000, 30_000)),
    'threshold 3 min = 1.1 × budget 2 min + refresh 30 s + debounce 15 s + forwarding 3 s',
  );
});

t.test('one sentence, with figures, in each phase', async (t) => {
  const triggered = (world: UpsWorld): void => {
    world.looks(2, runtime(150, 'OL'));
    world.looks(3, runtime(150));
  };
  const rows: readonly [string, (world: UpsWorld) => void][] = [
    ['rack-a has not been heard of since this boot: nothing is decided on it', () => undefined],
    [
      `rack-a is on mains: runtime 15 min believed (told 15 min), ${threshold}`,
      (world) => world.looks(2, runtime(900, 'OL')),
    ],
    [
      'rack-a is on mains and tells no runtime; an outage is timed, or told by its charge',
      (world) => world.looks(2, readingOf('OL')),
    ],
    [
      'rack-a is silent (data-stale): an outage would not be seen; nothing is decided on silence',
      (world) => {
        world.looks(2, runtime(900, 'OL'));
        world.looks(2, 'data-stale');
      },
    ],
    [
      `rack-a is on battery for 10 s: runtime 14 min 45 s believed (told 15 min, 15 s ago), ${threshold}; 11 min 48 s until it asks for a shutdown`,
      (world) => {
        world.looks(2, runtime(900, 'OL'));
        world.looks(3, runtime(900));
      },
    ],
    [
      `rack-a is on battery for 5 s: runtime 2 min 40 s believed (told 2 min 50 s, 10 s ago), ${threshold}; under it in 2 of 3 looks`,
      (world) => {
        world.looks(2, runtime(170, 'OL'));
        world.looks(2, runtime(170));
      },
    ],
    [
      `rack-a is on battery for 10 s, silent (data-stale): runtime 14 min 45 s believed (told 15 min, 15 s ago), ${threshold}; 11 min 48 s until it asks for a shutdown`,
      (world) => {
        world.looks(2, runtime(900, 'OL'));
        world.looks(2, runtime(900));
        world.looks(1, 'data-stale');
      },
    ],
    [
      'rack-a is on battery for 10 s: neither runtime nor charge say how long it lasts: the timer of 2 min counts, 1 min 50 s of it left; 1 min 50 s until it asks for a shutdown',
      (world) => world.looks(3, readingOf('OB')),
    ],
    [
      `rack-a, on battery for 10 s, asks for a shutdown: runtime 2 min 15 s believed (told 2 min 30 s, 15 s ago), under the ${threshold}, in 3 looks in a row (reversible)`,
      triggered,
    ],
    [
      `rack-a, on battery for 10 s, asks for a shutdown: runtime 2 min 15 s believed (told 2 min 30 s, 15 s ago), under the ${threshold}, in 3 looks in a row (hosts are being powered off: it goes on to its end)`,
      (world) => {
        triggered(world);
        world.run('past-no-return');
      },
    ],
    [
      'rack-a: the hosts are off; mains is not back',
      (world) => {
        triggered(world);
        world.run('past-no-return');
        world.run('ended');
      },
    ],
    [
      `rack-a: mains is back, the hosts are off: runtime 2 min 10 s believed (told 2 min 10 s), ${threshold}`,
      (world) => {
        triggered(world);
        world.run('past-no-return');
        world.run('ended');
        world.looks(2, runtime(130, 'OL'));
      },
    ],
  ];
  for (const [sentence, prepare] of rows) t.equal(explained(prepare), sentence);
});

t.test('why it asked, by cause', async (t) => {
  const sentence = (...looks: readonly UpsReading[]): string => {
    const world = new UpsWorld();
    world.looks(2, runtime(900, 'OL'));
    for (const look of looks) world.looks(1, look);
    return world.triggers()[0]?.effect.sentence ?? '';
  };
  t.equal(
    sentence(runtime(900, 'OB LB'), runtime(900, 'OB LB')),
    'rack-a, on battery for 5 s, asks for a shutdown: battery low (OB LB) in 2 looks in a row; runtime 14 min 50 s believed (told 15 min, 10 s ago)',
  );
  t.equal(
    sentence(runtime(900, 'OL FSD')),
    'rack-a commands a shutdown: forced shutdown (FSD) was set anew; runtime 15 min believed (told 15 min)',
  );
});
