import t from 'tap';
import { ForwardDraft } from '../../../../src/core/power/forward/forward-draft.ts';
import { forwardConfigDefaults, initialForward } from '../../../../src/core/power/forward/forward-state.ts';

const draft = () =>
  new ForwardDraft(initialForward('rack-a', 'boot', 'instance'), forwardConfigDefaults, {
    nowMs: 1,
    bootId: 'boot',
  });

t.test('the record goes ahead of what follows from it, and only where something is new', async (t) => {
  const quiet = draft();
  quiet.set({ failures: 3 });
  quiet.send({ type: 'recovered' });
  t.same(quiet.step().effects, [{ type: 'recovered' }]);
  const news = draft();
  news.send({ type: 'recovered' });
  news.set({ sequence: 1 });
  t.same(
    news.step().effects.map(({ type }) => type),
    ['persist', 'recovered'],
  );
});

t.test('an alert is raised once, and cleared once', async (t) => {
  const alerting = draft();
  alerting.raise('alone', 'one');
  alerting.raise('alone', 'two');
  alerting.clear('alone', 'over');
  alerting.clear('alone', 'over');
  t.match(
    alerting.step().effects.filter(({ type }) => type === 'alert'),
    [
      { isRaised: true, sentence: 'one' },
      { isRaised: false, sentence: 'over' },
    ],
  );
});
