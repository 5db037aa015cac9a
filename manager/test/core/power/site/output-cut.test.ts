import t from 'tap';
import { planCut, type UpsOffer } from '../../../../src/core/power/site/output-cut.ts';

const offer = (
  variables: Record<string, string>,
  settable: readonly string[] = [],
  commands: readonly string[] = ['load.off', 'shutdown.return'],
): UpsOffer => ({
  commands: new Set(commands),
  settable: new Set(settable),
  variables: new Map(Object.entries(variables)),
});
const delay = 'ups.delay.shutdown';
const start = 'ups.delay.start';

t.test('a delay that is long enough stays', async (t) => {
  t.same(planCut(offer({ [delay]: '120' }, [delay]), 120_000), {
    hindrance: '',
    remedy: '',
    settings: [],
    delayMs: 120_000,
  });
  t.equal(planCut(offer({ [delay]: '600' }), 120_000).delayMs, 600_000);
});

t.test('one that is shorter is set, in whole minutes', async (t) => {
  const { settings, delayMs } = planCut(offer({ [delay]: '20' }, [delay]), 61_000);
  t.same(settings, [{ variable: delay, value: '120' }]);
  t.equal(delayMs, 120_000);
  t.equal(planCut(offer({}, [delay]), 1000).delayMs, 60_000, 'also one that is not told');
});

t.test('the output comes back later than it goes off', async (t) => {
  const of = (told: string, settable: string[]) =>
    planCut(offer({ [delay]: '20', [start]: told }, settable), 90_000).settings;
  t.same(of('30', [delay, start]), [
    { variable: delay, value: '120' },
    { variable: start, value: '180' },
  ]);
  t.equal(of('180', [delay, start]).length, 1);
  t.equal(of('30', [delay]).length, 1, 'what cannot be set is left');
});

t.test('what cannot be cut', async (t) => {
  const none = planCut(offer({ [delay]: '600' }, [delay], ['load.off']), 1000);
  t.match(none, { delayMs: undefined, hindrance: 'does not offer shutdown.return', remedy: /load\.off/ });
  const short = planCut(offer({ [delay]: '20' }), 120_000);
  t.match(
    short.hindrance,
    /^cuts its output 20 s after shutdown\.return, and the coordinator takes up to 2 min/,
  );
  for (const told of ['-1', '', 'soon', '99999999'])
    t.match(planCut(offer({ [delay]: told }), 1000).hindrance, /does not tell how long after/, told);
});
