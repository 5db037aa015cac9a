import { readFileSync } from 'node:fs';
import { limits } from '@hecate/proto/core/limits.ts';
import { createGetOperation, createOperationOutcome, type Operation } from '@hecate/proto/generated/wire.ts';
import t from 'tap';
import { until } from '../../../test/nodes/until.ts';
import type { FakeAgent } from '../../../test/support/fake-agent.ts';
import { unit } from '../support/fleet-fixtures.ts';
import { everyNode, failureOf, managerBench, nodes } from '../support/manager-bench.ts';

const start = (patterns: string[], units = ['web.service']) =>
  ({ nodes: nodes(...patterns), verb: 'start', units }) as const;

t.test('one verb on many nodes at once, offline ones among them', async (t) => {
  const bench = await managerBench(t);
  const [a, b] = [await bench.agent('node-a'), await bench.agent('node-b')];
  b.onApply = async ({ opId }) =>
    createOperationOutcome({
      opId,
      status: 'failed',
      result: 'exit-code',
      code: 'HEC_UNIT_FAILED',
      logLines: ['boom'],
    });
  const operator = await bench.operator();
  const { summary, outcomes } = await operator.operate({ ...start(['node-*']), reason: 'because' });
  t.match(outcomes, [
    { node: 'node-a', unit: 'web.service', verb: 'start', outcome: { status: 'done' } },
    { node: 'node-b', outcome: { status: 'failed', result: 'exit-code', logLines: ['boom'] } },
    { node: 'node-c', outcome: { status: 'offline', message: /not connected since the manager started/ } },
  ]);
  t.match(summary, { operations: 3, worst: 'failed' });

  const [operation] = a.applied;
  t.match(operation, { epoch: 1, verb: 'start', unit: 'web.service', logLines: 10 });
  t.match(operation?.requestedBy, /^local:alice$/);
  t.equal(b.applied.length, 1, 'each node is asked once');
  const audited = await bench.audited(({ what }) => what === 'start', 3);
  t.same(audited.map(({ node, outcome }) => `${node} ${outcome}`).sort(), [
    'node-a done',
    'node-b failed',
    'node-c offline',
  ]);
  t.match(audited[0], { who: 'local:alice', from: /admin|operator/, unit: 'web.service', reason: 'because' });

  const opId = outcomes[1]?.outcome?.opId ?? '';
  const known = await operator.get('knownOperation', {
    case: 'getOperation',
    value: createGetOperation({ opId }),
  });
  t.match(known, { opId, node: 'node-b', unit: 'web.service', verb: 'start', outcome: { status: 'failed' } });
});

t.test('what an agent may begin is bounded in its own clock, by less than the caller waits', async (t) => {
  const bench = await managerBench(t);
  const a = await bench.agent('node-a');
  const operator = await bench.operator();
  await operator.operate({ ...start(['node-a']), timeLimitMs: 10_000 });
  const { timeLimitMs = 0, notAfterClockMs = 0 } = a.applied[0] ?? {};
  t.ok(timeLimitMs > 0 && timeLimitMs <= 9500, `${timeLimitMs} ms`);
  const uptimeMs = Number.parseFloat(readFileSync('/proc/uptime', 'utf8')) * 1000;
  // /proc/uptime is cut down to 10 ms.
  t.ok(notAfterClockMs <= uptimeMs + 9500 + 10, 'never ahead of the agent');
  t.ok(notAfterClockMs > uptimeMs - 20_000);
});

t.test('globs over what is loaded', async (t) => {
  const bench = await managerBench(t);
  const a = await bench.agent('node-a');
  a.tellUnits([unit('web.service'), unit('worker.service'), unit('db.service')]);
  await bench.untilNode('node-a', 'online', true);
  const operator = await bench.operator();
  const { outcomes } = await operator.operate(start(['node-a'], ['w*', 'web.service']));
  t.match(
    outcomes.map((each) => each.unit),
    ['web.service', 'worker.service'],
  );
  const nothing = await failureOf(operator.operate(start(['node-a'], ['x*'])));
  t.match(nothing, { code: 'HEC_NOTHING_MATCHED', message: /no loaded unit on node-a matches x\*/ });
});

