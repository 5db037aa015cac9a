import t from 'tap';
import { parseConfig } from '../../src/config/load-config.ts';
import { raceFindings } from '../../src/power/race-findings.ts';
import { sitePlan } from '../../src/runs/site-plans.ts';

const ups = {
  name: 'rack-a',
  ups: 'ups@127.0.0.1',
  user: 'hecate',
  password_file: '/password',
  cut_power: true,
};

function findingsOf(
  power: Record<string, unknown>,
  more: Partial<Omit<Parameters<typeof raceFindings>[0], 'compiled' | 'power' | 'inventory'>> = {},
  role = 'coordinator',
): string[] {
  const inventory = [
    { name: 'pi', role, depends_on: ['switch'] },
    { name: 'switch' },
    { name: 'web', address: '192.0.2.9' },
  ];
  const parsed = parseConfig(JSON.stringify({ inventory, power: { upses: [ups], ...power } }), 'test');
  if ('findings' in parsed) throw new Error(JSON.stringify(parsed.findings));
  const compiled = sitePlan(parsed.config, 'shutdown', parsed.config.power.mode);
  const { power: declared, inventory: nodes } = parsed.config;
  const question = { compiled, power: declared, inventory: nodes, cuts: [], tails: [], peers: [], ...more };
  return raceFindings(question).map(({ message, remedy, isError }) => `${isError} ${message}; ${remedy}`);
}

const tail = (tailMs: number, isMeasured = true) => ({ node: 'web' as never, tailMs, isMeasured });

t.test('nothing to warn of', async (t) => {
  t.same(findingsOf({}), []);
  t.same(findingsOf({}, { cuts: [{ ups: 'rack-a', hindrance: undefined }], tails: [tail(120_000)] }), []);
  t.same(findingsOf({ upses: [], mode: 'cluster-only' }), []);
});

t.test('a UPS that cannot be cut', async (t) => {
  const hindrance = { why: 'does not offer shutdown.return', remedy: 'take it away' };
  t.same(findingsOf({}, { cuts: [{ ups: 'rack-a', hindrance }] }), [
    'false rack-a is to cut its output, and cannot: it does not offer shutdown.return; take it away',
  ]);
});

t.test('one that never is', async (t) => {
  t.match(findingsOf({ mode: 'cluster-only' }), [/never does: in the mode cluster-only no host goes off/]);
  t.match(findingsOf({}, {}, 'other'), [/never does: no node is the coordinator/]);
});

t.test('hosts that were slower than the coordinator is given time for', async (t) => {
  const slow = { tails: [tail(130_000), tail(20_000)] };
  t.same(findingsOf({}, slow), [
    'false hosts here took up to 2 min 10 s to go off, and power.coordinator_halt is 2 min; give it more time',
  ]);
  t.same(findingsOf({ coordinator_halt: '3m' }, slow), []);
  t.same(findingsOf({}, { tails: [tail(130_000, false)] }), [], 'what is assumed is no measure');
  const plain = { upses: [{ name: 'rack-a', ups: 'ups@127.0.0.1' }] };
  t.same(findingsOf(plain, slow), [], 'where it does not matter');
  t.equal(findingsOf({ ...plain, coordinator: 'stays-up' }, slow).length, 1);
});

t.test('a NUT server on a host that goes off', async (t) => {
  const on = (host: string, more: Record<string, unknown> = {}) =>
    findingsOf({ upses: [{ ...ups, ups: `ups@${host}` }], ...more });
  t.match(on('web'), [/rack-a is watched through web, which is off by the time that it matters/]);
  t.match(on('192.0.2.9'), [/through web/]);
  t.same(on('pi'), [], 'the coordinator');
  t.same(on('switch'), [], 'what it depends on stays up with it');
  t.same(on('elsewhere.lan'), []);
  const plain = { upses: [{ name: 'rack-a', ups: 'ups@web' }] };
  t.same(findingsOf(plain), [], 'where nobody has to hear of it then');
  t.equal(findingsOf({ ...plain, coordinator: 'stays-up' }).length, 1);
});

t.test('a coordinator that stays up behind a battery that only another site watches', async (t) => {
  const staying = { coordinator: 'stays-up', upses: [] };
  const peers = { peers: ['tethys'] };
  t.match(findingsOf(staying, peers), [/that nobody watches here: tethys may ask for a shutdown.*declare/]);
  t.same(findingsOf(staying), [], 'nobody forwards here');
  t.same(findingsOf({ upses: [] }, peers), [], 'it goes off with the rest');
  t.same(findingsOf({ ...staying, mode: 'cluster-only' }, peers), [], 'nothing goes off');
  const plain = [{ name: 'rack-a', ups: 'ups@127.0.0.1' }];
  t.same(findingsOf({ ...staying, upses: plain }, peers), [], 'its own UPS is watched');
});
