/** What one look means: each rule of the flags, as a table. */
import t from 'tap';
import type { LookFailure, UpsReading } from '../../../../src/core/power/ups/ups-sample.ts';
import type { UpsPhase } from '../../../../src/core/power/ups/ups-state.ts';
import { readingOf, UpsWorld } from '../support/ups-world.ts';

type Look = UpsReading | LookFailure;

interface Row {
  readonly name: string;
  /** One every 5 s; the number: that often. */
  readonly looks: readonly (readonly [number, Look])[];
  /** Of each trigger: cause, and when, in seconds after the first look. */
  readonly triggers: readonly string[];
  readonly phase: UpsPhase;
  readonly alerts: readonly string[];
}

const full = { runtimeMs: 1_200_000, chargePercent: 100 };
const online = readingOf('OL', full);
const onBattery = readingOf('OB DISCHRG', full);
const onLowBattery = readingOf('OB LB', full);

const rows: readonly Row[] = [
  {
    name: 'mains',
    looks: [[100, online]],
    triggers: [],
    phase: 'online',
    alerts: [],
  },
  {
    name: 'an outage far from its end',
    looks: [
      [2, online],
      [3, onBattery],
    ],
    triggers: [],
    phase: 'on-battery',
    alerts: ['warning on-battery'],
  },
  {
    name: 'a flap',
    looks: [
      [2, online],
      [2, onBattery],
      [14, online],
    ],
    triggers: [],
    phase: 'online',
    alerts: ['warning on-battery', 'over on-battery'],
  },
  {
    name: 'OB and LB, twice',
    looks: [
      [2, online],
      [2, onLowBattery],
    ],
    triggers: ['low-battery at 20 s'],
    phase: 'triggered',
    alerts: ['warning on-battery'],
  },
  {
    name: 'LB at the transfer, once',
    looks: [
      [2, online],
      [1, onLowBattery],
      [5, onBattery],
    ],
    triggers: [],
    phase: 'on-battery',
    alerts: ['warning on-battery'],
  },
  {
    name: 'LB at two transfers, with mains between them',
    looks: [
      [2, online],
      [1, onLowBattery],
      [2, online],
      [1, onLowBattery],
    ],
    triggers: [],
    phase: 'on-battery',
    alerts: ['warning on-battery'],
  },
  {
    name: 'LB without OB: only an alert',
    looks: [
      [2, online],
      [20, readingOf('OL LB', { runtimeMs: 1000, chargePercent: 1 })],
    ],
    triggers: [],
    phase: 'online',
    alerts: ['warning low-on-mains'],
  },
  {
    name: 'RB, BYPASS, ALARM and OVER: only alerts, over when they are',
    looks: [
      [1, readingOf('OL RB', full)],
      [1, readingOf('OL BYPASS', full)],
      [1, readingOf('ALARM OL', full)],
      [1, readingOf('OL OVER', full)],
      [1, online],
    ],
    triggers: [],
    phase: 'online',
    alerts: [
      'warning replace-battery',
      'over replace-battery',
      'warning bypass',
      'over bypass',
      'warning alarm',
      'over alarm',
      'warning overload',
      'over overload',
    ],
  },
  {
    name: 'a fresh FSD at once, with mains, too',
    looks: [
      [2, online],
      [1, readingOf('FSD OL', full)],
    ],
    triggers: ['forced-shutdown at 15 s'],
    phase: 'triggered',
    alerts: [],
  },
  {
    name: 'a fresh FSD at once, on battery',
    looks: [
      [2, onBattery],
      [1, readingOf('FSD OB', full)],
    ],
    triggers: ['forced-shutdown at 15 s'],
    phase: 'triggered',
    alerts: ['warning on-battery'],
  },
  {
    name: 'FSD with mains at the first look: ignored, and an alert',
    looks: [[20, readingOf('ALARM OL FSD', full)]],
    triggers: [],
    phase: 'online',
    alerts: ['warning alarm', 'critical forced-shutdown'],
  },
  {
    name: 'FSD with mains after a long silence: it may be an old one',
    looks: [
      [2, online],
      [60, 'server-lost'],
      [3, readingOf('FSD OL', full)],
    ],
    triggers: [],
    phase: 'online',
    alerts: ['critical silent', 'over silent', 'critical forced-shutdown'],
  },
  {
    name: 'FSD on battery at the first look: there is no time to ask',
    looks: [[1, readingOf('OB FSD', full)]],
    triggers: ['forced-shutdown at 5 s'],
    phase: 'triggered',
    alerts: ['warning on-battery'],
  },
  {
    name: 'FSD that is gone, and set anew',
    looks: [
      [2, readingOf('OL FSD', full)],
      [2, online],
      [1, readingOf('OL FSD', full)],
    ],
    triggers: ['forced-shutdown at 25 s'],
    phase: 'triggered',
    alerts: ['critical forced-shutdown', 'over forced-shutdown'],
  },
  {
    name: 'a calibration discharges on purpose',
    looks: [
      [2, online],
      [20, readingOf('CAL OB LB', { ...full, runtimeMs: 10_000, inputVoltage: 230 })],
    ],
    triggers: [],
    phase: 'on-battery',
    alerts: ['warning on-battery'],
  },
  {
    name: 'a calibration whose mains is dead is an outage',
    looks: [
      [2, online],
      [2, readingOf('CAL OB LB', { ...full, inputVoltage: 0 })],
    ],
    triggers: ['low-battery at 20 s'],
    phase: 'triggered',
    alerts: ['warning on-battery'],
  },
  {
    name: 'FSD counts in a calibration',
    looks: [
      [2, readingOf('CAL OB', full)],
      [1, readingOf('CAL OB FSD', full)],
    ],
    triggers: ['forced-shutdown at 15 s'],
    phase: 'triggered',
    alerts: ['warning on-battery'],
  },
  {
    name: 'silence with mains before it: an alert, for ever, never a shutdown',
    looks: [
      [2, online],
      [1500, 'server-lost'],
    ],
    triggers: [],
    phase: 'blind-online',
    alerts: ['critical silent', 'critical silent', 'critical silent'],
  },
  {
    name: 'silence from the beginning',
    looks: [[100, 'data-stale']],
    triggers: [],
    phase: 'unknown',
    alerts: ['critical silent'],
  },
  {
    name: 'a short silence on battery changes nothing',
    looks: [
      [2, online],
      [2, onBattery],
      [5, 'driver-not-connected'],
      [2, readingOf('OB', { runtimeMs: 1_150_000 })],
    ],
    triggers: [],
    phase: 'on-battery',
    alerts: ['warning on-battery', 'critical silent', 'over silent'],
  },
  {
    name: 'silence on battery: counted down, and not for ever',
    looks: [
      [2, online],
      [2, onBattery],
      [70, 'data-stale'],
    ],
    triggers: ['silent at 325 s'],
    phase: 'triggered',
    alerts: ['warning on-battery', 'critical silent'],
  },
  {
    name: 'silence on battery: counted down to the threshold',
    looks: [
      [2, online],
      [2, readingOf('OB', { runtimeMs: 240_000 })],
      [70, 'data-stale'],
    ],
    // From 240 s to 177 s takes 63 s from 10 s on, less a tenth of the silence; and three looks in a row.
    triggers: ['runtime at 80 s'],
    phase: 'triggered',
    alerts: ['warning on-battery', 'critical silent'],
  },
  {
    name: 'neither OL nor OB: nothing is known, and the state stays',
    looks: [
      [2, online],
      [20, readingOf('', full)],
    ],
    triggers: [],
    phase: 'blind-online',
    alerts: ['critical silent'],
  },
  {
    name: 'OFF for less than 30 s',
    looks: [
      [2, online],
      [5, readingOf('OFF', {})],
      [3, online],
    ],
    triggers: [],
    phase: 'online',
    alerts: ['warning output-off', 'over output-off'],
  },
  {
    name: 'OFF for 30 s: it supplies nothing',
    looks: [
      [2, online],
      [9, readingOf('OFF', full)],
    ],
    // Off since 15 s; three looks in a row from 45 s on.
    triggers: ['output-off at 55 s'],
    phase: 'triggered',
    alerts: ['warning output-off'],
  },
  {
    name: 'OFF with mains: an alert; hosts that live on it know better',
    looks: [[30, readingOf('OL OFF', full)]],
    triggers: [],
    phase: 'online',
    alerts: ['warning output-off'],
  },
  {
    name: 'OL DISCHRG OB all at once is battery',
    looks: [
      [2, online],
      [3, readingOf('OL DISCHRG OB', full)],
    ],
    triggers: [],
    phase: 'on-battery',
    alerts: ['warning on-battery'],
  },
  {
    name: 'neither runtime nor charge: a plain timer',
    looks: [
      [2, readingOf('OL')],
      [40, readingOf('OB')],
    ],
    // On battery since 15 s, 120 s, and three looks in a row.
    triggers: ['timer at 150 s'],
    phase: 'triggered',
    alerts: ['warning on-battery'],
  },
];

