import { busValueToWire } from '@hecate/proto/core/bus-value.ts';
import {
  createPowerReport,
  createUnitEvidence,
  createUnitStatusReport,
} from '@hecate/proto/generated/wire.ts';
import t from 'tap';
import { failure, listNodes, listUnits, read, seenAtMs, unit } from '../support/answers.ts';
import { listRuns } from '../support/run-answers.ts';
import { schemaProblem } from '../support/schema.ts';
import { withManager } from '../support/with-manager.ts';

const statusOf = (name: string, activeState: string, loadState = 'loaded') =>
  ({
    case: 'result',
    value: {
      result: {
        case: 'unitStatus',
        value: createUnitStatusReport({
          state: unit(name, activeState, { loadState }),
          evidence: createUnitEvidence({
            result: activeState === 'failed' ? 'signal' : 'success',
            execMainCode: 2,
            execMainStatus: activeState === 'failed' ? 9 : 0,
          }),
          fragmentPath: '/etc/systemd/system/x.service',
          unitFileState: 'enabled',
          mainPid: 812,
          activeEnterMs: seenAtMs,
          memoryCurrentBytes: '43200512',
          tasksCurrent: '22',
          logLines: ['hello \x1b[2J'],
        }),
      },
    },
  }) as const;

t.test('is-active and is-failed', async (t) => {
  const { ctl } = await withManager(t, {
    listUnits,
    read: read((_node, query) =>
      query.case === 'unitStatus' && query.value.unit === 'alias.service'
        ? statusOf('k3s.service', 'active')
        : statusOf('gone.service', 'inactive', 'not-found'),
    ),
  });
  const cases: [string[], string, number][] = [
    [['is-active', 'node-a', 'k3s'], 'active\n', 0],
    [['is-active', 'node-a', 'backup.timer'], 'inactive\n', 3],
    [['is-active', 'node-b', 'k3s'], 'failed\n', 3],
    [['is-active', 'node-c', 'k3s'], 'unknown\n', 69],
    [['is-active', 'node-c', 'gone'], 'unknown\n', 69],
    [['is-active', 'node-a', 'gone'], 'inactive\n', 4],
    [['is-active', 'node-a', 'alias'], 'active\n', 0],
    [['is-failed', 'node-b', 'k3s'], 'failed\n', 0],
    [['is-failed', 'node-a', 'k3s'], 'active\n', 3],
    [['is-failed', 'node-c', 'k3s'], 'unknown\n', 69],
  ];
  for (const [argv, stdout, exitCode] of cases) {
    const shown = await ctl(...argv);
    t.same([shown.stdout, shown.exitCode], [stdout, exitCode], argv.join(' '));
  }
  const many = await ctl('is-active', '--all', 'k3s');
  t.equal(many.exitCode, 69, 'the worst of active, failed and unknown');
  t.match(many.stdout, /^node-c +k3s.service +unknown$/m);
  t.equal((await ctl('is-active', '-q', 'node-a', 'k3s')).stdout, '');
  t.equal((await ctl('is-active', 'node-a', 'nothing*')).exitCode, 4);
  t.equal(
    schemaProblem('states', JSON.parse((await ctl('is-active', '--all', 'k3s,gone', '-o', 'json')).stdout)),
    undefined,
  );
});

t.test('is-enabled', async (t) => {
  const states: Record<string, string> = {
    'on.service': 'enabled',
    'off.service': 'disabled',
    'st.service': 'static',
  };
  const { ctl } = await withManager(t, {
    read: read((_node, query) => {
      const names = query.case === 'unitFileStates' ? query.value.units : [];
      const entries = names.map((name) => ({ unit: name, state: states[name] ?? 'not-found' }));
      return { case: 'result', value: { result: { case: 'unitFileStates', value: { entries } } } };
    }),
  });
  for (const [name, stdout, exitCode] of [
    ['on', 'enabled\n', 0],
    ['st', 'static\n', 0],
    ['off', 'disabled\n', 3],
    ['gone', 'not-found\n', 4],
  ] as const) {
    const shown = await ctl('is-enabled', 'node-a', name);
    t.same([shown.stdout, shown.exitCode], [stdout, exitCode]);
  }
  const offline = await ctl('is-enabled', 'node-c', 'on');
  t.equal(offline.exitCode, 69);
  t.match(offline.stderr, /next: hecatectl doctor node-c/);
  t.equal(
    schemaProblem('states', JSON.parse((await ctl('is-enabled', '--all', 'on,gone', '-o', 'json')).stdout)),
    undefined,
  );
});

