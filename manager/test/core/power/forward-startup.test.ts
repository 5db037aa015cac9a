import t from 'tap';
import { peersHindrance } from '../../../src/core/power/forward-startup.ts';

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
