/** When a site may be started up: what goes on first, then the feeds of every node. */
import t from 'tap';
import { judgeSiteStartup, type SiteStartupQuestion } from '../../../../src/core/power/site/site-startup.ts';
import { thresholdFor } from '../../../../src/core/power/ups/ups-estimate.ts';
import { durableOf } from '../../../../src/core/power/ups/ups-state.ts';
import { bootedMs, readingOf, UpsWorld } from '../support/ups-world.ts';

const full = { runtimeMs: 900_000, chargePercent: 100 };

/** Ten minutes of looks, every 5 s. */
const upsOf = (ups: string, status: string): SiteStartupQuestion['upses'][number] => {
  const world = new UpsWorld();
  for (let look = 0; look < 120; look += 1) world.looks(1, readingOf(status, full));
  return { state: { ...world.state, ups }, threshold: thresholdFor(world.state, world.config) };
};

const good = upsOf('a', 'OL');
const bad = upsOf('b', 'OB');
const question: SiteStartupQuestion = {
  upses: [good],
  nodes: [{ node: 'nas', feeds: ['a'], minFeeds: 1 }],
  stableMainsMs: 300_000,
  startupChargePercent: 80,
  refusal: '',
  isRefusalPassing: false,
  nowMs: bootedMs + 600_000,
};

t.test('power', async (t) => {
  t.match(judgeSiteStartup(question), { state: 'ready', sentence: /^a: mains for .*15 min of runtime/ });
  t.match(judgeSiteStartup({ ...question, stableMainsMs: 900_000 }), {
    state: 'waiting',
    sentence: /^a: mains for .*, of 15 min$/,
  });
  t.match(judgeSiteStartup({ ...question, upses: [], nodes: [] }), {
    state: 'ready',
    sentence: 'no UPS to wait for',
  });
});

t.test('a UPS that was fine before a restart is looked at first', async (t) => {
  const kept = { ...good, state: durableOf(good.state) };
  t.ok(kept.state.mainsSinceMs, 'mains is remembered');
  t.match(judgeSiteStartup({ ...question, upses: [kept] }), {
    state: 'waiting',
    sentence: 'a: it has not been looked at yet',
  });
});

t.test('a node needs as many good feeds as it says', async (t) => {
  const both = { ...question, upses: [good, bad] };
  const node = (feeds: string[], minFeeds: number) => [{ node: 'nas', feeds, minFeeds }];
  t.equal(judgeSiteStartup({ ...both, nodes: node(['a', 'b'], 1) }).state, 'ready', 'one is enough');
  t.match(judgeSiteStartup({ ...both, nodes: node(['a', 'b'], 2) }), {
    state: 'waiting',
    sentence: /^b: mains is not back/,
  });
  t.match(judgeSiteStartup({ ...both, nodes: node(['b'], 1) }), { state: 'waiting', sentence: /^b: / });
  t.equal(judgeSiteStartup({ ...both, nodes: node(['a'], 1) }).state, 'ready', 'nobody hangs on b');
});

t.test('what goes on counts more than power', async (t) => {
  const refusal = 'a shutdown is in progress';
  t.same(judgeSiteStartup({ ...question, refusal }), { state: 'refused', sentence: refusal });
  t.same(judgeSiteStartup({ ...question, refusal, isRefusalPassing: true }), {
    state: 'waiting',
    sentence: refusal,
  });
});
