import { createUnitEvidence } from '@hecate/proto/generated/wire.ts';
import t from 'tap';
import { operate } from '../support/answers.ts';
import { schemaProblem } from '../support/schema.ts';
import { withManager } from '../support/with-manager.ts';

t.test('start: one request for all, one line per node', async (t) => {
  const { ctl, manager } = await withManager(t, {
    operate: operate(() => ({ status: 'done', result: 'done' })),
  });
  const shown = await ctl('start', 'node-a,node-b', 'k3s', '--timeout', '5s', '--job-mode', 'fail');
  t.equal(shown.exitCode, 0);
  t.equal(shown.stdout, 'node-a  k3s.service  started\nnode-b  k3s.service  started\n');
  t.equal(shown.stderr, '');
  t.equal(manager.requests.length, 1);
  t.match(manager.requests[0], {
    case: 'operate',
    value: {
      nodes: { patterns: ['node-a', 'node-b'], all: false },
      verb: 'start',
      units: ['k3s.service'],
      timeLimitMs: 5000,
      options: { jobMode: 'fail' },
    },
  });
  t.equal((await ctl('start', 'node-a', 'k3s', '-q')).stdout, '', '--quiet: nothing when all is well');
});

t.test('what a pattern matches and does not mean is told', async (t) => {
  const leftOut = [
    { unit: 'dbus.service', nodes: ['node-a', 'node-b'] },
    { unit: 'ssh.service', nodes: ['node-b'] },
  ];
  const { ctl } = await withManager(t, { operate: operate(() => ({ status: 'done' }), leftOut) });
  const shown = await ctl('stop', 'node-a,node-b', '*');
  t.equal(shown.exitCode, 0);
  t.equal(
    shown.stderr,
    `hecatectl: left out, because a node is cut off without them: dbus.service (node-a, node-b), ssh.service (node-b)
  next: to stop one of them, name it without a pattern
`,
  );
});

t.test('a failure: exit status, the result of systemd, log lines, next step', async (t) => {
  const { ctl } = await withManager(t, {
    operate: operate((node) =>
      node === 'node-a'
        ? { status: 'done' }
        : {
            status: 'failed',
            code: 'HEC_UNIT_FAILED',
            result: 'failed',
            message: 'Job for k3s.service failed',
            evidence: createUnitEvidence({ result: 'exit-code', execMainCode: 1, execMainStatus: 7 }),
            logLines: ['first', 'last \x1b[2J'],
          },
    ),
  });
  const shown = await ctl('start', 'node-a,node-b', 'k3s', '--quiet');
  t.equal(shown.exitCode, 1, 'a failed unit is never exit 0');
  t.equal(shown.stdout, 'node-b  k3s.service  failed: exit-code (exit status 7)\n');
  t.match(shown.stderr, / {4}\| first\n {4}\| last \\x1b\[2J\n/);
  t.match(shown.stderr, /next: hecatectl status node-b k3s.service/);
  const json = await ctl('start', 'node-a,node-b', 'k3s', '-o', 'json');
  t.equal(json.exitCode, 1);
  t.equal(json.stderr, '');
  t.equal(schemaProblem('outcomes', JSON.parse(json.stdout)), undefined);
  const lines = (await ctl('start', 'node-a,node-b', 'k3s', '-o', 'jsonl')).stdout.trim().split('\n');
  t.equal(
    schemaProblem(
      'outcomes',
      lines.map((line) => JSON.parse(line)),
    ),
    undefined,
  );
});

t.test('the exit status is that of the worst', async (t) => {
  const cases = [
    ['refused', 'HEC_POLICY', 77],
    ['offline', 'HEC_OFFLINE', 69],
    ['failed', 'HEC_NO_SUCH_UNIT', 4],
    ['failed', 'HEC_BUS_ERROR', 1],
    ['timeout', 'HEC_TIMEOUT', 124],
    ['unknown', 'HEC_UNKNOWN', 70],
  ] as const;
  for (const [status, code, exitCode] of cases) {
    const { ctl } = await withManager(t, {
      operate: operate((node) =>
        node === 'node-a' ? { status: 'done' } : { status, code, message: `it is ${code}` },
      ),
    });
    const shown = await ctl('stop', 'node-a,node-b', 'k3s');
    t.equal(shown.exitCode, exitCode, code);
    t.match(shown.stdout, /^node-a .* stopped$/m);
    t.match(shown.stderr, /next: /);
  }
});

t.test('every verb is sent as it is called', async (t) => {
  const { ctl, manager } = await withManager(t, { operate: operate(() => ({ status: 'done' })) });
  const plain = [
    'stop',
    'restart',
    'try-restart',
    'reload',
    'reload-or-restart',
    'kill',
    'freeze',
    'thaw',
    'reset-failed',
    'enable',
    'disable',
    'mask',
    'unmask',
  ];
  for (const verb of plain) {
    t.equal((await ctl(verb, '--all', 'x.timer')).exitCode, 0, verb);
    t.match(manager.requests.at(-1), { value: { verb, nodes: { all: true }, units: ['x.timer'] } });
  }
  await ctl('daemon-reload', 'node-a');
  t.match(manager.requests.at(-1), { value: { verb: 'daemon-reload', units: [] } });
  await ctl('reset-failed', 'node-a');
  t.match(manager.requests.at(-1), { value: { verb: 'reset-failed', units: [] } });
  await ctl('kill', 'node-a', 'x', '-s', 'HUP', '--kill-whom', 'main');
  t.match(manager.requests.at(-1), { value: { options: { signal: 1, killWho: 'main' } } });
  await ctl('enable', 'node-a', 'x', '--runtime', '--force');
  t.match(manager.requests.at(-1), { value: { options: { runtime: true, force: true } } });
  await ctl('set-default', 'node-a', 'multi-user');
  t.match(manager.requests.at(-1), { value: { verb: 'set-default', units: ['multi-user.target'] } });
  const count = manager.requests.length;
  for (const bad of [
    ['kill', 'a', 'x', '-s', 'FOO'],
    ['set-default', 'a', 'x.service'],
    ['start', 'a', ''],
    ['start', 'A', 'x'],
    ['start', 'a', 'x/y'],
  ])
    t.equal((await ctl(...bad)).exitCode, 2, bad.join(' '));
  t.equal(manager.requests.length, count, 'nothing was sent');
});

t.test('answers that are missing are unknown, not success', async (t) => {
  const { ctl } = await withManager(t, {
    operate: operate((node) => (node === 'node-a' ? { status: 'done' } : undefined)),
  });
  const shown = await ctl('start', 'node-a,node-b', 'k3s');
  t.equal(shown.exitCode, 70);
  t.match(shown.stderr, /1 answered; not answered: node-b k3s.service/);
});
