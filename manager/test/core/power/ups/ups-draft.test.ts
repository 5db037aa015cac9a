/** A step in the making: records first, alerts once, nothing twice. */
import t from 'tap';
import { upsConfig } from '../../../../src/core/power/ups/ups-config.ts';
import { UpsDraft } from '../../../../src/core/power/ups/ups-draft.ts';
import { initialUps, type UpsState } from '../../../../src/core/power/ups/ups-state.ts';

const config = upsConfig('a');
const draftAt = (nowMs: number, state: UpsState = initialUps('a', 'boot', 1000)): UpsDraft =>
  new UpsDraft(state, config, { nowMs, bootId: 'boot' });

t.test('nothing changed: nothing to write, nothing to send', async (t) => {
  const draft = draftAt(5);
  t.same(draft.step(), { state: draft.before, effects: [] });
});

t.test('the record goes ahead of the effects (I9)', async (t) => {
  const draft = draftAt(5);
  draft.setFast(true);
  draft.enter('online');
  const { state, effects } = draft.step();
  t.same(
    effects.map(({ type }) => type),
    ['persist', 'poll-fast'],
  );
  t.match(state, { isFast: true, phase: 'online', phaseSinceMs: 5 });
});

t.test('an alert is said once, again every hour, and when it is over', async (t) => {
  const first = draftAt(0);
  first.raise('x', 'warning', 'it is');
  t.match(first.step().effects.at(-1), { type: 'alert', key: 'x', level: 'warning', isRaised: true });
  const soon = draftAt(3_599_999, first.step().state);
  soon.raise('x', 'warning', 'it is');
  t.same(soon.step().effects, []);
  const later = draftAt(3_600_000, first.step().state);
  later.raise('x', 'warning', 'it still is');
  t.match(later.step().effects.at(-1), { sentence: 'it still is' });
  const over = draftAt(4_000_000, later.step().state);
  over.clear('x', 'it was');
  over.clear('x', 'it was');
  t.same(over.step().effects.slice(1), [
    { type: 'alert', key: 'x', level: 'notice', isRaised: false, sentence: 'it was' },
  ]);
  t.same(over.state.alerts, {});
});

t.test('why nothing is decided is said when it changes', async (t) => {
  const draft = draftAt(0);
  draft.inhibit('because');
  draft.inhibit('because');
  draft.inhibit('');
  t.same(
    draft.step().effects.map((effect) => (effect.type === 'inhibit' ? effect.sentence : effect.type)),
    ['because', ''],
  );
});
