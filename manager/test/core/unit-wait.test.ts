import { createMonitorEvent, createWaitUnits, type MonitorEvent } from '@hecate/proto/generated/wire.ts';
import t from 'tap';
import { type FleetState, fleetStep } from '../../src/core/fleet.ts';
import { isReached, lastOf, noteEvent, noteFleet, noteNode, openUnitWait } from '../../src/core/unit-wait.ts';
import {
  connected,
  disconnected,
  names,
  nodeOf,
  notice,
  playFleet,
  snapshot,
  unit,
} from '../support/fleet-fixtures.ts';
import { nodes } from '../support/manager-bench.ts';

const twoNodes = (): FleetState =>
  playFleet(
    { nodes: new Map() },
    { type: 'allowed', names: names('node-a', 'node-b') },
    connected('node-a'),
    connected('node-b'),
    notice('node-a', snapshot([unit('web.service', 'inactive'), unit('db.service')])),
    notice('node-b', snapshot([unit('web.service')])),
  ).state;
const both = nodes('node-a', 'node-b');
const wanted = (fields = {}) =>
  createWaitUnits({ nodes: both, units: ['web.service'], activeState: 'active', ...fields });
const changed = (node: string, name: string, state: string): MonitorEvent =>
  createMonitorEvent({ node, event: { case: 'unit', value: unit(name, state) } });
const removed = (node: string, name: string): MonitorEvent =>
  createMonitorEvent({ node, event: { case: 'unitRemoved', value: name } });

t.test('all units of all nodes, at the same time', async (t) => {
  const wait = openUnitWait(twoNodes(), wanted());
  t.equal(isReached(wait), false);
  t.equal(noteEvent(wait, changed('node-b', 'web.service', 'failed')), true);
  noteEvent(wait, changed('node-a', 'web.service', 'active'));
  t.equal(isReached(wait), false, 'one after the other is not enough');
  noteEvent(wait, changed('node-b', 'web.service', 'active'));
  t.equal(isReached(wait), true);
  t.match(lastOf(wait), [
    { node: 'node-a', stale: false, units: [{ name: 'web.service', activeState: 'active' }] },
    { node: 'node-b', stale: false, units: [{ name: 'web.service', activeState: 'active' }] },
  ]);
});

t.test('what is of others changes nothing', async (t) => {
  const wait = openUnitWait(twoNodes(), wanted({ nodes: nodes('node-a') }));
  for (const event of [
    changed('node-b', 'web.service', 'active'),
    changed('node-a', 'db.service', 'active'),
    removed('node-a', 'db.service'),
    createMonitorEvent({ node: 'node-a', event: { case: 'connection', value: 'online' } }),
  ])
    t.equal(noteEvent(wait, event), false);
  t.equal(isReached(wait), false);
});

t.test('a name that is gone is not loaded; one that a pattern found is none of it any more', async (t) => {
  const named = openUnitWait(twoNodes(), wanted({ activeState: 'inactive' }));
  noteEvent(named, removed('node-b', 'web.service'));
  t.equal(isReached(named), true);
  t.match(lastOf(named)[1]?.units, [{ name: 'web.service', loadState: 'not-found' }]);

  const found = openUnitWait(twoNodes(), wanted({ nodes: nodes('node-a'), units: ['*'] }));
  noteEvent(found, changed('node-a', 'new.service', 'activating'));
  noteEvent(found, removed('node-a', 'web.service'));
  t.same(
    lastOf(found)[0]?.units.map(({ name }) => name),
    ['db.service', 'new.service'],
  );
  noteEvent(found, removed('node-a', 'new.service'));
  t.equal(isReached(found), true);
  noteEvent(found, removed('node-a', 'db.service'));
  t.equal(isReached(found), false, 'no unit at all is in no state');
});

t.test('I12: a node that is not heard is waited for', async (t) => {
  const fleet = twoNodes();
  const wait = openUnitWait(fleet, wanted({ units: ['w*'], nodes: nodes('node-b') }));
  t.equal(isReached(wait), true);
  const gone = fleetStep(fleet, disconnected('node-b')).state;
  t.equal(noteNode(wait, nodeOf(gone, 'node-b')), true);
  t.equal(isReached(wait), false);
  t.match(lastOf(wait), [{ stale: true, units: [{ activeState: 'unknown' }] }]);
  t.equal(noteNode(wait, nodeOf(gone, 'node-b')), false, 'no news');
  t.equal(noteEvent(wait, changed('node-b', 'web.service', 'active')), false);
  const back = playFleet(gone, connected('node-b'), notice('node-b', snapshot([unit('web.service')]))).state;
  noteNode(wait, nodeOf(back, 'node-b'));
  t.equal(isReached(wait), true);
  const none = playFleet(fleet, disconnected('node-a')).state;
  const pattern = openUnitWait(none, wanted({ units: ['x*', 'web.service'] }));
  t.equal(isReached(pattern), false);
});

t.test('a node that is taken out of the site', async (t) => {
  const fleet = twoNodes();
  const wait = openUnitWait(fleet, wanted());
  const fewer = playFleet(fleet, { type: 'allowed', names: names('node-a') }, disconnected('node-b')).state;
  t.throws(() => noteFleet(wait, fewer), { code: 'HEC_NO_SUCH_NODE' });
});
