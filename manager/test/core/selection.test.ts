import {
  createListUnits,
  createNodeSelection,
  type ListUnits,
  type Verb,
} from '@hecate/proto/generated/wire.ts';
import t from 'tap';
import { emptyFleet } from '../../src/core/fleet.ts';
import {
  isKnown,
  isListed,
  lifelinesAmong,
  selectNodes,
  selectUnits,
  unknownUnit,
} from '../../src/core/selection.ts';
import {
  busState,
  connected,
  nodeOf,
  notice,
  playFleet,
  threeNodes,
  unit,
} from '../support/fleet-fixtures.ts';

const fleet = threeNodes();
const select = (...patterns: string[]) =>
  selectNodes(fleet, createNodeSelection({ patterns })).map(({ name }) => name as string);

t.test('nodes', async (t) => {
  t.same(select('node-b'), ['node-b']);
  t.same(select('node-c', 'node-a', 'node-a'), ['node-a', 'node-c'], 'sorted, each once');
  t.same(select('node-*'), ['node-a', 'node-b', 'node-c']);
  t.same(select('node-[!b]'), ['node-a', 'node-c']);
  t.same(select('node-b', '*-a'), ['node-a', 'node-b']);
  t.same(
    selectNodes(fleet, createNodeSelection({ all: true })).map(({ name }) => name as string),
    ['node-a', 'node-b', 'node-c'],
  );
  t.same(selectNodes(emptyFleet, createNodeSelection({ all: true })), []);
});

t.test('selections that are mistakes', async (t) => {
  const mistake = (
    patterns: string[] | undefined,
    expected: { code: string; message?: RegExp; remedy?: RegExp },
  ) => t.throws(() => selectNodes(fleet, patterns && createNodeSelection({ patterns })), expected);
  mistake(undefined, { code: 'HEC_USAGE', message: /no node was named/, remedy: /--all/ });
  mistake([], { code: 'HEC_USAGE' });
  mistake(['node-z'], { code: 'HEC_NO_SUCH_NODE', message: /no node node-z/, remedy: /list-nodes/ });
  mistake(['node-a', 'node-z'], { code: 'HEC_NO_SUCH_NODE' });
  mistake(['web-*'], { code: 'HEC_NOTHING_MATCHED', message: /no node matches web-\*/ });
  mistake(['../etc'], { code: 'HEC_BAD_NAME' });
  mistake([''], { code: 'HEC_BAD_NAME' });
});

t.test('units', async (t) => {
  const node = nodeOf(fleet, 'node-a');
  t.same(selectUnits(node, ['new.service']), ['new.service'], 'a plain name need not be loaded');
  t.same(selectUnits(node, ['*.service']), ['db.service', 'web.service']);
  t.same(selectUnits(node, ['web.service', 'w*', '[dw]*.service']), ['db.service', 'web.service']);
  t.same(selectUnits(node, ['nothing*']), []);
  for (const bad of ['', '../web.service', 'web', 'we b.service', `${'x'.repeat(300)}.service`])
    t.throws(() => selectUnits(node, [bad]), { code: 'HEC_BAD_NAME' }, JSON.stringify(bad.slice(0, 20)));
});

t.test('what list-units shows', async (t) => {
  const filter = (changes: Partial<ListUnits>) => createListUnits(changes);
  const active = unit('web.service');
  const inactive = unit('old.timer', 'inactive');
  const failed = unit('db.service', 'failed');
  const shown = (changes: Partial<ListUnits>) =>
    [active, inactive, failed].filter((each) => isListed(each, filter(changes))).map(({ name }) => name);
  t.same(shown({}), ['web.service', 'db.service'], 'as systemctl: active or failed');
  t.same(shown({ inactiveToo: true }), ['web.service', 'old.timer', 'db.service']);
  t.same(shown({ patterns: ['old*'] }), ['old.timer'], 'a pattern shows inactive ones');
  t.same(shown({ types: ['timer'] }), [], 'a type alone does not');
  t.same(shown({ types: ['timer', 'service'], inactiveToo: true }), [
    'web.service',
    'old.timer',
    'db.service',
  ]);
  t.same(shown({ states: ['failed'] }), ['db.service']);
  t.same(shown({ states: ['loaded'] }), ['web.service', 'old.timer', 'db.service'], 'load states count');
  t.same(shown({ states: ['running'] }), ['web.service'], 'and sub states');
  t.same(shown({ states: ['failed'], patterns: ['web*'] }), []);
  t.ok(isListed(unit('old.timer', 'inactive', { jobId: 4 }), filter({})), 'one with a job is shown');
});

t.test('lifelines that a pattern alone found', async (t) => {
  const node = { ...nodeOf(fleet, 'node-a'), ownUnit: 'own.service' };
  const units = ['dbus.service', 'own.service', 'web.service'];
  const among = (verb: Verb, ...patterns: string[]) => lifelinesAmong(node, { verb, units: patterns }, units);
  t.same(among('stop', '*'), ['dbus.service', 'own.service']);
  t.same(among('stop', '*', 'dbus.service'), ['own.service'], 'named outright');
  t.same(among('start', '*'), []);
});

t.test('I12: what is not heard is unknown', async (t) => {
  const queued = unit('web.service', 'active', { jobId: 3, jobType: 'stop' });
  t.match(unknownUnit(queued), {
    name: 'web.service',
    description: 'the web.service',
    loadState: 'loaded',
    activeState: 'unknown',
    subState: 'unknown',
    jobId: 0,
    jobType: '',
  });
  t.equal(isKnown(nodeOf(fleet, 'node-a')), true);
  t.equal(isKnown(nodeOf(fleet, 'node-b')), false, 'offline');
  t.equal(isKnown(nodeOf(fleet, 'node-c')), false, 'never seen');
  t.equal(isKnown(nodeOf(playFleet(fleet, connected('node-c')).state, 'node-c')), false, 'no list yet');
  const busless = playFleet(fleet, notice('node-a', busState(false))).state;
  t.equal(isKnown(nodeOf(busless, 'node-a')), false, 'its bus is gone');
});