t.test('I12: a glob on a node whose units are not known is answered, not passed over', async (t) => {
  const bench = await managerBench(t);
  const [a, b] = [await bench.agent('node-a'), await bench.agent('node-b')];
  a.tellUnits([unit('web.service')]);
  await bench.untilNode('node-a', 'online', true);
  const operator = await bench.operator();
  const { summary, outcomes } = await operator.operate({ nodes: everyNode, verb: 'stop', units: ['w*'] });
  t.match(outcomes, [
    { node: 'node-a', unit: 'web.service', outcome: { status: 'done' } },
    {
      node: 'node-b',
      unit: 'w*',
      outcome: { status: 'refused', code: 'HEC_BUSY', message: /not all known yet/ },
    },
    { node: 'node-c', unit: 'w*', outcome: { status: 'offline' } },
  ]);
  t.equal(summary.operations, 3);
  t.equal(b.applied.length, 0, 'nothing was sent');

  a.leave();
  await bench.untilNode('node-a', 'offline');
  const later = await operator.operate(start(['node-a'], ['w*']));
  t.match(later.outcomes, [{ unit: 'web.service', outcome: { status: 'offline' } }], 'by what was seen last');
});

t.test('mistakes are told before anything is sent', async (t) => {
  const bench = await managerBench(t);
  const a = await bench.agent('node-a');
  const operator = await bench.operator('admin');
  const mistakes: [Parameters<typeof operator.operate>[0], object][] = [
    [start(['node-z']), { code: 'HEC_NO_SUCH_NODE' }],
    [start([]), { code: 'HEC_USAGE', message: /no node was named/ }],
    [start(['node-a'], ['../x']), { code: 'HEC_BAD_NAME' }],
    [start(['node-a'], ['web.service', '']), { code: 'HEC_BAD_NAME' }],
    [start(['node-a'], []), { code: 'HEC_USAGE', message: 'start needs a unit' }],
    [
      { nodes: nodes('node-a'), verb: 'daemon-reload', units: ['x.service'] },
      { code: 'HEC_USAGE', message: 'daemon-reload takes no unit' },
    ],
    [
      {
        nodes: nodes('node-a'),
        verb: 'exec',
        options: {
          jobMode: '',
          killWho: '',
          signal: 0,
          runtime: false,
          force: false,
          workingDirectory: '',
          argv: Array.from({ length: 40 }, () => 'x'.repeat(4000)),
        },
      },
      { code: 'HEC_USAGE', message: /the command has 160000 bytes/ },
    ],
  ];
  for (const [value, expected] of mistakes) t.match(await failureOf(operator.operate(value)), expected);
  t.equal(a.applied.length, 0);
  await operator.operate({ ...start(['node-a']), logLines: 1_000_000 });
  t.equal(a.applied[0]?.logLines, 1000, 'no more than an agent takes');
  await operator.operate({ nodes: nodes('node-a'), verb: 'reset-failed' });
  t.match(a.applied[1], { verb: 'reset-failed', unit: '' }, 'of everything');
});

t.test('an operator may operate, a viewer may not, and only an admin runs commands', async (t) => {
  const bench = await managerBench(t);
  const a = await bench.agent('node-a');
  const viewer = await bench.operator('viewer', 'victor');
  t.match(await failureOf(viewer.operate(start(['node-a']))), {
    code: 'HEC_ROLE',
    message: 'start needs the role operator, yours is viewer',
  });
  const operator = await bench.operator();
  for (const verb of ['exec', 'poweroff', 'reboot'] as const)
    t.match(await failureOf(operator.operate({ nodes: nodes('node-a'), verb })), { code: 'HEC_ROLE' });
  t.equal(a.applied.length, 0);
  a.tellUnits([unit('power-meter.service'), unit('poweroff.target')]);
  await bench.untilNode('node-a', 'online', true);
  for (const units of [['poweroff.target'], ['power*'], ['*']])
    t.match(await failureOf(operator.operate(start(['node-a'], units))), {
      code: 'HEC_ROLE',
      message: 'start poweroff.target needs the role admin, yours is operator',
    });
  t.equal(a.applied.length, 0, 'not even the units beside it');
  const refused = await bench.audited(({ code }) => code === 'HEC_ROLE', 7);
  t.match(refused[0], { who: 'local:victor', what: 'start', outcome: 'refused', reason: /needs the role/ });
  const admin = await bench.operator('admin');
  await admin.operate({ nodes: nodes('node-a'), verb: 'poweroff' });
  t.match(a.applied, [{ verb: 'poweroff' }]);
});

