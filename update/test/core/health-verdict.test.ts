import t from 'tap';
import { isManagerAway, judgeSite, type SiteView } from '../../src/core/health-verdict.ts';

const view = (nodes: readonly string[], ...failed: string[]): SiteView => ({
  failedChecks: new Map(failed.map((name) => [name, 'it does not hold'])),
  onlineNodes: new Set(nodes),
});
const all = ['a', 'b', 'c'];

t.test('nothing speaks against it', async (t) => {
  t.equal(judgeSite(view(all), view(all), ''), undefined);
  t.equal(judgeSite(view(all, 'power'), view(all, 'power'), ''), undefined, 'it did not hold before');
  t.equal(judgeSite(view(['a'], 'nodes'), view(['a'], 'nodes'), ''), undefined);
});

t.test('its own fault', async (t) => {
  t.match(judgeSite(view(all), view(all, 'state'), ''), { isElsewhere: false, why: /state: it does not/ });
  t.match(judgeSite(view(all), view(all, 'state'), 'run 7 goes on'), { isElsewhere: false });
  t.match(
    judgeSite(view(all), view([], 'nodes'), ''),
    { isElsewhere: false, why: /a, b, c/ },
    'nobody is back',
  );
  t.match(
    judgeSite(view(all, 'nodes'), view([], 'nodes'), ''),
    { isElsewhere: false },
    'one was away before',
  );
});

t.test('maybe not its own', async (t) => {
  t.match(judgeSite(view(all), view(['a', 'b'], 'nodes'), ''), { isElsewhere: true, why: /more: c$/ });
  t.match(
    judgeSite(view(['a']), view([], 'nodes'), ''),
    { isElsewhere: true },
    'of one node nobody can tell',
  );
  t.match(judgeSite(view(all), view(all, 'power'), ''), { isElsewhere: true, why: /power/ });
  t.match(judgeSite(view(all), view(all, 'bus'), ''), { isElsewhere: true });
});

t.test('an outage, or a run: hosts go off, and nothing is held against it', async (t) => {
  t.equal(judgeSite(view(all), view([], 'nodes', 'power'), 'the rack is on battery'), undefined);
});

t.test('what an agent has not found', async (t) => {
  t.equal(isManagerAway('ok     policy: fine\nfailed manager: no answer\n       check it\n'), true);
  t.equal(isManagerAway('failed D-Bus: gone\nfailed manager: no answer\n'), false);
  t.equal(isManagerAway('ok     manager: fine\n'), false);
  t.equal(isManagerAway(''), false);
});
