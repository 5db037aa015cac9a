import t from 'tap';
import {
  laggards,
  type SiteUpdateInput,
  type SiteUpdateState,
  siteIdle,
  stepSiteUpdate,
} from '../../src/core/site-update.ts';

const clear: SiteUpdateInput = { type: 'asked', hindrance: '' };
const nodes = [
  { node: 'b', isOnline: true, version: '1.1.0' },
  { node: 'a', isOnline: true, version: '1.1.0' },
  { node: 'gone', isOnline: false, version: '0.9.0' },
];

function play(...inputs: SiteUpdateInput[]): { state: SiteUpdateState; told: string[] } {
  let state = siteIdle;
  const told: string[] = [];
  for (const input of inputs) {
    const step = stepSiteUpdate(state, input);
    state = step.state;
    for (const effect of step.effects) {
      if (effect.type === 'end') told.push(`${effect.outcome}: ${effect.sentence}`);
      else if (effect.type === 'tell') told.push(effect.sentence);
      else told.push(effect.type === 'update' ? `update ${effect.node}` : effect.type);
    }
  }
  return { state, told };
}

t.test('one after the other, asked before each, the own host last', async (t) => {
  const { told, state } = play(
    { type: 'begin', nodes },
    clear,
    { type: 'updated', node: 'a' },
    clear,
    { type: 'updated', node: 'b' },
    clear,
  );
  t.same(told, [
    'offline, and left for the next time: gone',
    'ask',
    'update a',
    'ask',
    'update b',
    'ask',
    'update-own-host',
  ]);
  t.equal(state.phase, 'over');
});

t.test('no others: the own host at once', async (t) => {
  t.same(play({ type: 'begin', nodes: [] }, clear).told, ['ask', 'update-own-host']);
});

t.test('it ends with the first that fails', async (t) => {
  const { told } = play({ type: 'begin', nodes }, clear, { type: 'failed', node: 'a', why: 'it went back' });
  t.equal(told.at(-1), 'failed: a: it went back; not begun: b, and this host');
  const last = play({ type: 'begin', nodes: [{ node: 'a', isOnline: true, version: '1.1.0' }] }, clear, {
    type: 'failed',
    node: 'a',
    why: 'it went back',
  });
  t.equal(last.told.at(-1), 'failed: a: it went back; this host is not begun');
});

t.test('and where something speaks against going on', async (t) => {
  const outage: SiteUpdateInput = { type: 'asked', hindrance: 'rack is on battery' };
  t.match(
    play({ type: 'begin', nodes }, outage).told.at(-1),
    /^postponed: .*before anything was begun: rack is on battery/,
  );
  const later = play({ type: 'begin', nodes }, clear, { type: 'updated', node: 'a' }, outage);
  t.match(later.told.at(-1), /^postponed: .*after a: rack is on battery/);
  t.throws(() => stepSiteUpdate(later.state, clear), TypeError, 'it is over');
});

t.test('an input out of turn is a fault of the program', async (t) => {
  t.throws(() => play(clear), TypeError);
  t.throws(() => play({ type: 'begin', nodes }, clear, { type: 'updated', node: 'b' }), TypeError);
});

t.test('this host does not go on without a node that would be two minor versions behind', async (t) => {
  t.same(laggards(nodes, '1.1.3'), [], 'one that is offline is left for the next time');
  t.same(laggards(nodes, '1.2.0'), ['b (1.1.0)', 'a (1.1.0)']);
  t.same(laggards(nodes, '2.0.0-beta.1'), ['b (1.1.0)', 'a (1.1.0)']);
  t.same(laggards(nodes, '1.0.0'), [], 'this host is the older one');
  t.same(laggards([{ node: 'c', isOnline: true, version: '' }], '1.2.0'), [], 'not known');
});
