import type { Item, Method } from '@hecate/proto/core/frames.ts';
import { createMonitor, type Monitor, type MonitorEvent } from '@hecate/proto/generated/wire.ts';
import t from 'tap';
import { until } from '../../../test/nodes/until.ts';
import { unit } from '../support/fleet-fixtures.ts';
import { failureOf, managerBench, nodes, type Operator } from '../support/manager-bench.ts';

const monitor = (value: Partial<Monitor> = {}): Method => ({ case: 'monitor', value: createMonitor(value) });

const summary = ({ node, event }: MonitorEvent): string => {
  switch (event.case) {
    case 'connection':
      return `${node} ${event.value}`;
    case 'unit':
      return `${node} ${event.value.name} ${event.value.activeState}`;
    case 'unitRemoved':
      return `${node} ${event.value} removed`;
    case 'job':
      return `${node} job ${event.value.unit} ${event.value.result}`;
    case 'outcome':
      return `${node} ${event.value.verb} ${event.value.unit} ${event.value.outcome?.status}`;
    default:
      return `${node} ${event.case} ${event.case === 'dropped' ? event.value : ''}`;
  }
};

/** Watches until the signal; the list grows as events come. */
function watch(operator: Operator, value: Partial<Monitor> = {}, onEvent?: () => Promise<void>) {
  const seen: string[] = [];
  const stop = new AbortController();
  const over = operator.ask(monitor(value), {
    signal: stop.signal,
    onItem: async (item: Item) => {
      await onEvent?.();
      if (item.case === 'event') seen.push(summary(item.value));
    },
  });
  // One that is still watching at the end of a test is ended with it.
  over.catch(() => undefined);
  return { seen, stop, over };
}

t.test('what happens is told, to each as much as was asked for', async (t) => {
  const bench = await managerBench(t);
  const [all, ofA, web] = [
    await bench.operator('viewer'),
    await bench.operator('viewer'),
    await bench.operator('viewer'),
  ];
  const watches = [watch(all), watch(ofA, { nodes: nodes('node-a') }), watch(web, { patterns: ['web*'] })];
  // The request is there when the answer to a later one is.
  for (const operator of [all, ofA, web]) await operator.ask({ case: 'getHealth', value: {} });

  const [a, b] = [await bench.agent('node-a'), await bench.agent('node-b')];
  a.tellUnits([unit('web.service'), unit('db.service')]);
  a.tellChanges([unit('web.service', 'failed')], ['db.service']);
  a.notify({ case: 'jobsFinished', value: { jobs: [{ jobId: 1, unit: 'web.service', result: 'failed' }] } });
  const operator = await bench.operator();
  await bench.untilNode('node-a', 'online', true);
  await operator.operate({ nodes: nodes('node-a'), verb: 'start', units: ['db.service'] });
  b.leave();
  await bench.untilNode('node-b', 'offline');

  const [everything, ofNodeA, ofWeb] = watches.map(({ seen }) => seen);
  await until(() => everything?.includes('node-b offline') && ofWeb?.includes('node-b offline'), {
    what: 'all is told',
  });
  const nodeA = [
    'node-a online',
    'node-a web.service failed',
    'node-a db.service removed',
    'node-a job web.service failed',
    'node-a start db.service done',
  ];
  t.same(
    everything?.filter((line) => line.startsWith('node-a')),
    nodeA,
  );
  t.same(
    everything?.filter((line) => line.startsWith('node-b')),
    ['node-b online', 'node-b offline'],
  );
  t.same(ofNodeA, nodeA);
  t.same(
    ofWeb,
    [
      'node-a online',
      'node-b online',
      'node-a web.service failed',
      'node-a job web.service failed',
      'node-b offline',
    ].sort((x, y) => (ofWeb?.indexOf(x) ?? 0) - (ofWeb?.indexOf(y) ?? 0)),
    'nodes themselves are always told of',
  );
  for (const { stop } of watches) stop.abort();
  for (const { over } of watches) t.match(await failureOf(over), { code: 'HEC_CANCELLED' });
});

t.test('a slow watcher is told how much it lost, where it lost it, and holds nobody up', async (t) => {
  const bench = await managerBench(t);
  const slow = await bench.operator('viewer');
  const quick = await bench.operator('viewer');
  let readOn: () => void = () => undefined;
  const pause = new Promise<void>((resolve) => (readOn = resolve));
  const slowly = watch(slow, { patterns: ['u*'] }, () => pause);
  const quickly = watch(quick, { patterns: ['u*'] });
  for (const operator of [slow, quick]) await operator.ask({ case: 'getHealth', value: {} });
  const a = await bench.agent('node-a');
  a.tellUnits([]);
  const count = 3000;
  for (let i = 0; i < count; i += 1) {
    a.tellChanges([unit(`u${i}.service`)]);
    // In rounds, so that the quick one can keep up.
    if (i % 100 === 99)
      await until(() => quickly.seen.length >= i + 1, { what: `${i + 1} events are with the quick one` });
  }
  t.equal(
    quickly.seen.filter((line) => line.includes('.service')).length,
    count,
    'the quick one has them all',
  );
  t.notOk(quickly.seen.some((line) => line.includes('dropped')));

  readOn();
  await until(() => slowly.seen.some((line) => line.includes('dropped')), { what: 'the loss is told' });
  a.tellChanges([unit('u-last.service')]);
  await until(() => slowly.seen.at(-1)?.includes('u-last'), { what: 'it goes on after it' });
  const told = slowly.seen.filter((line) => line.includes('.service')).length - 1;
  const losses = slowly.seen.filter((line) => line.includes('dropped'));
  const lost = losses.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  t.equal(told + lost, count, `${told} told and ${lost} lost`);
  t.ok(told >= 1000 && lost >= 1000);
  const at = slowly.seen.findIndex((line) => line.includes('dropped'));
  t.match(slowly.seen[at - 1], / u\d+\.service/, 'after the last of before');
});

t.test('selections', async (t) => {
  const bench = await managerBench(t);
  const viewer = await bench.operator('viewer');
  t.match(await failureOf(viewer.ask(monitor({ nodes: nodes('node-z') }))), { code: 'HEC_NO_SUCH_NODE' });
  const { seen, stop, over } = watch(viewer, { nodes: nodes() });
  await viewer.ask({ case: 'getHealth', value: {} });
  await bench.agent('node-a');
  await until(() => seen.includes('node-a online'), { what: 'no patterns mean every node' });
  stop.abort();
  await failureOf(over);
});
