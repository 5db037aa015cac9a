import { parseNodeName } from '@hecate/proto/core/names.ts';
import t from 'tap';
import { emptyFleet, nodeInfo, unitsPerNodeMax } from '../../src/core/fleet.ts';
import {
  busState,
  changes,
  connected,
  disconnected,
  eventsOf,
  jobFinished,
  names,
  nodeOf,
  notice,
  playFleet,
  snapshot,
  threeNodes,
  unit,
  wallMs,
} from '../support/fleet-fixtures.ts';

const online = () =>
  playFleet(emptyFleet, { type: 'allowed', names: names('node-a') }, connected('node-a')).state;

t.test('what a manager before this one has seen', async (t) => {
  const allowed = playFleet(emptyFleet, { type: 'allowed', names: names('node-a', 'node-b') }).state;
  const remembered = (node: string) => ({
    type: 'remembered' as const,
    node: parseNodeName(node),
    wallMs: 1234,
  });
  const { state, effects } = playFleet(allowed, remembered('node-a'), remembered('node-z'));
  t.match(nodeOf(state, 'node-a'), { connection: 'offline', lastSeenMs: 1234, units: new Map() });
  t.match(nodeOf(state, 'node-b'), { connection: 'never-seen', lastSeenMs: 0 });
  t.equal(state.nodes.size, 2);
  t.same(effects, [], 'it is no news');
  t.match(nodeOf(playFleet(online(), remembered('node-a')).state, 'node-a'), { connection: 'online' });
});

t.test('names that are allowed', async (t) => {
  const state = playFleet(emptyFleet, { type: 'allowed', names: names('node-b', 'node-a') }).state;
  t.same([...state.nodes.keys()], ['node-a', 'node-b'], 'in the order of their names');
  t.match(nodeOf(state, 'node-a'), {
    connection: 'never-seen',
    lastSeenMs: 0,
    snapshotComplete: false,
    offlineReason: /not connected since the manager started/,
  });

  const three = threeNodes();
  const fewer = playFleet(three, { type: 'allowed', names: names('node-c', 'node-d') }).state;
  t.same(
    [...fewer.nodes.keys()].sort(),
    ['node-a', 'node-c', 'node-d'],
    'one that is online stays until its end',
  );
  t.same(
    [...playFleet(fewer, disconnected('node-a')).state.nodes.keys()],
    ['node-c', 'node-d'],
    'and goes with it',
  );
  const again = playFleet(fewer, { type: 'allowed', names: names('node-a') }, disconnected('node-a')).state;
  t.match(nodeOf(again, 'node-a'), { connection: 'offline' }, 'unless it was let in again meanwhile');
  const gone = playFleet(fewer, disconnected('node-a'), {
    type: 'allowed',
    names: names('node-c', 'node-d'),
  });
  t.same([...gone.state.nodes.keys()], ['node-c', 'node-d']);
  t.equal(
    nodeOf(playFleet(three, { type: 'allowed', names: names('node-b') }).state, 'node-b').units.size,
    1,
  );
});

t.test('a node connects', async (t) => {
  const { state, effects } = playFleet(emptyFleet, connected('node-a'));
  t.match(nodeOf(state, 'node-a'), {
    connection: 'online',
    sessionId: 'session-of-node-a',
    lastSeenMs: wallMs,
    offlineReason: '',
    agentVersion: '0.1.0',
    address: '192.0.2.7:51234',
    clockOffsetMs: 0,
    busConnected: true,
    snapshotComplete: false,
  });
  t.same(eventsOf(effects), [{ case: 'connection', value: 'online' }]);

  const slow = connected('node-a');
  if (slow.type === 'connected')
    t.equal(
      nodeOf(playFleet(emptyFleet, { ...slow, wallMs: wallMs + 90_000 }).state, 'node-a').clockOffsetMs,
      -90_000,
    );
});

t.test('a second session of a node replaces the first, whose end says nothing', async (t) => {
  const { state, effects } = playFleet(online(), connected('node-a', 'newer'));
  t.same(effects[0], { type: 'replace-session', sessionId: 'session-of-node-a' });
  const ended = playFleet(state, disconnected('node-a'));
  t.same(ended.effects, []);
  t.equal(ended.state, state);
  const stale = playFleet(state, notice('node-a', snapshot([unit('web.service')])));
  t.same(stale.effects, []);
  t.equal(nodeOf(stale.state, 'node-a').units.size, 0, 'nor do its notices');
});