t.test('status of units', async (t) => {
  const { ctl } = await withManager(t, {
    read: read((node) =>
      node === 'node-a' ? statusOf('k3s.service', 'active') : statusOf('k3s.service', 'failed'),
    ),
  });
  const active = await ctl('status', 'node-a', 'k3s');
  t.equal(active.exitCode, 0);
  for (const text of [
    '● k3s.service on node-a - unit k3s.service',
    'Active: active (running) since 2026-11-21 13:45:05',
    'Main PID: 812',
    'Memory: 41.2M',
    '/etc/systemd/system/x.service; enabled',
    'hello \\x1b[2J',
  ])
    t.match(active.stdout, text);
  const failed = await ctl('status', 'node-b', 'k3s');
  t.equal(failed.exitCode, 3);
  t.match(failed.stdout, 'Result: signal (signal 9)');
  t.equal((await ctl('status', '--all', 'k3s')).exitCode, 69);
  t.equal(
    schemaProblem('status', JSON.parse((await ctl('status', '--all', 'k3s', '-o', 'json')).stdout)),
    undefined,
  );
});

t.test('status of nodes, and of the site', async (t) => {
  const report = {
    systemState: 'degraded',
    systemdVersion: '252',
    agentVersion: '0.1.0',
    unitsFailed: 1,
    jobsQueued: 0,
    busConnected: true,
    uptimeMs: 7_200_000,
    policySummary: ['Exec=no'],
  };
  const { ctl } = await withManager(t, {
    listNodes,
    listUnits,
    getPower: () => ({ case: 'power', value: createPowerReport({ mode: 'poweroff' }) }),
    listRuns,
    read: read(() => ({ case: 'result', value: { result: { case: 'nodeStatus', value: report } } })),
  });
  const one = await ctl('status', 'node-b');
  t.equal(one.exitCode, 0);
  for (const text of [
    'State: online',
    'systemd: 252, degraded',
    'Host up: 2 h',
    'Policy: Exec=no',
    'Units: 2 loaded, 1 failed',
    'k3s.service',
  ])
    t.match(one.stdout, text);
  const gone = await ctl('status', 'node-c');
  t.equal(gone.exitCode, 69);
  t.match(gone.stdout, /State: offline \(nothing heard for 10 s\)/);
  t.match(gone.stdout, /Units: unknown/);
  const site = await ctl('status');
  t.equal(site.exitCode, 0);
  t.match(site.stdout, 'lab: 3 nodes, 2 online, 1 failed unit');
  t.match(site.stdout, /^last run: shutdown \(poweroff\) done .*, took 1 min 12 s, by local:alice$/m);
  t.notMatch(site.stdout, /UPS|budget/, 'none is watched');
  for (const argv of [['status'], ['status', '--all'], ['status', 'node-c']])
    t.equal(
      schemaProblem('status', JSON.parse((await ctl(...argv, '-o', 'json')).stdout)),
      undefined,
      argv.join(' '),
    );
});