for (const { name, looks, triggers, phase, alerts } of rows) {
  t.test(name, async (t) => {
    const world = new UpsWorld();
    for (const [count, look] of looks) world.looks(count, look);
    const asked = world.triggers().map(({ effect, atMs }) => `${effect.cause} at ${atMs / 1000} s`);
    t.same([...new Set(asked.slice(0, 1))], triggers, 'triggers');
    t.equal(world.state.phase, phase);
    t.same(world.alerts(), alerts);
  });
}

t.test('a calibration says that nothing is decided, and when that is over', async (t) => {
  const world = new UpsWorld();
  world.looks(2, readingOf('CAL OB', { ...full, inputVoltage: 231 }));
  world.looks(2, online);
  const said = world.told.flatMap(({ effect }) => (effect.type === 'inhibit' ? [effect.sentence] : []));
  t.same(said, [
    'rack-a calibrates its battery (CAL): it discharges on purpose, and nothing is decided; input voltage 231 V',
    '',
  ]);
});

t.test('a look that is older than the one before it, or from the future, is not heard', async (t) => {
  const world = new UpsWorld();
  world.looks(2, online);
  const { state } = world;
  const late = { ups: 'rack-a', failure: undefined, rejected: [], reading: onLowBattery };
  for (const atMs of [5_000_000, 9_000_000]) world.take({ type: 'sample', sample: { ...late, atMs } });
  t.equal(world.state, state);
});

