import { HecateError } from '@hecate/proto/core/errors.ts';
import type { Item, Method } from '@hecate/proto/core/frames.ts';
import { limits } from '@hecate/proto/core/limits.ts';
import {
  createLogEntry,
  createNodeStatusReport,
  createQuery,
  createReadLogs,
  type NodeSelection,
  type Query,
} from '@hecate/proto/generated/wire.ts';
import t from 'tap';
import { until } from '../../../test/nodes/until.ts';
import { everyNode, failureOf, managerBench, nodes } from '../support/manager-bench.ts';

const status: Query['query'] = { case: 'nodeStatus', value: {} };
const logs: Query['query'] = {
  case: 'readLogs',
  value: createReadLogs({ unit: 'web.service', follow: true }),
};

const read = (
  selection: NodeSelection,
  query: Query['query'],
  timeLimitMs = 20_000,
): Extract<Method, { case: 'read' }> => ({
  case: 'read',
  value: { nodes: selection, query: createQuery({ query }), timeLimitMs },
});

const readings = (items: Item[]) =>
  items
    .flatMap((item) => (item.case === 'reading' ? [item.value] : []))
    .sort((a, b) => (a.node < b.node ? -1 : 1));

t.test('asked of many at once: one fails, one is away, one answers', async (t) => {
  const bench = await managerBench(t);
  const [a, b] = [await bench.agent('node-a'), await bench.agent('node-b')];
  a.onQuery = async () => ({ case: 'nodeStatus', value: createNodeStatusReport({ systemState: 'running' }) });
  b.onQuery = async () => {
    throw new HecateError('HEC_POLICY', 'reading is not allowed here', 'Read=yes in agent-policy.conf');
  };
  const viewer = await bench.operator('viewer');
  const { outcome, items } = await viewer.ask(read(everyNode, status));
  t.match(readings(items), [
    { node: 'node-a', reading: { case: 'result', value: { result: { value: { systemState: 'running' } } } } },
    { node: 'node-b', reading: { case: 'failure', value: { code: 'HEC_POLICY', remedy: /Read=yes/ } } },
    {
      node: 'node-c',
      reading: { case: 'failure', value: { code: 'HEC_OFFLINE', remedy: 'hecatectl doctor node-c' } },
    },
  ]);
  t.match(outcome, { case: 'readSummary', value: { nodes: 3, failures: 2 } });
});

t.test('log lines come with the name of their node, no faster than they are read', async (t) => {
  const bench = await managerBench(t);
  const a = await bench.agent('node-a');
  const count = 300;
  let sent = 0;
  a.onQuery = async (_, send) => {
    for (let i = 0; i < count; i += 1) {
      await send({ case: 'logs', value: { node: '', entries: [createLogEntry({ message: `line ${i}` })] } });
      sent = i + 1;
    }
    return { case: 'done', value: {} };
  };
  const viewer = await bench.operator('viewer');
  let readOn: () => void = () => undefined;
  const pause = new Promise<void>((resolve) => (readOn = resolve));
  const lines: string[] = [];
  const asked = viewer.ask(read(nodes('node-a'), logs), {
    onItem: async (item) => {
      if (item.case !== 'reading' || item.value.reading.case !== 'logs') return;
      await pause;
      lines.push(`${item.value.node} ${item.value.reading.value.entries[0]?.message}`);
    },
  });
  await until(() => sent > 30, { what: 'the windows are full' });
  // Its session is alive all the while, and the windows stay shut.
  for (let i = 0; i < 50; i += 1) await a.report([]);
  t.ok(sent <= 2 * limits.streamCreditItems + 5, `${sent} of ${count} were sent while nobody read`);
  readOn();
  await asked;
  t.equal(lines.length, count);
  t.equal(lines.at(-1), `node-a line ${count - 1}`);
});

t.test('a follower who goes away ends the reading on every node', async (t) => {
  const bench = await managerBench(t);
  const agents = [await bench.agent('node-a'), await bench.agent('node-b')];
  let [following, ended] = [0, 0];
  for (const agent of agents) {
    agent.onQuery = async (_query, _send, signal) => {
      following += 1;
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      ended += 1;
      return { case: 'done', value: {} };
    };
  }
  const viewer = await bench.operator('viewer');
  const giveUp = new AbortController();
  const asked = viewer.ask(read(nodes('node-a', 'node-b'), logs), { signal: giveUp.signal });
  await until(() => following === 2, { what: 'both follow' });
  giveUp.abort();
  t.match(await failureOf(asked), { code: 'HEC_CANCELLED' });
  await until(() => ended === 2, { what: 'both have ended' });

  const gone = viewer.ask(read(nodes('node-a'), logs));
  await until(() => following === 3, { what: 'it follows again' });
  viewer.session.end('HEC_SHUTTING_DOWN', 'bye');
  await failureOf(gone);
  await until(() => ended === 3, { what: 'the end of the session ends it, too' });
});

t.test('a node that goes while it is asked, and one that is too slow', async (t) => {
  const bench = await managerBench(t);
  const [a, b] = [await bench.agent('node-a'), await bench.agent('node-b')];
  a.onQuery = () => {
    a.vanish();
    return new Promise(() => undefined);
  };
  b.onQuery = () => new Promise(() => undefined);
  const viewer = await bench.operator('viewer');
  const { outcome, items } = await viewer.ask(read(nodes('node-a', 'node-b'), status, 300));
  t.match(readings(items), [
    { reading: { value: { code: 'HEC_OFFLINE', message: 'node-a went offline while it was asked' } } },
    { reading: { value: { code: 'HEC_TIMEOUT' } } },
  ]);
  t.match(outcome, { value: { failures: 2 } });
});

t.test('mistakes', async (t) => {
  const bench = await managerBench(t);
  const viewer = await bench.operator('viewer');
  t.match(await failureOf(viewer.ask(read(nodes('node-a'), { case: undefined }))), { code: 'HEC_USAGE' });
  t.match(await failureOf(viewer.ask(read(nodes('node-z'), status))), { code: 'HEC_NO_SUCH_NODE' });
});