t.test('show: text as systemctl has it, JSON without loss', async (t) => {
  const properties = [
    { name: 'MainPID', value: busValueToWire({ signature: 'u', value: 812 }) },
    { name: 'CPUUsageNSec', value: busValueToWire({ signature: 't', value: 9_007_199_254_740_993n }) },
    { name: 'Description', value: busValueToWire({ signature: 's', value: 'evil\x1b[2J' }) },
  ];
  const { ctl, manager } = await withManager(t, {
    read: read(() => ({
      case: 'result',
      value: { result: { case: 'unitProperties', value: { properties } } },
    })),
  });
  const shown = await ctl('show', 'node-a', 'k3s', '-p', 'MainPID,CPUUsageNSec', '-p', 'Description');
  t.equal(shown.stdout, 'MainPID=812\nCPUUsageNSec=9007199254740993\nDescription=evil\\x1b[2J\n');
  t.match(manager.requests[0], {
    value: { query: { query: { value: { properties: ['MainPID', 'CPUUsageNSec', 'Description'] } } } },
  });
  t.equal(shown.stderr, '');
  t.match((await ctl('show', 'node-a', 'k3s', '--value')).stdout, /^812\n/);
  const slip = await ctl('show', 'node-a', 'k3s', '-p', 'MainPID,Nope');
  t.match(slip, { exitCode: 0, stderr: /^no property Nope: / });
  t.notMatch(slip.stderr, /MainPID/);
  const json = JSON.parse((await ctl('show', '--all', 'k3s', '-o', 'json')).stdout);
  t.equal(schemaProblem('properties', json), undefined);
  t.equal(json[0].properties.CPUUsageNSec.value, '9007199254740993');
});

t.test('cat and get-default', async (t) => {
  const files = [{ path: '/etc/systemd/system/k3s.service', text: '[Service]\nExecStart=/bin/k3s\n' }];
  const { ctl } = await withManager(t, {
    read: read((_node, query) =>
      query.case === 'getDefaultTarget'
        ? {
            case: 'result',
            value: { result: { case: 'defaultTarget', value: { target: 'multi-user.target' } } },
          }
        : { case: 'result', value: { result: { case: 'unitFileTexts', value: { files } } } },
    ),
  });
  t.equal(
    (await ctl('cat', 'node-a', 'k3s')).stdout,
    '# /etc/systemd/system/k3s.service\n[Service]\nExecStart=/bin/k3s\n',
  );
  t.equal(
    schemaProblem('unit-file-texts', JSON.parse((await ctl('cat', '--all', 'k3s', '-o', 'json')).stdout)),
    undefined,
  );
  const targets = await ctl('get-default', '--all');
  t.equal(targets.exitCode, 69);
  t.match(targets.stdout, /^node-b +multi-user.target$/m);
  t.equal(
    schemaProblem('default-targets', JSON.parse((await ctl('get-default', '--all', '-o', 'json')).stdout)),
    undefined,
  );
});

t.test('wait', async (t) => {
  const { ctl, manager } = await withManager(t, {
    waitUnits: (value) => ({
      case: 'waitResult',
      value: {
        reached: value.activeState === 'active',
        last: [
          { node: 'node-a', units: [unit('k3s.service', 'activating')], stale: false },
          { node: 'node-c', units: [unit('k3s.service')], stale: true },
        ],
      },
    }),
  });
  t.equal((await ctl('wait', '--all', 'k3s', '--timeout', '2s')).exitCode, 0);
  t.match(manager.requests[0], {
    value: { activeState: 'active', timeLimitMs: 2000, units: ['k3s.service'] },
  });
  const missed = await ctl('wait', '--all', 'k3s', '--for', 'failed');
  t.equal(missed.exitCode, 124);
  t.match(missed.stdout, /^node-c +k3s.service +unknown +unknown$/m);
  t.match(missed.stderr, /not failed within 1 min 30 s/);
  t.equal(
    schemaProblem('wait', JSON.parse((await ctl('wait', '--all', 'k3s', '-o', 'json')).stdout)),
    undefined,
  );
});

t.test('a refusal of the whole request', async (t) => {
  const { ctl } = await withManager(t, {
    read: read(() => failure('HEC_BUS_GONE')),
    listNodes: () => ({
      case: 'failure',
      value: {
        code: 'HEC_NO_SUCH_NODE',
        message: 'there is no node x\x1b[2J',
        remedy: 'hecatectl list-nodes',
      },
    }),
  });
  const shown = await ctl('list-nodes', 'x');
  t.equal(shown.exitCode, 4);
  t.equal(shown.stdout, '');
  t.equal(
    shown.stderr,
    'hecatectl: there is no node x\\x1b[2J (HEC_NO_SUCH_NODE)\n  next: hecatectl list-nodes\n',
  );
  t.equal((await ctl('cat', 'node-a', 'x')).exitCode, 75);
});
