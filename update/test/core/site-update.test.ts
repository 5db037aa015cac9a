import t from 'tap';
import {
  type SiteUpdateInput,
  type SiteUpdateState,
  siteIdle,
  stepSiteUpdate,
} from '../../src/core/site-update.ts';

const clear: SiteUpdateInput = { type: 'asked', hindrance: '' };
const nodes = [
  { node: 'b', isOnline: true },
  { node: 'a', isOnline: true },
  { node: 'gone', isOnline: false },
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
  const last = play({ type: 'begin', nodes: [{ node: 'a', isOnline: true }] }, clear, {
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
