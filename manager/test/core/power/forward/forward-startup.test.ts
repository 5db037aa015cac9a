import t from 'tap';
import { peersHindrance, upsHindrance } from '../../../../src/core/power/forward/forward-startup.ts';
import { bootedMs, readingOf, UpsWorld } from '../support/ups-world.ts';

const heard = (peer: string, hindrance: string) => ({ peer, heard: { hindrance } });
const ask = (peers: Parameters<typeof peersHindrance>[0]['peers'], nowMs = 10_000) =>
  peersHindrance({ peers, sinceMs: 0, waitMs: 60_000, nowMs });

t.test('nobody keeps it down', async (t) => {
  t.equal(ask([]), '');
  t.equal(ask([heard('tethys', '')]), '');
});

t.test('a shutdown that is live there does, for as long as it is', async (t) => {
  const peers = [heard('tethys', ''), heard('atlas', 'rack-a is on battery')];
  t.equal(ask(peers), 'atlas: rack-a is on battery');
  t.equal(ask(peers, 1_000_000), 'atlas: rack-a is on battery');
});

t.test('one that says nothing is waited for, and not for ever', async (t) => {
  const silent = { peer: 'tethys', heard: undefined };
  t.match(ask([silent]), /tethys has not said yet.*10 s, of 1 min/);
  t.equal(ask([silent], 60_000), '');
});

t.test('a UPS on battery keeps other sites down, until it has been silent for too long', async (t) => {
  const world = new UpsWorld();
  const hindrance = () =>
    upsHindrance({ state: world.state, silentMostMs: 420_000, nowMs: bootedMs + world.nowMs });
  world.looks(2, readingOf('OL', { runtimeMs: 900_000 }));
  t.equal(hindrance(), '');
  world.looks(1, readingOf('OB', { runtimeMs: 900_000 }));
  t.equal(hindrance(), 'rack-a is on battery');
  world.looks(70, 'data-stale');
  t.equal(hindrance(), 'rack-a has asked for a shutdown');
  for (const event of ['started', 'past-no-return', 'ended'] as const) world.run(event);
  t.equal(hindrance(), 'rack-a is on battery');
  world.looks(20, 'data-stale');
  t.equal(hindrance(), '', 'nobody knows any more');
  world.looks(1, readingOf('OB', { runtimeMs: 900_000 }));
  t.equal(hindrance(), 'rack-a is on battery');
});
