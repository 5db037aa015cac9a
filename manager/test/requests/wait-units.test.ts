import type { Method } from '@hecate/proto/core/frames.ts';
import { createWaitUnits, type WaitUnits } from '@hecate/proto/generated/wire.ts';
import t from 'tap';
import { until } from '../../../test/nodes/until.ts';
import { unit } from '../support/fleet-fixtures.ts';
import { failureOf, managerBench, nodes } from '../support/manager-bench.ts';

const waitFor = (value: Partial<WaitUnits>): Method => ({
  case: 'waitUnits',
  value: createWaitUnits({
    nodes: nodes('node-a'),
    units: ['web.service'],
    activeState: 'active',
    timeLimitMs: 20_000,
    ...value,
  }),
});

t.test('reached at once, or when the change comes', async (t) => {
  const bench = await managerBench(t);
  const a = await bench.agent('node-a');
  a.tellUnits([unit('web.service', 'inactive'), unit('db.service')]);
  await bench.untilNode('node-a', 'online', true);
  const viewer = await bench.operator('viewer');
  const now = await viewer.get('waitResult', waitFor({ units: ['db.service'] }));
  t.match(now, { reached: true, last: [{ node: 'node-a', stale: false, units: [{ name: 'db.service' }] }] });

  const later = viewer.get('waitResult', waitFor({ units: ['web.service', 'd*'] }));
  await viewer.ask({ case: 'getHealth', value: {} });
  a.tellChanges([unit('web.service', 'activating')]);
  a.tellChanges([unit('web.service', 'active')]);
  t.match(await later, {
    reached: true,
    last: [{ units: [{ name: 'db.service' }, { name: 'web.service' }] }],
  });
});

t.test('a storm of changes, on this node and on others, hides nothing', async (t) => {
  const bench = await managerBench(t);
  const [a, b] = [await bench.agent('node-a'), await bench.agent('node-b')];
  a.tellUnits([unit('web.service', 'inactive')]);
  b.tellUnits([unit('web.service')]);
  await bench.untilNode('node-a', 'online', true);
  await bench.untilNode('node-b', 'online', true);
  const viewer = await bench.operator('viewer');
  const reached = viewer.get('waitResult', waitFor({}));
  const over = viewer.get('waitResult', waitFor({ activeState: 'failed', timeLimitMs: 300 }));
  await viewer.ask({ case: 'getHealth', value: {} });
  for (let i = 0; i < 500; i += 1) {
    b.tellChanges([unit('web.service', i % 2 === 0 ? 'failed' : 'active')]);
    a.tellChanges([unit('web.service', i % 2 === 0 ? 'activating' : 'deactivating')]);
  }
  a.tellChanges([unit('web.service')]);
  t.match(await reached, { reached: true, last: [{ units: [{ activeState: 'active' }] }] });
  const { reached: isFailed, last } = await over;
  t.notOk(isFailed, 'what fails on another node is none of it');
  t.match(last, [{ node: 'node-a', units: [{ activeState: 'active' }] }], 'and the last word is the newest');
});

t.test('a state that a unit is in for a moment only', async (t) => {
  const bench = await managerBench(t);
  const a = await bench.agent('node-a');
  a.tellUnits([unit('web.service')]);
  await bench.untilNode('node-a', 'online', true);
  const viewer = await bench.operator('viewer');
  const failed = viewer.get('waitResult', waitFor({ activeState: 'failed' }));
  const deactivating = viewer.get('waitResult', waitFor({ activeState: 'deactivating', units: ['w*'] }));
  await viewer.ask({ case: 'getHealth', value: {} });
  for (const state of ['activating', 'failed', 'activating']) a.tellChanges([unit('web.service', state)]);
  a.tellChanges(['deactivating', 'active'].map((state) => unit('web.service', state)));
  t.match(await failed, { reached: true, last: [{ units: [{ activeState: 'failed' }] }] });
  t.match(await deactivating, { reached: true, last: [{ units: [{ activeState: 'deactivating' }] }] });
});

t.test('the time limit', async (t) => {
  const bench = await managerBench(t);
  const a = await bench.agent('node-a');
  a.tellUnits([unit('web.service', 'failed')]);
  await bench.untilNode('node-a', 'online', true);
  const viewer = await bench.operator('viewer');
  const result = await viewer.get('waitResult', waitFor({ timeLimitMs: 50 }));
  t.match(result, { reached: false, last: [{ units: [{ name: 'web.service', activeState: 'failed' }] }] });
  t.match(
    await viewer.get(
      'waitResult',
      waitFor({ units: ['not-there.service'], activeState: 'inactive', timeLimitMs: 50 }),
    ),
    { reached: true, last: [{ units: [{ loadState: 'not-found', activeState: 'inactive' }] }] },
    'what is in no complete list is not loaded',
  );
});

