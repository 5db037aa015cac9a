import type { Method } from '@hecate/proto/core/frames.ts';
import {
  createDiagnose,
  createGetOperation,
  createSetLogLevel,
  createWaitUnits,
} from '@hecate/proto/generated/wire.ts';
import t from 'tap';
import { unit } from '../support/fleet-fixtures.ts';
import { everyNode, failureOf, managerBench } from '../support/manager-bench.ts';

const diagnose = (node: string): Method => ({ case: 'diagnose', value: createDiagnose({ node }) });
const setLevel = (level: string, nodes: string[] = []): Method => ({
  case: 'setLogLevel',
  value: createSetLogLevel({ level, nodes }),
});

t.test('health', async (t) => {
  const bench = await managerBench(t, { nodes: ['node-a'] });
  const viewer = await bench.operator('viewer');
  const ask = () => viewer.get('health', { case: 'getHealth', value: {} });
  t.match(await ask(), { healthy: false, site: 'bench', epoch: 1, softwareVersion: '0.1.0' });
  const a = await bench.agent('node-a');
  t.match(await ask(), { healthy: true });
  a.leave();
  await bench.untilNode('node-a', 'offline');
  const { checks, healthy } = await ask();
  t.equal(healthy, false);
  t.match(
    checks.filter(({ passed }) => !passed),
    [{ name: 'nodes', remedy: 'hecatectl doctor node-a' }],
  );
});

t.test('a connection that was refused is told why, counted, audited, and found by the doctor', async (t) => {
  const bench = await managerBench(t);
  const stranger = await bench.agent('node-z');
  t.equal(stranger.welcome, undefined);
  t.match(await stranger.ended, {
    code: 'HEC_NO_SUCH_NODE',
    message: /not a node of this site; hecatectl node enroll/,
  });
  t.match(await bench.audited(({ what }) => what === 'connect'), [
    { who: 'node-z', outcome: 'refused', code: 'HEC_NO_SUCH_NODE' },
  ]);
  const viewer = await bench.operator('viewer');
  const { findings } = await viewer.get('diagnosis', diagnose('node-z'));
  t.match(
    findings.find(({ subject }) => subject === 'connections'),
    {
      passed: false,
      detail: /127\.0\.0\.1:\d+ was refused .*not-allowed/,
      remedy: /hecatectl node enroll node-z/,
    },
  );
  t.match(
    findings.find(({ subject }) => subject === 'name'),
    { passed: false },
  );
  const { text } = await viewer.get('metrics', { case: 'getMetrics', value: {} });
  t.match(text, /hecate_refused_connections_total\{reason="not-allowed"\} 1/);

  const { findings: fine } = await viewer.get('diagnosis', diagnose('node-a'));
  t.match(
    fine.find(({ subject }) => subject === 'connections'),
    { passed: true },
  );
  t.match(await failureOf(viewer.ask(diagnose('../x'))), { code: 'HEC_BAD_NAME' });
});

t.test('what was refused is forgotten when the node comes online', async (t) => {
  const bench = await managerBench(t, { nodes: ['node-b'] });
  await bench.agent('node-a');
  await bench.reconfigure({ nodes: ['node-a', 'node-b'] });
  await bench.agent('node-a');
  const viewer = await bench.operator('viewer');
  const { findings } = await viewer.get('diagnosis', diagnose('node-a'));
  t.same(
    findings.filter(({ passed }) => !passed && true).map(({ subject }) => subject),
    ['units'],
  );
});

t.test('I6: an agent that has seen a newer manager', async (t) => {
  const bench = await managerBench(t);
  const ahead = await bench.agent({ name: 'node-a', hello: { highestEpoch: 7 } });
  t.match(await ahead.ended, { code: 'HEC_EPOCH', message: /has seen epoch 7, this manager has 1/ });
  const stranger = await bench.agent({ name: 'node-z', hello: { highestEpoch: 99 } });
  t.match(await stranger.ended, { code: 'HEC_NO_SUCH_NODE' }, 'one that does not belong here has no say');
  const viewer = await bench.operator('viewer');
  const { checks } = await viewer.get('health', { case: 'getHealth', value: {} });
  t.match(
    checks.find(({ name }) => name === 'epoch'),
    { passed: false, detail: /epoch 7/ },
  );
  await bench.stop();
  await bench.start();
  const again = await bench.agent({ name: 'node-a', hello: { highestEpoch: 7 } });
  t.equal(again.welcome?.epoch, 8, 'a restart makes it the newest again');
});

t.test('log levels, of the manager and of agents', async (t) => {
  const bench = await managerBench(t);
  const [a, b] = [await bench.agent('node-a'), await bench.agent('node-b')];
  const operator = await bench.operator();
  t.match(await operator.get('logLevel', setLevel('debug')), { before: 'error', after: 'debug' });
  t.match(await operator.get('logLevel', setLevel('warn', ['node-[ab]'])), { before: 'info', after: 'warn' });
  t.same([a.logLevels, b.logLevels], [['warn'], ['warn']]);
  t.match(await failureOf(operator.ask(setLevel('loud'))), { code: 'HEC_USAGE', message: /loud/ });
  t.match(await failureOf(operator.ask(setLevel('debug', ['node-*']))), {
    code: 'HEC_OFFLINE',
    message: /the level is debug on 2 of 3 nodes; not on: node-c is offline/,
    remedy: 'hecatectl doctor node-c',
  });
  t.same(
    [a.logLevels, b.logLevels],
    [
      ['warn', 'debug'],
      ['warn', 'debug'],
    ],
    'those that can be reached have it',
  );
  const viewer = await bench.operator('viewer');
  t.match(await failureOf(viewer.ask(setLevel('debug'))), { code: 'HEC_ROLE' });
  await bench.audited(({ what, outcome }) => what === 'setLogLevel' && outcome === 'done', 2);
});

t.test('operations that nobody remembers', async (t) => {
  const bench = await managerBench(t);
  const viewer = await bench.operator('viewer');
  const ask = (opId: string) =>
    failureOf(viewer.ask({ case: 'getOperation', value: createGetOperation({ opId }) }));
  t.match(await ask('01HF7YBMHBMF8W77DNAHXCHTBH'), { code: 'HEC_NO_SUCH_OPERATION', remedy: /audit log/ });
  t.match(await ask('nonsense'), { code: 'HEC_USAGE' });
});

t.test('an answer that no frame can carry is an error, and the manager goes on', async (t) => {
  const bench = await managerBench(t);
  const a = await bench.agent('node-a');
  const count = 4000;
  for (let i = 0; i < count; i += 500) {
    const units = Array.from({ length: 500 }, (_, k) =>
      unit(`unit-${i + k}.service`, 'active', { description: 'x'.repeat(80) }),
    );
    a.notify({ case: 'unitsSnapshot', value: { generation: 1, units, last: i + 500 >= count } });
  }
  await bench.untilNode('node-a', 'online', true);
  const viewer = await bench.operator('viewer');
  const value = createWaitUnits({ nodes: everyNode, units: ['*'], activeState: 'active', timeLimitMs: 50 });
  t.match(await failureOf(viewer.ask({ case: 'waitUnits', value })), {
    code: 'HEC_BUSY',
    message: /larger than one frame/,
    remedy: /fewer nodes or units/,
  });
  t.match(await viewer.get('health', { case: 'getHealth', value: {} }), { site: 'bench' });
});
