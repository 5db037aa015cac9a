import {
  createMeasure,
  createPowerAlert,
  createPowerBudget,
  createPowerForward,
  createPowerPeer,
  createPowerReport,
  createPowerTrigger,
  createUpsReport,
} from '@hecate/proto/generated/wire.ts';
import t from 'tap';
import {
  budgetLine,
  measureText,
  siteLines,
  slackText,
  upsNotes,
  upsRow,
} from '../../src/core/power-text.ts';

const plain = (text: string): string => text;
const texts = (ups: Parameters<typeof upsRow>[0]): string[] => upsRow(ups).map(({ text }) => text);
const measure = (value: number) => createMeasure({ value });

const online = createUpsReport({
  name: 'rack-a',
  phase: 'online',
  flags: ['OL', 'CHRG'],
  chargePercent: measure(87.4),
  loadPercent: measure(20),
  toldRuntimeMs: measure(600_000),
  believedRuntimeMs: measure(590_000),
  thresholdMs: 140_000,
  slackMs: 450_000,
  triggerInMs: measure(455_000),
  dataAgeMs: measure(0),
});

t.test('a UPS as a row', async (t) => {
  t.same(texts(online), [
    ...['rack-a', 'online', 'OL CHRG', '87 %', '20 %', '10 min', '9 min 50 s', '2 min 20 s', '7 min 30 s'],
    ...['7 min 35 s', '0 s'],
  ]);
  const silent = createUpsReport({
    name: 'b',
    phase: 'blind-online',
    silence: 'data-stale',
    thresholdMs: 1000,
  });
  t.same(texts(silent), ['b', 'blind-online', 'data-stale', '-', '-', '-', '-', '1 s', '-', '-', '-']);
  const spent = createUpsReport({ name: 'c', phase: 'triggered', slackMs: -5, thresholdMs: 1000 });
  t.equal(texts(spent)[8], '-', 'where nothing is decided nothing is claimed');
  const due = createUpsReport({ name: 'd', phase: 'pending', slackMs: -5000, triggerInMs: measure(0) });
  t.equal(texts(due)[8], '-5 s');
  t.equal(upsRow(createUpsReport({ phase: 'triggered' }))[1]?.tone, 'bad');
});

t.test('what is not known, and what is below zero', async (t) => {
  t.equal(measureText(undefined), '-');
  t.equal(measureText(measure(0)), '0 s');
  t.equal(slackText(-95_000), '-1 min 35 s');
});

t.test('alerts, inhibitions and the trigger, a line each', async (t) => {
  const alerts = [
    createPowerAlert({ key: 'a', level: 'critical', sentence: 'it is silent' }),
    createPowerAlert({ key: 'b', level: 'notice', sentence: 'not shown' }),
  ];
  t.same(upsNotes(createUpsReport({ alerts, inhibition: 'it calibrates\u001b' }), plain), [
    'critical: it is silent',
    'no decision: it calibrates\\x1b',
  ]);
  const trigger = createPowerTrigger({ triggerId: 'ups:a:1', ageMs: 2000, runId: 'R1' });
  t.match(upsNotes(createUpsReport({ name: 'a', trigger }), plain), [
    /^shutdown: a has asked for it 2 s ago; run R1: hecatectl runs watch R1$/,
  ]);
  const refused = createPowerTrigger({ triggerId: 'ups:a:1', trouble: 'no plan' });
  t.match(upsNotes(createUpsReport({ name: 'a', trigger: refused }), plain), [
    /no run has begun for it yet: no plan$/,
  ]);
});

t.test('the budget, and where it comes from', async (t) => {
  const line = (budget: Parameters<typeof createPowerBudget>[0]) =>
    budgetLine(createPowerReport({ mode: 'poweroff', budget: createPowerBudget(budget) }));
  t.equal(line({ budgetMs: 300_000 }), 'budget: 5 min (declared, poweroff)');
  t.equal(
    line({ budgetMs: 120_000, samples: 3, boundMs: 600_000, powerOffMs: 20_000 }),
    'budget: 2 min, 20 s of it for hosts that go off last, at most 10 min (learnt of 3 runs, poweroff)',
  );
  t.match(line({ budgetMs: 1000, samples: 1 }), /learnt of one run/);
  t.match(
    line({ budgetMs: 1000, source: 'estimated' }),
    /estimated of the plan, which takes longer than declared/,
  );
  t.equal(budgetLine(createPowerReport()), '');
});

t.test('other sites: what goes there, what came from there, and who is heard', async (t) => {
  const report = createPowerReport({
    forwards: [createPowerForward({ phase: 'acknowledged', sentence: 'titan carries it out\u001b' })],
    peers: [
      createPowerPeer({ name: 'titan', connected: true, hindrance: 'rack-a is on battery' }),
      createPowerPeer({ name: 'tethys', trouble: 'no route' }),
    ],
  });
  t.same(siteLines(report, plain), [
    'forward: titan carries it out\\x1b',
    'other site: titan answers; rack-a is on battery',
    'other site: tethys no session: no route',
  ]);
  t.same(siteLines(createPowerReport(), plain), []);
});