t.test('a time limit larger than any timer takes does not end at once', async (t) => {
  const bench = await managerBench(t);
  const a = await bench.agent('node-a');
  a.tellUnits([unit('web.service', 'inactive')]);
  await bench.untilNode('node-a', 'online', true);
  const viewer = await bench.operator('viewer');
  let isOver = false;
  const asked = viewer
    .get('waitResult', waitFor({ timeLimitMs: 4_000_000_000 }))
    .finally(() => (isOver = true));
  for (let i = 0; i < 5; i += 1) await viewer.ask({ case: 'getHealth', value: {} });
  t.equal(isOver, false);
  a.tellChanges([unit('web.service')]);
  t.match(await asked, { reached: true });
});

t.test('I12: what is not heard is in no state, not even inactive', async (t) => {
  const bench = await managerBench(t);
  const viewer = await bench.operator('viewer');
  const never = await viewer.get('waitResult', waitFor({ activeState: 'inactive', timeLimitMs: 50 }));
  t.match(
    never,
    { reached: false, last: [{ stale: true, units: [{ activeState: 'unknown' }] }] },
    'never seen',
  );

  const a = await bench.agent('node-a');
  const early = await viewer.get('waitResult', waitFor({ activeState: 'inactive', timeLimitMs: 50 }));
  t.match(early, { reached: false, last: [{ stale: true }] }, 'no list yet');
  a.tellUnits([unit('web.service')]);
  await bench.untilNode('node-a', 'online', true);
  const asked = viewer.get('waitResult', waitFor({ activeState: 'inactive', timeLimitMs: 500 }));
  await viewer.ask({ case: 'getHealth', value: {} });
  a.vanish();
  t.match(
    await asked,
    { reached: false, last: [{ stale: true, units: [{ activeState: 'unknown' }] }] },
    'offline',
  );

  const back = await bench.agent('node-a');
  const again = viewer.get('waitResult', waitFor({ activeState: 'inactive' }));
  await viewer.ask({ case: 'getHealth', value: {} });
  back.tellUnits([unit('web.service', 'inactive')]);
  t.match(await again, { reached: true }, 'a wait goes on over a cut');
  back.notify({ case: 'busState', value: { connected: false, reason: 'gone' } });
  await bench.untilNode('node-a', 'online', false);
  t.match(await viewer.get('waitResult', waitFor({ activeState: 'inactive', timeLimitMs: 50 })), {
    reached: false,
  });
});

t.test('a node that is taken out of the site ends the wait for it, and nothing else', async (t) => {
  const bench = await managerBench(t);
  const [a, b] = [await bench.agent('node-a'), await bench.agent('node-b')];
  const viewer = await bench.operator('viewer');
  const asked = failureOf(viewer.ask(waitFor({})));
  await viewer.ask({ case: 'getHealth', value: {} });
  await bench.reconfigure({ nodes: ['node-b'] });
  t.match(await a.ended, { code: 'HEC_REVOKED' });
  t.match(await asked, { code: 'HEC_NO_SUCH_NODE' });
  b.tellUnits([unit('web.service')]);
  await bench.untilNode('node-b', 'online', true);
  t.equal(b.session.isEstablished(), true);
});

t.test('a caller who goes away, and mistakes', async (t) => {
  const bench = await managerBench(t);
  const viewer = await bench.operator('viewer');
  const giveUp = new AbortController();
  const asked = viewer.ask(waitFor({}), { signal: giveUp.signal });
  giveUp.abort();
  t.match(await failureOf(asked), { code: 'HEC_CANCELLED' });
  t.match(await failureOf(viewer.ask(waitFor({ activeState: 'running' }))), {
    code: 'HEC_USAGE',
    message: 'running is not a state to wait for',
    remedy: /one of active, inactive/,
  });
  t.match(await failureOf(viewer.ask(waitFor({ units: ['..'] }))), { code: 'HEC_BAD_NAME' });
  t.match(await failureOf(viewer.ask(waitFor({ nodes: nodes('node-z') }))), { code: 'HEC_NO_SUCH_NODE' });
  await until(async () => (await viewer.get('health', { case: 'getHealth', value: {} })).site === 'bench', {
    what: 'the session goes on',
  });
});
