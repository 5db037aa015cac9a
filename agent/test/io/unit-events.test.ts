import { setImmediate } from 'node:timers/promises';
import t from 'tap';
import { until } from '../../../test/nodes/until.ts';
import type { UnitChange, UnitState } from '../../src/core/systemd-port.ts';
import { UnitEvents } from '../../src/io/unit-events.ts';
import { unitPath } from '../../src/io/unit-path.ts';

const row = (name: string, activeState = 'active'): UnitState => ({
  name,
  description: name,
  loadState: 'loaded',
  activeState,
  subState: 'running',
  following: '',
  unitPath: unitPath(name),
  jobId: 0,
  jobType: '',
});
const active = (state: string): [string, { signature: string; value: string }][] => [
  ['ActiveState', { signature: 's', value: state }],
];

/** The two questions are answered when the test says so. */
function watched() {
  const told = { changed: [] as UnitChange[], removed: [] as string[], listed: [] as UnitState[][], lost: 0 };
  const asked: { names: readonly string[]; answer: (rows: UnitState[]) => void; fail: () => void }[] = [];
  const question = (names: readonly string[]): Promise<UnitState[]> =>
    new Promise((answer, reject) => asked.push({ names, answer, fail: () => reject(new Error('no')) }));
  const events = new UnitEvents({
    listLoaded: question,
    listAll: () => question(['*']),
    onChanged: (change) => told.changed.push(change),
    onRemoved: (name) => told.removed.push(name),
    onListed: (units) => told.listed.push(units),
    onLost: () => {
      told.lost += 1;
    },
  });
  const question_ = (index: number) => until(() => asked[index], { what: `question ${index} is asked` });
  return { events, told, asked, nth: question_ };
}

t.test('a burst of one unit is one change, with what its signals said last', async (t) => {
  const { events, told } = watched();
  events.onPropertiesChanged(unitPath('a.service'), [['LoadState', { signature: 's', value: 'loaded' }]]);
  events.onPropertiesChanged(unitPath('a.service'), [['SubState', { signature: 's', value: 'running' }]]);
  events.onPropertiesChanged(unitPath('a.service'), [
    ...active('active'),
    ['Job', { signature: '(uo)', value: [0, '/'] }],
    ['InvocationID', { signature: 'ay', value: Uint8Array.of(0, 255) }],
    ['Names', { signature: 'as', value: [] }],
  ]);
  events.onPropertiesChanged(unitPath('b.service'), [['Names', { signature: 'as', value: [] }]]);
  events.onPropertiesChanged('/elsewhere', active('active'));
  await until(() => told.changed.length > 0, { what: 'it is told' });
  const last = { activeState: 'active', subState: 'running', jobId: 0, jobType: '', invocationId: '00ff' };
  const merged = { ...last, loadState: 'loaded' };
  t.strictSame(told.changed, [{ ...merged, name: 'a.service', unitPath: unitPath('a.service') }]);
  events.end();
});

t.test('each active state is told, also those that are left within the window', async (t) => {
  const { events, told } = watched();
  for (const state of ['activating', 'activating', 'active', 'deactivating', 'inactive'])
    events.onPropertiesChanged(unitPath('a.service'), active(state));
  for (const state of ['activating', 'failed'])
    events.onPropertiesChanged(unitPath('b.service'), active(state));
  events.onUnitRemoved('b.service');
  const statesOf = (name: string) =>
    told.changed.filter((change) => change.name === name).map(({ activeState }) => activeState);
  t.strictSame(statesOf('b.service'), ['activating', 'failed'], 'also of one that is gone');
  t.strictSame(told.removed, ['b.service']);
  events.flush();
  t.strictSame(statesOf('a.service'), ['activating', 'active', 'deactivating', 'inactive']);
  events.end();
});

t.test('a new unit is told in full; one that goes meanwhile is told as gone only', async (t) => {
  const { events, told, asked, nth } = watched();
  events.onUnitNew('a.service');
  events.onUnitNew('b.service');
  const first = await nth(0);
  t.strictSame(first.names, ['a.service', 'b.service'], 'in one question');
  events.onPropertiesChanged(unitPath('a.service'), active('activating'));
  events.onUnitRemoved('b.service');
  events.onUnitNew('c.service');
  first.answer([row('a.service'), row('b.service')]);
  const second = await nth(1);
  t.strictSame(second.names, ['c.service']);
  second.answer([]);
  await setImmediate(); // as the connection does between a reply and the signal after it
  t.strictSame(told.changed, [row('a.service')], 'the answer is newer than the signal before it');
  t.strictSame(told.removed, ['b.service']);
  events.onPropertiesChanged(unitPath('c.service'), active('active'));
  await until(() => told.changed.length === 2, { what: 'later changes are told' });
  t.equal(asked.length, 2, 'and one that is gone is not asked for again');
  events.end();
});

t.test('a reload, and too much at once: one full list', async (t) => {
  const { events, told, asked, nth } = watched();
  events.onPropertiesChanged(unitPath('a.service'), active('active'));
  events.onReloading(true);
  events.onUnitRemoved('a.service');
  events.onUnitNew('a.service');
  events.onReloading(false);
  events.onReloading(false);
  (await nth(0)).answer([row('old.service')]);
  (await nth(1)).answer([row('a.service')]);
  await until(() => told.listed.length > 0, { what: 'the list is told' });
  t.strictSame(told.listed, [[row('a.service')]], 'the later question counts');
  t.strictSame([told.changed, told.removed], [[], []], 'nothing of the storm');

  for (let index = 0; index < 2100; index += 1) events.onUnitNew(`n${index}.service`);
  t.strictSame((await nth(2)).names, ['*']);
  asked[2]?.answer([]);
  await until(() => told.listed.length === 2, { what: 'the second list is told' });
  events.end();
});

t.test('a question that fails is asked as a full list; one that fails twice is the end', async (t) => {
  const { events, told, nth } = watched();
  events.onUnitNew('a.service');
  (await nth(0)).fail();
  t.strictSame((await nth(1)).names, ['*']);
  (await nth(1)).fail();
  (await nth(2)).answer([row('a.service')]);
  await until(() => told.listed.length === 1, { what: 'the list is told' });
  events.listAll();
  (await nth(3)).fail();
  (await nth(4)).fail();
  await until(() => told.lost === 1, { what: 'it is told' });
  events.end();
  events.onUnitNew('a.service');
  events.onUnitRemoved('a.service');
  t.strictSame(told.removed, [], 'nothing after the end');
});