t.test('more operations of one node than its session takes wait for their turn', async (t) => {
  const bench = await managerBench(t);
  const a = await bench.agent('node-a');
  let running = 0;
  let most = 0;
  const release: (() => void)[] = [];
  a.onApply = async ({ opId }) => {
    running += 1;
    most = Math.max(most, running);
    await new Promise<void>((resolve) => release.push(resolve));
    running -= 1;
    return createOperationOutcome({ opId, status: 'done' });
  };
  const units = Array.from({ length: 100 }, (_, i) => `u${i}.service`);
  const operator = await bench.operator();
  const asked = operator.operate(start(['node-a'], units));
  const isOver = asked.then(() => true);
  while (
    !(await Promise.race([isOver, new Promise<false>((resolve) => setTimeout(() => resolve(false), 5))]))
  )
    for (const each of release.splice(0)) each();
  const { summary, outcomes } = await asked;
  t.match(summary, { operations: 100, worst: 'done' });
  t.equal(outcomes.length, 100);
  t.ok(most > 10 && most <= 48, `${most} at once`);
});

const commandOf = (argv: string[]) => ({
  jobMode: '',
  killWho: '',
  signal: 0,
  runtime: false,
  force: false,
  argv,
  workingDirectory: '',
});

t.test('output of a command is passed on in order, and not faster than it is read', async (t) => {
  const bench = await managerBench(t);
  const a = await bench.agent('node-a');
  const count = 500;
  let sent = 0;
  a.onApply = async ({ opId }, send) => {
    for (let i = 0; i < count; i += 1) {
      await send({ case: 'output', value: { node: '', channel: 1, data: Buffer.from(`line ${i}\n`) } });
      sent = i + 1;
    }
    return createOperationOutcome({
      opId,
      status: 'done',
      execResult: { exitStatus: 0, exitCode: 'exited', outputTruncated: false },
    });
  };
  const admin = await bench.operator('admin');
  let readOn: () => void = () => undefined;
  const pause = new Promise<void>((resolve) => (readOn = resolve));
  const lines: string[] = [];
  const asked = admin.ask(
    {
      case: 'operate',
      value: {
        nodes: nodes('node-a'),
        verb: 'exec',
        units: [],
        options: commandOf(['seq', '500']),
        timeLimitMs: 30_000,
        reason: '',
        logLines: 0,
      },
    },
    {
      onItem: async (item) => {
        if (item.case !== 'output') return;
        if (lines.length === 3) await pause;
        lines.push(`${item.value.node}: ${Buffer.from(item.value.data).toString()}`);
      },
    },
  );
  await until(() => sent > 30, { what: 'the agent has filled the windows' });
  // Its session is alive all the while, and the windows stay shut.
  for (let i = 0; i < 50; i += 1) await a.report([]);
  t.ok(sent <= 2 * limits.streamCreditItems + 5, `${sent} of ${count} were sent while nobody read`);
  readOn();
  const { outcome } = await asked;
  t.match(outcome, { case: 'operateSummary', value: { worst: 'done' } });
  t.equal(lines.length, count, 'not one is lost');
  t.same(lines.slice(0, 2), ['node-a: line 0\n', 'node-a: line 1\n']);
  t.equal(lines.at(-1), `node-a: line ${count - 1}\n`);
});

t.test('a caller who goes away ends his command, and no other operation', async (t) => {
  const bench = await managerBench(t);
  const a = await bench.agent('node-a');
  const ended = new Map<string, boolean>();
  a.onApply = ({ opId, verb }, send, signal) =>
    new Promise((resolve) => {
      if (verb === 'exec')
        void send({ case: 'output', value: { node: '', channel: 1, data: Buffer.from('x') } });
      signal.addEventListener('abort', () => {
        ended.set(verb, true);
        resolve(createOperationOutcome({ opId, status: 'failed' }));
      });
    });
  const admin = await bench.operator('admin');
  const giveUp = new AbortController();
  const exec = admin.operate(
    { nodes: nodes('node-a'), verb: 'exec', options: commandOf(['sleep', '100']), timeLimitMs: 20_000 },
    { signal: giveUp.signal },
  );
  const stop = admin.operate({ ...start(['node-a']), timeLimitMs: 20_000 }, { signal: giveUp.signal });
  await until(() => a.applied.length === 2, { what: 'both are at the agent' });
  giveUp.abort();
  t.match(await failureOf(exec), { code: 'HEC_CANCELLED' });
  t.match(await failureOf(stop), { code: 'HEC_CANCELLED' });
  await until(() => ended.get('exec'), { what: 'the command was told to end' });
  t.equal(ended.get('start'), undefined, 'systemd goes on with a job, and so does the manager');
});

/** Holds every operation until the test lets it go, as if systemd had taken its job. */
function hold(agent: FakeAgent): { held: Operation[] } {
  const held: Operation[] = [];
  agent.onApply = async (operation, send) => {
    await send({ case: 'accepted', value: { opId: operation.opId, jobId: 7 } });
    held.push(operation);
    return new Promise(() => undefined);
  };
  return { held };
}

