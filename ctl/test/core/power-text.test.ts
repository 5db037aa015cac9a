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
    ...['rack-a', 'online', 'OL CHRG', '87 %', '20 %', '10min', '9min 50s', '2min 20s', '7min 30s'],
    ...['7min 35s', '0ms'],
  ]);
  const silent = createUpsReport({
    name: 'b',
    phase: 'blind-online',
    silence: 'data-stale',
    thresholdMs: 1000,
  });
  t.same(texts(silent), ['b', 'blind-online', 'data-stale', '-', '-', '-', '-', '1s', '0ms', '-', '-']);
  const never = createUpsReport({ name: 'c', phase: 'unknown', slackMs: -5, thresholdMs: 1000 });
  t.equal(texts(never)[8], '-', 'of one that was never heard nothing is claimed');
  t.equal(upsRow(createUpsReport({ phase: 'triggered' }))[1]?.tone, 'bad');
});

t.test('what is not known, and what is below zero', async (t) => {
  t.equal(measureText(undefined), '-');
  t.equal(measureText(measure(0)), '0ms');
  t.equal(slackText(-95_000), '-1min 35s');
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
    /^shutdown: a has asked for it 2s ago; run R1: hecatectl runs watch R1$/,
  ]);
  const refused = createPowerTrigger({ triggerId: 'ups:a:1', trouble: 'no plan' });
  t.match(upsNotes(createUpsReport({ name: 'a', trigger: refused }), plain), [
    /no run has begun for it yet: no plan$/,
  ]);
});

t.test('the budget, and where it comes from', async (t) => {
  const line = (budget: Parameters<typeof createPowerBudget>[0]) =>
    budgetLine(createPowerReport({ mode: 'poweroff', budget: createPowerBudget(budget) }));
  t.equal(line({ budgetMs: 300_000 }), 'budget: 5min (declared, poweroff)');
  t.equal(
    line({ budgetMs: 120_000, samples: 3, boundMs: 600_000, powerOffMs: 20_000 }),
    'budget: 2min, 20s of it for hosts that go off last, at most 10min (learnt of 3 runs, poweroff)',
  );
  t.match(line({ budgetMs: 1000, samples: 1 }), /learnt of one run/);
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
