import {
  createLogEntry,
  createMonitorEvent,
  createNodeOutcome,
  createOperationOutcome,
  type MonitorEvent,
} from '@hecate/proto/generated/wire.ts';
import t from 'tap';
import { failure, listUnits, read, seenAtMs, silence, unit } from '../support/answers.ts';
import type { Answers } from '../support/fake-manager.ts';
import { schemaProblem } from '../support/schema.ts';
import { until } from '../support/until.ts';
import { withManager } from '../support/with-manager.ts';

const entry = (message: string) =>
  createLogEntry({ realtimeUs: seenAtMs * 1000, identifier: 'k3s', pid: 7, priority: 6, message });

t.test('logs', async (t) => {
  const { ctl, manager } = await withManager(t, {
    listUnits,
    read: read((node) => ({ case: 'logs', value: { node, entries: [entry('one\ntwo \x1b[2J')] } })),
  });
  const shown = await ctl('logs', 'node-a', 'k3s', '-n', '5', '--since=-1h');
  t.equal(shown.exitCode, 0);
  t.equal(shown.stdout, '2026-11-21 13:45:05 k3s[7]: one\n    two \\x1b[2J\n');
  t.match(manager.requests[0], {
    value: {
      query: {
        query: { case: 'readLogs', value: { unit: 'k3s.service', linesMax: 5, since: '-1h', follow: false } },
      },
    },
  });
  const many = await ctl('logs', '--all', 'k3s');
  t.equal(many.exitCode, 69);
  t.match(many.stdout, /^node-b k3s.service 2026/m);
  t.match(manager.requests.at(-1), { value: { query: { query: { value: { linesMax: 100 } } } } });
  const json = await ctl('logs', '--all', 'k3s', '-o', 'json');
  for (const line of json.stdout.trim().split('\n'))
    t.equal(schemaProblem('log-entry', JSON.parse(line)), undefined, line);
  t.equal((await ctl('logs', 'node-a', 'k3s', '-n', 'x')).exitCode, 2);
  const empty = await withManager(t, {
    read: read((node) => ({ case: 'logs', value: { node, entries: [] } })),
  });
  const none = await empty.ctl('logs', 'node-a', 'k3s');
  t.match(none, { exitCode: 0, stdout: '', stderr: /no log lines of k3s.service/ });
  const refused = await withManager(t, {
    read: read(() => failure('HEC_LOGS_UNAVAILABLE', 'no journal here')),
  });
  t.equal((await refused.ctl('logs', 'node-a', 'k3s')).exitCode, 1);
});

const events: MonitorEvent[] = (
  [
    { case: 'connection', value: 'offline' },
    { case: 'unit', value: unit('k3s.service', 'activating', { jobId: 7, jobType: 'start' }) },
    { case: 'unitRemoved', value: 'gone.service' },
    { case: 'job', value: { jobId: 7, unit: 'k3s.service', result: 'done' } },
    {
      case: 'outcome',
      value: createNodeOutcome({
        node: 'node-a',
        unit: 'k3s.service',
        verb: 'start',
        outcome: createOperationOutcome({ status: 'done' }),
      }),
    },
    { case: 'dropped', value: 12 },
  ] as const
).map((event) => createMonitorEvent({ atMs: seenAtMs, node: 'node-a', event }));

/** Sends what is given, then nothing more until the caller goes. */
const monitor: NonNullable<Answers['monitor']> = async (_value, request) => {
  for (const event of events) await request.sendItem({ case: 'event', value: event });
  return silence(request);
};

t.test('monitor: every event is a line, and Ctrl-C ends it cleanly', async (t) => {
  const { start, manager } = await withManager(t, { monitor });
  const running = start(['monitor', 'node-a', 'k3s*']);
  await until(() => running.stdout().split('\n').length > events.length);
  running.child.kill('SIGINT');
  const shown = await running.result;
  t.same([shown.exitCode, shown.stderr], [130, '']);
  for (const text of [
    'node is offline',
    'k3s.service  activating (dead), job: start',
    'gone.service  unloaded',
    'job 7 ended: done',
    'start: started',
    '12 events were lost',
  ])
    t.match(shown.stdout, text);
  await until(() => manager.cancelled === 1);
  t.match(manager.requests[0], { value: { nodes: { patterns: ['node-a'] }, patterns: ['k3s*'] } });
  await until(() => manager.goodbyes.length === 1);
});

t.test('monitor -o jsonl', async (t) => {
  const { start } = await withManager(t, { monitor });
  const running = start(['monitor', '-o', 'jsonl']);
  await until(() => running.stdout().split('\n').length > events.length);
  running.child.kill('SIGTERM');
  const shown = await running.result;
  t.equal(shown.exitCode, 130);
  const lines = shown.stdout.trim().split('\n');
  t.equal(lines.length, events.length);
  for (const line of lines) t.equal(schemaProblem('monitor-event', JSON.parse(line)), undefined, line);
});