t.test('cut off in flight: the caller hears the truth when the node is back in time', async (t) => {
  const bench = await managerBench(t);
  const a = await bench.agent('node-a');
  const { held } = hold(a);
  const operator = await bench.operator();
  const asked = operator.operate({ ...start(['node-a']), timeLimitMs: 25_000 });
  await until(() => held.length === 1, { what: 'the agent has it' });
  a.vanish();
  await bench.untilNode('node-a', 'offline');
  const opId = held[0]?.opId ?? '';
  const outcome = createOperationOutcome({ opId, status: 'failed', result: 'timeout' });
  await bench.agent({ name: 'node-a', outcomes: [[opId, { resolution: 'finished', outcome }]] });
  const { outcomes } = await asked;
  t.match(outcomes, [{ outcome: { opId, status: 'failed', result: 'timeout' } }]);
});

t.test('a session that is replaced while an operation is in flight', async (t) => {
  const bench = await managerBench(t);
  const a = await bench.agent('node-a');
  const { held } = hold(a);
  const operator = await bench.operator();
  const asked = operator.operate({ ...start(['node-a']), timeLimitMs: 25_000 });
  await until(() => held.length === 1, { what: 'the agent has it' });
  // The second one never saw the operation: it says so, and the caller need not wait for a time limit.
  const newer = await bench.agent('node-a');
  t.ok(newer.welcome);
  t.match(await a.ended, { code: 'HEC_REPLACED' });
  const { outcomes } = await asked;
  t.match(outcomes, [{ outcome: { status: 'refused', code: 'HEC_EXPIRED', message: /lost on the way/ } }]);
  await bench.untilNode('node-a', 'online');
});

t.test('an answer that does not come in time, and the true outcome later', async (t) => {
  const bench = await managerBench(t);
  const a = await bench.agent('node-a');
  const { held } = hold(a);
  const operator = await bench.operator();
  const { outcomes } = await operator.operate({ ...start(['node-a']), timeLimitMs: 300 });
  t.match(outcomes, [{ outcome: { status: 'timeout', message: /took the job .* not cancelled/ } }]);
  const opId = held[0]?.opId ?? '';
  const ask = () =>
    operator.get('knownOperation', { case: 'getOperation', value: createGetOperation({ opId }) });
  t.match(await ask(), { outcome: { status: 'timeout' } });
  a.outcomes.set(opId, { resolution: 'running' });
  await a.report([createOperationOutcome({ opId, status: 'done' })]);
  t.match(await ask(), { outcome: { status: 'done' } }, 'as soon as the agent has been thanked for it');
  const entries = await bench.audited((entry) => entry.opId === opId, 2);
  t.match(entries, [{ outcome: 'timeout' }, { outcome: 'done', late: true }]);
});

t.test('an agent is heard on its own operations only', async (t) => {
  const bench = await managerBench(t);
  const [a, b] = [await bench.agent('node-a'), await bench.agent('node-b')];
  const { held } = hold(a);
  const operator = await bench.operator();
  await operator.operate({ ...start(['node-a']), timeLimitMs: 1500 });
  const opId = held[0]?.opId ?? '';
  a.outcomes.set(opId, { resolution: 'running' });
  await b.report([createOperationOutcome({ opId, status: 'done' })]);
  const known = await operator.get('knownOperation', {
    case: 'getOperation',
    value: createGetOperation({ opId }),
  });
  t.match(known, { outcome: { status: 'timeout' } });
});

t.test('a manager that is restarted asks the agents how it went', async (t) => {
  const bench = await managerBench(t);
  const a = await bench.agent('node-a');
  const { held } = hold(a);
  const operator = await bench.operator();
  const asked = failureOf(operator.operate({ ...start(['node-a']), timeLimitMs: 25_000 }));
  await until(() => held.length === 1, { what: 'the agent has it' });
  const opId = held[0]?.opId ?? '';
  await bench.stop();
  t.match(await asked, { code: 'HEC_SHUTTING_DOWN' });
  await bench.start();
  const again = await bench.operator();
  const ask = () =>
    again.get('knownOperation', { case: 'getOperation', value: createGetOperation({ opId }) });
  t.match(await ask(), { opId, node: 'node-a', outcome: undefined }, 'still open');
  const outcome = createOperationOutcome({ opId, status: 'done', inferred: true });
  const back = await bench.agent({ name: 'node-a', outcomes: [[opId, { resolution: 'finished', outcome }]] });
  t.equal(back.welcome?.epoch, 2, 'I6: a start raises the epoch');
  await until(async () => (await ask()).outcome?.status === 'done', { what: 'the true outcome is known' });
  t.equal(back.applied.length, 0, 'I2: it was not sent again');
});