t.test(
  'a session that takes over: all stays known, and what the one before still tells counts',
  async (t) => {
    const known = playFleet(online(), notice('node-a', snapshot([unit('web.service', 'active')]))).state;
    const { state, effects } = playFleet(known, connected('node-a', 'newer', true));
    t.same(effects, [], 'no news, and the one before goes on');
    t.match(nodeOf(state, 'node-a'), { sessionId: 'newer', connection: 'online', snapshotComplete: true });
    t.equal(nodeOf(state, 'node-a').units.get('web.service')?.activeState, 'active');

    const part = notice('node-a', snapshot([unit('web.service', 'active')], { last: false }), 'newer');
    const late = playFleet(state, part, notice('node-a', changes([unit('late.service', 'failed')])));
    t.match(eventsOf(late.effects), [{ case: 'unit', value: { name: 'late.service' } }]);
    const job = notice('node-a', jobFinished('late.service', 'failed'));
    t.match(eventsOf(playFleet(late.state, job).effects), [{ case: 'job' }]);

    const list = notice('node-a', snapshot([unit('db.service')]), 'newer');
    const whole = playFleet(late.state, list);
    t.match(eventsOf(whole.effects), [
      { case: 'unit', value: { name: 'db.service' } },
      { case: 'unitRemoved', value: 'late.service' },
    ]);
    t.same([...nodeOf(whole.state, 'node-a').units.keys()], ['web.service', 'db.service']);
    const stale = playFleet(whole.state, notice('node-a', changes([unit('web.service', 'failed')])));
    t.equal(stale.state, whole.state, 'the new list is newer than all of it');
    t.same(stale.effects, []);
    t.same(
      playFleet(whole.state, disconnected('node-a')).effects,
      [],
      'the end of the one before is no news',
    );
  },
);

t.test('a node goes', async (t) => {
  const { state, effects } = playFleet(
    online(),
    notice('node-a', snapshot([unit('web.service')])),
    notice('node-a', snapshot([unit('x.service')], { generation: 2, last: false })),
    disconnected('node-a'),
  );
  t.match(nodeOf(state, 'node-a'), {
    connection: 'offline',
    lastSeenMs: wallMs + 2000,
    offlineReason: 'nothing heard for 10 s',
    snapshotComplete: false,
    arriving: undefined,
  });
  t.equal(nodeOf(state, 'node-a').units.size, 1, 'what was seen last is kept, to be told as unknown');
  t.same(eventsOf(effects), [{ case: 'connection', value: 'offline' }]);
  t.same(playFleet(state, disconnected('node-a', 'another')).effects, []);
  t.same(playFleet(emptyFleet, disconnected('node-a')).effects, [], 'of a node that is unknown');
  t.same(playFleet(emptyFleet, notice('node-a', busState(true))).effects, []);
});

t.test('a list of units in parts', async (t) => {
  const first = playFleet(online(), notice('node-a', snapshot([unit('a.service')], { last: false })));
  t.same(first.effects, []);
  t.match(nodeOf(first.state, 'node-a'), { snapshotComplete: false });
  t.equal(nodeOf(first.state, 'node-a').units.size, 0, 'swapped at the last part');
  const whole = playFleet(first.state, notice('node-a', snapshot([unit('b.service')])));
  t.same([...nodeOf(whole.state, 'node-a').units.keys()], ['a.service', 'b.service']);
  t.same(whole.effects, [], 'a first list is no news');
  t.equal(nodeOf(whole.state, 'node-a').snapshotComplete, true);

  const other = playFleet(first.state, notice('node-a', snapshot([unit('c.service')], { generation: 2 })));
  t.same(
    [...nodeOf(other.state, 'node-a').units.keys()],
    ['c.service'],
    'parts of two lists are never mixed',
  );
});

t.test('a change that comes between the parts of a list is not lost in it', async (t) => {
  const { state } = playFleet(
    online(),
    notice('node-a', snapshot([unit('a.service'), unit('b.service')], { last: false })),
    notice('node-a', changes([unit('a.service', 'failed')], ['b.service'])),
    notice('node-a', snapshot([unit('c.service')])),
  );
  const { units } = nodeOf(state, 'node-a');
  t.equal(units.get('a.service')?.activeState, 'failed');
  t.notOk(units.has('b.service'));
});

t.test('a later list is news where it differs', async (t) => {
  const { state } = playFleet(
    online(),
    notice('node-a', snapshot([unit('a.service'), unit('b.service'), unit('gone.service')])),
  );
  const later = snapshot([unit('a.service'), unit('b.service', 'failed'), unit('new.service')], {
    generation: 2,
  });
  const expected = [
    { case: 'unit', value: { name: 'b.service', activeState: 'failed' } },
    { case: 'unit', value: { name: 'new.service' } },
    { case: 'unitRemoved', value: 'gone.service' },
  ];
  t.match(eventsOf(playFleet(state, notice('node-a', later)).effects), expected);
  const back = playFleet(state, disconnected('node-a'), connected('node-a', 'newer'));
  t.match(nodeOf(back.state, 'node-a'), { connection: 'online', snapshotComplete: false });
  t.match(
    eventsOf(playFleet(back.state, notice('node-a', later, 'newer')).effects),
    expected,
    'also what changed while it was away',
  );
});