t.test('a time limit ends a stream', async (t) => {
  const { ctl, manager } = await withManager(t, { monitor: (_value, request) => silence(request) });
  const shown = await ctl('monitor', '--timeout', '300ms');
  t.same([shown.exitCode, shown.stdout, shown.stderr], [124, '', '']);
  t.equal(manager.cancelled, 1);
});

t.test(
  'logs --follow ends with its time without a word; without --follow an answer is missing',
  async (t) => {
    const { ctl } = await withManager(t, { read: (_value, request) => silence(request) });
    const followed = await ctl('logs', 'node-a', 'k3s', '-f', '--timeout', '300ms');
    t.same([followed.exitCode, followed.stdout, followed.stderr], [124, '', '']);
    // The manager counts the same limit, and its word may come first.
    const late = await withManager(t, { read: read(() => failure('HEC_TIMEOUT')) });
    const told = await late.ctl('logs', 'node-a', 'k3s', '-f', '-o', 'json');
    t.same([told.exitCode, told.stdout, told.stderr], [124, '', '']);
    t.match(await late.ctl('logs', 'node-a', 'k3s'), { exitCode: 124, stderr: /HEC_TIMEOUT/ });
  },
);

t.test('a reader that has seen enough ends a stream without a word', async (t) => {
  const { start, manager } = await withManager(t, {
    read: async (_value, request) => {
      while (
        await request.sendItem({
          case: 'reading',
          value: {
            node: 'node-a',
            reading: { case: 'logs', value: { node: 'node-a', entries: [entry('line')] } },
          },
        })
      );
      return { case: 'readSummary', value: { nodes: 1, failures: 0 } };
    },
  });
  const running = start(['logs', 'node-a', 'k3s', '-f']);
  await until(() => running.stdout().length > 0);
  running.child.stdout?.destroy();
  const shown = await running.result;
  t.same([shown.exitCode, shown.stderr], [0, '']);
  await until(() => manager.goodbyes.length === 1);
});

t.test('a reader that is slow slows the node down, and the session lives on', async (t) => {
  let sent = 0;
  const { start, manager } = await withManager(
    t,
    {
      read: async (_value, request) => {
        const entries = [entry('x'.repeat(1000))];
        while (
          sent < 5000 &&
          (await request.sendItem({
            case: 'reading',
            value: { node: 'node-a', reading: { case: 'logs', value: { node: 'node-a', entries } } },
          }))
        )
          sent += 1;
        return { case: 'readSummary', value: { nodes: 1, failures: 0 } };
      },
    },
    { welcome: { heartbeatIntervalMs: 200 } },
  );
  const running = start(['logs', 'node-a', 'k3s', '-n', 'all']);
  running.child.stdout?.pause();
  await until(() => sent > 50);
  let before = -1;
  // The pipe is full once nothing more is sent; ten heartbeats later the session must still be there.
  await until(() => {
    const isStill = sent === before;
    before = sent;
    return isStill;
  }, 500);
  t.ok(sent < 5000, `${sent} of 5000 were sent before the reader went on`);
  await new Promise((resolve) => setTimeout(resolve, 2000));
  t.equal(manager.goodbyes.length, 0, 'heartbeats went on while nobody read');
  running.child.stdout?.resume();
  const shown = await running.result;
  t.equal(shown.exitCode, 0, shown.stderr);
  t.equal(shown.stdout.split('\n').length - 1, 5000, 'and nothing was lost');
});

t.test('Ctrl-C while the reader does not read', async (t) => {
  let sent = 0;
  const { start, manager } = await withManager(t, {
    read: async (_value, request) => {
      const entries = [entry('x'.repeat(1000))];
      const reading = { case: 'logs', value: { node: 'node-a', entries } } as const;
      while (await request.sendItem({ case: 'reading', value: { node: 'node-a', reading } })) sent += 1;
      return { case: 'readSummary', value: { nodes: 1, failures: 0 } };
    },
  });
  const running = start(['logs', 'node-a', 'k3s', '-f']);
  // What is sent before the program reads at all would be still, too.
  await until(() => running.stdout() !== '');
  running.child.stdout?.pause();
  let before = -1;
  await until(() => {
    const isStill = sent > 50 && sent === before;
    before = sent;
    return isStill;
  }, 500);
  running.child.kill('SIGINT');
  const exited = new Promise((resolve) =>
    running.child.once('exit', (code, signal) => resolve(code ?? signal)),
  );
  t.ok([130, 'SIGINT'].includes((await exited) as string | number), 'it ends, although a write is stuck');
  running.child.stdout?.resume();
  await until(() => manager.cancelled === 1);
});