t.test('a driver that claims to refresh once a day is not believed', async (t) => {
  const world = new UpsWorld();
  world.looks(3, readingOf('OL', { ...full, refreshIntervalMs: 86_400_000 }));
  t.equal(world.state.refreshMs, 300_000);
  world.looks(1, online);
  t.equal(world.state.refreshMs, 30_000, "NUT's default where nothing is said");
});

t.test('WAIT: what upsd says of a driver that only starts is no look', async (t) => {
  for (const status of ['WAIT', 'WAIT OL', 'OB LB WAIT']) {
    const world = new UpsWorld();
    world.looks(5, readingOf(status, { runtimeMs: 1000 }));
    t.match(world.state, { phase: 'unknown', outage: undefined, reading: undefined }, status);
    t.match(world.state.silence, 'WAIT');
    t.same(world.triggers(), []);
  }
});

t.test('nobody has looked for a while: mains is not taken for stable', async (t) => {
  const world = new UpsWorld();
  world.looks(60, readingOf('OL'));
  const sinceMs = world.state.mainsSinceMs ?? 0;
  world.restart();
  world.nowMs += 120_000;
  world.looks(1, readingOf('OL'));
  t.equal(world.state.mainsSinceMs, world.state.heardAtMs ?? 0, 'counted from this look on');
  t.ok((world.state.mainsSinceMs ?? 0) > sinceMs);
});

t.test('a calibration that is not heard of any more ends with the limit of silence', async (t) => {
  const world = new UpsWorld();
  world.looks(2, readingOf('OL', { runtimeMs: 900_000 }));
  world.looks(5, readingOf('OB CAL', { runtimeMs: 900_000, inputVoltage: 230 }));
  world.looks(59, 'data-stale');
  t.not(world.state.inhibition, '');
  t.equal(world.triggers().length, 0);
  world.looks(3, 'data-stale');
  t.equal(world.state.inhibition, '');
  t.equal(world.triggers()[0]?.effect.cause, 'silent');
});