t.test('changes', async (t) => {
  const { state } = playFleet(online(), notice('node-a', snapshot([unit('a.service'), unit('b.service')])));
  const { state: next, effects } = playFleet(
    state,
    notice(
      'node-a',
      changes([unit('a.service', 'failed'), unit('b.service')], ['b.service', 'never.service']),
    ),
  );
  t.match(eventsOf(effects), [
    { case: 'unit', value: { name: 'a.service', activeState: 'failed' } },
    { case: 'unitRemoved', value: 'b.service' },
  ]);
  t.same([...nodeOf(next, 'node-a').units.keys()], ['a.service']);
  for (const [what, changed] of [
    ['subState', unit('a.service', 'active', { subState: 'exited' })],
    ['loadState', unit('a.service', 'active', { loadState: 'masked' })],
  ] as const)
    t.equal(
      playFleet(state, notice('node-a', changes([changed]))).effects.length,
      1,
      `${what} alone is news`,
    );
  const job = unit('a.service', 'active', { jobId: 3, jobType: 'restart' });
  const queued = playFleet(state, notice('node-a', changes([job])));
  t.same(queued.effects, [], 'a queued job is not');
  t.equal(nodeOf(queued.state, 'node-a').units.get('a.service')?.jobId, 3, 'and is remembered');
});

t.test('jobs and the bus', async (t) => {
  const { state } = playFleet(online(), notice('node-a', snapshot([unit('a.service')])));
  t.match(eventsOf(playFleet(state, notice('node-a', jobFinished('a.service', 'failed'))).effects), [
    { case: 'job', value: { unit: 'a.service', result: 'failed' } },
  ]);
  const lost = playFleet(state, notice('node-a', busState(false))).state;
  t.match(
    nodeOf(lost, 'node-a'),
    { busConnected: false, snapshotComplete: false },
    'I12: its list is of before',
  );
  const back = playFleet(lost, notice('node-a', busState(true))).state;
  t.match(
    nodeOf(back, 'node-a'),
    { busConnected: true, snapshotComplete: false },
    'until a new one is there',
  );
  t.equal(nodeOf(playFleet(back, notice('node-a', snapshot([]))).state, 'node-a').snapshotComplete, true);
  t.same(
    playFleet(state, notice('node-a', { notice: { case: undefined } })).effects,
    [],
    'of a newer version',
  );
});

t.test(
  'a node that tells of more units than are kept is ended, and its list is not taken for whole',
  async (t) => {
    const many = Array.from({ length: unitsPerNodeMax + 1 }, (_, i) => unit(`u${i}.service`));
    const half = many.slice(0, unitsPerNodeMax / 2);
    const rest = many.slice(unitsPerNodeMax / 2);
    const first = playFleet(online(), notice('node-a', snapshot(half, { last: false })));
    t.same(first.effects, []);
    const { state, effects } = playFleet(first.state, notice('node-a', snapshot(rest)));
    t.match(effects, [{ type: 'end-session', sessionId: 'session-of-node-a', message: /20000 units/ }]);
    t.equal(nodeOf(state, 'node-a').snapshotComplete, false);
    t.match(playFleet(online(), notice('node-a', changes(many))).effects, [{ type: 'end-session' }]);
  },
);

t.test('how a node is told to an operator', async (t) => {
  const state = threeNodes();
  t.match(nodeInfo(nodeOf(state, 'node-a')), {
    name: 'node-a',
    connection: 'online',
    unitsCount: 3,
    unitsFailed: 1,
    snapshotComplete: true,
    busConnected: true,
  });
  t.match(
    nodeInfo(nodeOf(state, 'node-b')),
    { connection: 'offline', unitsCount: 0, unitsFailed: 0, offlineReason: /nothing heard/ },
    'I12: nothing is claimed of units that are not heard',
  );
  t.match(nodeInfo(nodeOf(state, 'node-c')), { connection: 'never-seen', lastSeenMs: 0 });
  const busless = playFleet(state, notice('node-a', busState(false))).state;
  t.match(nodeInfo(nodeOf(busless, 'node-a')), { unitsCount: 0, unitsFailed: 0, busConnected: false });
});
