import { encodeFrame } from '@hecate/proto/core/codec.ts';
import { limits } from '@hecate/proto/core/limits.ts';
import type { UnitState } from '@hecate/proto/generated/wire.ts';
import t from 'tap';
import type { UnitState as PortUnitState } from '../../src/core/systemd-port.ts';
import {
  flushIntervalMs,
  nextUnitStreamTickMs,
  openUnitStream,
  type UnitStreamEffect,
  type UnitStreamInput,
  unitStreamStep,
} from '../../src/core/unit-stream.ts';

const unit = (name: string, fields: Partial<PortUnitState> = {}): PortUnitState => ({
  name,
  description: `${name} for tests`,
  loadState: 'loaded',
  activeState: 'inactive',
  subState: 'dead',
  following: '',
  unitPath: `/u/${name}`,
  jobId: 0,
  jobType: '',
  ...fields,
});

function drive() {
  const driver = {
    state: openUnitStream(),
    nowMs: 0,
    isCongested: false,
    step(input: UnitStreamInput): UnitStreamEffect[] {
      const { nowMs, isCongested } = driver;
      return unitStreamStep(driver.state, input, { nowMs, isCongested });
    },
    /** Lets the time pass until nothing waits. */
    rest(): UnitStreamEffect[] {
      const seen: UnitStreamEffect[] = [];
      for (let at = nextUnitStreamTickMs(driver.state); at !== Number.POSITIVE_INFINITY; ) {
        driver.nowMs = Math.max(driver.nowMs, at);
        seen.push(...driver.step({ type: 'tick' }));
        at = nextUnitStreamTickMs(driver.state);
      }
      return seen;
    },
  };
  return driver;
}

/** With a session, a bus, and a first list of two units sent. */
function running() {
  const driver = drive();
  driver.step({ type: 'bus', isConnected: true, reason: '' });
  driver.step({ type: 'session', isOpen: true });
  driver.step({ type: 'listed', units: [unit('a.service'), unit('b.service')] });
  driver.rest();
  return driver;
}

const changed = (name: string, fields: Partial<PortUnitState>) =>
  ({ type: 'changed', change: { name, unitPath: `/u/${name}`, ...fields } }) as const;

const notices = (effects: UnitStreamEffect[]) =>
  effects.flatMap((effect) => (effect.type === 'send' ? [effect.notice.notice] : []));

t.test('a session begins with a whole list', async (t) => {
  const driver = drive();
  driver.step({ type: 'bus', isConnected: true, reason: '' });
  t.same(driver.step({ type: 'session', isOpen: true }), [{ type: 'list' }]);
  const [snapshot] = notices(driver.step({ type: 'listed', units: [unit('a.service')] }));
  t.match(snapshot, {
    case: 'unitsSnapshot',
    value: { generation: 1, last: true, units: [{ name: 'a.service', description: 'a.service for tests' }] },
  });
  t.equal(nextUnitStreamTickMs(driver.state), Number.POSITIVE_INFINITY, 'no timer at rest (I14)');
});

t.test('an empty list is told, too', async (t) => {
  const driver = drive();
  driver.step({ type: 'bus', isConnected: true, reason: '' });
  driver.step({ type: 'session', isOpen: true });
  t.match(notices(driver.step({ type: 'listed', units: [] })), [{ value: { last: true, units: [] } }]);
});

t.test('a large list goes in parts that fit a frame, and share their generation', async (t) => {
  const driver = drive();
  driver.step({ type: 'bus', isConnected: true, reason: '' });
  driver.step({ type: 'session', isOpen: true });
  const units = Array.from({ length: 3000 }, (_, n) =>
    unit(`u${n}.service`, { description: 'ü'.repeat(300) }),
  );
  const parts = notices([...driver.step({ type: 'listed', units }), ...driver.rest()]);
  t.ok(parts.length > 10);
  let count = 0;
  for (const [index, notice] of parts.entries()) {
    if (notice.case !== 'unitsSnapshot') throw new Error(`a ${notice.case}`);
    t.ok(encodeFrame({ case: 'notice', value: { notice } }).length <= limits.batchBytesMax * 1.1);
    t.equal(notice.value.last, index === parts.length - 1);
    t.equal(notice.value.generation, 1);
    count += notice.value.units.length;
  }
  t.equal(count, 3000);
});

t.test('changes are merged for each unit, and sent whole', async (t) => {
  const driver = running();
  const start = driver.nowMs;
  driver.step(changed('a.service', { activeState: 'active', subState: 'start', jobId: 4 }));
  t.equal(nextUnitStreamTickMs(driver.state), start + flushIntervalMs);
  driver.step(changed('a.service', { subState: 'running', jobId: 0 }));
  driver.step(changed('new.service', { description: 'new', loadState: 'loaded', activeState: 'active' }));
  driver.step({ type: 'removed', name: 'b.service' });
  driver.step({ type: 'removed', name: 'never-heard-of.service' });
  const [changes, ...more] = notices(driver.rest());
  t.same(more, []);
  t.match(changes, {
    case: 'unitsChanged',
    value: {
      units: [
        {
          name: 'a.service',
          description: 'a.service for tests',
          loadState: 'loaded',
          activeState: 'active',
          jobId: 0,
        },
        { name: 'new.service', description: 'new', activeState: 'active' },
      ],
      removed: ['b.service'],
    },
  });
});

/** `name state`, a line for each. */
const statesIn = (effects: UnitStreamEffect[]): string[] =>
  notices(effects).flatMap((notice) =>
    notice.case === 'unitsChanged'
      ? [
          ...notice.value.units.map(({ name, activeState }) => `${name} ${activeState}`),
          ...notice.value.removed.map((name) => `${name} gone`),
        ]
      : [],
  );

t.test('a state that a unit was in for a moment is told, before what came of it', async (t) => {
  const driver = running();
  for (const activeState of ['activating', 'failed', 'activating', 'active'])
    driver.step(changed('a.service', { activeState }));
  driver.step(changed('a.service', { subState: 'running' }));
  driver.step(changed('short.service', { activeState: 'activating' }));
  driver.step(changed('short.service', { activeState: 'failed' }));
  driver.step({ type: 'removed', name: 'short.service' });
  t.same(statesIn(driver.rest()), [
    'a.service activating',
    'a.service failed',
    'a.service activating',
    'short.service activating',
    'short.service failed',
    'a.service active',
    'short.service gone',
  ]);
  driver.step(changed('a.service', { activeState: 'inactive' }));
  t.same(statesIn(driver.rest()), ['a.service inactive'], 'once');
});

t.test('what is the same as before is not sent', async (t) => {
  const driver = running();
  driver.step(changed('a.service', { activeState: 'inactive', subState: 'dead' }));
  t.same(driver.rest(), []);
});

t.test('a job’s type belongs to its job', async (t) => {
  const driver = running();
  driver.step(changed('a.service', { jobId: 3, jobType: 'start' }));
  driver.step(changed('a.service', { activeState: 'activating' }));
  const unitOf = (): UnitState | undefined => driver.state.units.get('a.service');
  t.match(unitOf(), { jobId: 3, jobType: 'start' });
  driver.step(changed('a.service', { jobId: 0 }));
  t.match(unitOf(), { jobId: 0, jobType: '' });
});

t.test('a slow link costs freshness, never memory (I14)', async (t) => {
  const driver = running();
  driver.isCongested = true;
  let sent = 0;
  for (let n = 0; n < 10_000; n += 1) {
    driver.nowMs += 10;
    const activeState = n % 100 < 50 ? 'active' : 'inactive';
    const effects = driver.step(changed(`u${n % 50}.service`, { activeState, jobId: n }));
    sent += effects.length;
  }
  t.equal(sent, 0);
  t.equal(driver.state.dirty.size, 50);
  t.ok(driver.state.passed.length <= 256, 'and of states that were left again, so many');
  driver.isCongested = false;
  t.equal(notices(driver.step({ type: 'drained' })).length, 1);
});

t.test('what changes while a list is asked for is not lost and not out of order', async (t) => {
  const driver = drive();
  driver.step({ type: 'bus', isConnected: true, reason: '' });
  driver.step({ type: 'session', isOpen: true });
  driver.step(changed('a.service', { activeState: 'active' }));
  t.same(driver.rest(), [], 'nothing before the list');
  const first = notices(
    driver.step({ type: 'listed', units: [unit('a.service', { activeState: 'active' })] }),
  );
  t.match(first, [{ case: 'unitsSnapshot' }]);
  driver.step(changed('a.service', { activeState: 'inactive' }));
  t.match(notices(driver.rest()), [
    { case: 'unitsChanged', value: { units: [{ activeState: 'inactive' }] } },
  ]);
});

t.test('the bus goes and comes: told, and a fresh list (I12)', async (t) => {
  const driver = running();
  t.match(notices(driver.step({ type: 'bus', isConnected: false, reason: 'dbus-daemon ended' })), [
    { case: 'busState', value: { connected: false, reason: 'dbus-daemon ended' } },
  ]);
  t.same(driver.step({ type: 'bus', isConnected: false, reason: 'still' }), [], 'told once');
  t.match(driver.step({ type: 'bus', isConnected: true, reason: '' }), [{ type: 'send' }, { type: 'list' }]);
  t.match(notices(driver.step({ type: 'listed', units: [unit('a.service')] })), [
    { value: { generation: 2 } },
  ]);
});

t.test('a session without a bus says so', async (t) => {
  const driver = drive();
  t.match(notices(driver.step({ type: 'session', isOpen: true })), [
    { case: 'busState', value: { connected: false } },
  ]);
});

t.test('a list that fails is asked for again', async (t) => {
  const driver = drive();
  driver.step({ type: 'bus', isConnected: true, reason: '' });
  driver.step({ type: 'session', isOpen: true });
  driver.step({ type: 'list-failed' });
  driver.nowMs = nextUnitStreamTickMs(driver.state);
  t.same(driver.step({ type: 'tick' }), [{ type: 'list' }]);
});

t.test('finished jobs are told in batches', async (t) => {
  const driver = running();
  for (let jobId = 1; jobId <= 2000; jobId += 1)
    driver.step({ type: 'job-finished', job: { jobId, unit: 'a.service', result: 'done' } });
  const [jobs] = notices(driver.rest());
  t.ok(jobs?.case === 'jobsFinished' && jobs.value.jobs.length === 1024, 'the oldest gave way');
});

t.test('without a session nothing is kept for later', async (t) => {
  const driver = running();
  driver.step({ type: 'session', isOpen: false });
  for (let n = 0; n < 100; n += 1) driver.step(changed(`x${n}.service`, { activeState: 'active' }));
  driver.step({ type: 'job-finished', job: { jobId: 1, unit: 'a.service', result: 'done' } });
  t.equal(driver.state.dirty.size, 0);
  t.equal(driver.state.jobs.length, 0);
  t.equal(nextUnitStreamTickMs(driver.state), Number.POSITIVE_INFINITY);
});
