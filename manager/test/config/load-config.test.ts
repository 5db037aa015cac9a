import { chmodSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { HecateError } from '@hecate/proto/core/errors.ts';
import t from 'tap';
import { defaultConfigPath, loadConfig, parseConfig } from '../../src/config/load-config.ts';
import { findingsOf } from './findings-of.ts';

const whole = `
site: home                          # name of the fleet
listen: ["0.0.0.0:2020", "[::]:2020"]
names: [manager.lan, 192.0.2.10]
nodes: [node-a, node-b]
sockets:
  - path: /run/hecate/manager.sock
    role: admin
    mode: "0600"
    group: hecate
  - { path: /run/hecate/viewer.sock, role: viewer, mode: "0666" }
plain_loopback_listen: 127.0.0.1:2021
heartbeat_interval: 2s
operations: { time_limit: 45s, log_lines: 20 }
metrics: { listen: "127.0.0.1:9560" }
log: { level: debug }
audit: { file: /var/log/other.jsonl }
state_directory: /srv/hecate
trust: { certificate_lifetime: 30d, authority_lifetime: 365d, token_lifetime: 10m }
inventory:
  - { name: node-b, role: coordinator }
  - name: node-a
    role: server
    depends_on: [node-b]
    units: [one, k3s.service]
    mac_address: 52-54-00-12-34-5A
    wake_address: 192.0.2.255
    address: a.lan
    probe_port: 2222
    feeds: [rack-b, rack-a]
    min_feeds: 2
hooks:
  cordon: { command: [/bin/cordon, all], repeatable: true }
  tell: { command: [/bin/tell] }
sequences:
  maintenance: { stages: [] }
runs:
  intent_age_max: 1h
  notifications:
    - { webhook: "https://ntfy.example/hecate", events: [failed] }
    - { command: [/bin/tell, me] }
power:
  upses:
    - { name: rack-a, ups: "ups@127.0.0.1" }
    - name: rack-b
      ups: "big.one@[2001:db8::1]:3494"
      tls: required
      ca: /ca.pem
      server_name: ups.lan
      user: hecate
      password_file: /password
      forced_shutdown: true
      cut_power: true
  poll_interval: 2s
  debounce_polls: 4
  runtime_safety_factor: 1.25
  budget: 7m
  forwarding_latency: 3s
  on_battery_limit: 90s
  silence_limit: 4m
  mode: cluster-only
  coordinator: stays-up
  coordinator_halt: 90s
  stable_mains: 10m
  startup_charge: 60
  forward:
    to: ["titan.lan:2020"]
    identity: /peer
    acknowledge_within: 2s
    progress_within: 20s
    budget: 8m
    local_shutdown: true
  peer_wait: 3m
`;

t.test('every key', async (t) => {
  const path = join(t.testdir({ 'hecate.yaml': whole }), 'hecate.yaml');
  t.strictSame(await loadConfig(path), {
    site: 'home',
    listen: [
      { host: '0.0.0.0', port: 2020 },
      { host: '::', port: 2020 },
    ],
    names: ['manager.lan', '192.0.2.10'],
    nodes: ['node-a', 'node-b'],
    sockets: [
      { path: '/run/hecate/manager.sock', role: 'admin', mode: 0o600, group: 'hecate' },
      { path: '/run/hecate/viewer.sock', role: 'viewer', mode: 0o666, group: undefined },
    ],
    plainLoopbackListen: { host: '127.0.0.1', port: 2021 },
    heartbeatIntervalMs: 2000,
    operations: { timeLimitMs: 45_000, logLines: 20 },
    metrics: { listen: { host: '127.0.0.1', port: 9560 } },
    log: { level: 'debug' },
    audit: { file: '/var/log/other.jsonl' },
    stateDirectory: '/srv/hecate',
    trust: {
      certificateLifetimeMs: 30 * 86_400_000,
      authorityLifetimeMs: 365 * 86_400_000,
      tokenLifetimeMs: 600_000,
    },
    inventory: {
      site: 'home',
      coordinator: 'node-b',
      nodes: [
        {
          name: 'node-a',
          role: 'server',
          dependsOn: ['node-b'],
          units: ['one.service', 'k3s.service'],
          macAddress: '52:54:00:12:34:5a',
          wakeAddress: '192.0.2.255',
          address: 'a.lan',
          probePort: 2222,
          feeds: ['rack-b', 'rack-a'],
          minFeeds: 2,
          place: { key: 'inventory[1]', line: 22 },
        },
        {
          name: 'node-b',
          role: 'coordinator',
          dependsOn: [],
          units: [],
          macAddress: undefined,
          wakeAddress: '255.255.255.255',
          address: undefined,
          probePort: 22,
          place: { key: 'inventory[0]', line: 21 },
        },
      ],
      hooks: [
        {
          name: 'cordon',
          argv: ['/bin/cordon', 'all'],
          isRepeatable: true,
          place: { key: 'hooks.cordon', line: 33 },
        },
        { name: 'tell', argv: ['/bin/tell'], isRepeatable: false, place: { key: 'hooks.tell', line: 34 } },
      ],
    },
    sequences: [
      {
        name: 'maintenance',
        kind: 'sequence',
        stages: [],
        place: { key: 'sequences.maintenance', line: 36 },
      },
    ],
    runs: {
      intentAgeMaxMs: 3_600_000,
      notifications: [
        { type: 'webhook', url: 'https://ntfy.example/hecate', events: ['failed'] },
        {
          type: 'command',
          argv: ['/bin/tell', 'me'],
          events: ['started', 'stage-done', 'degraded', 'failed', 'finished', 'power'],
        },
      ],
    },
    power: {
      upses: [
        {
          name: 'rack-a',
          nutName: 'ups',
          host: '127.0.0.1',
          port: 3493,
          tls: 'off',
          authorityFile: undefined,
          serverName: undefined,
          credentials: undefined,
          setsForcedShutdown: false,
          cutsPower: false,
        },
        {
          name: 'rack-b',
          nutName: 'big.one',
          host: '2001:db8::1',
          port: 3494,
          tls: 'required',
          authorityFile: '/ca.pem',
          serverName: 'ups.lan',
          credentials: { user: 'hecate', passwordFile: '/password' },
          setsForcedShutdown: true,
          cutsPower: true,
        },
      ],
      pollIntervalMs: 2000,
      debouncePolls: 4,
      runtimeSafetyFactor: 1.25,
      budgetMs: 420_000,
      forwardingLatencyMs: 3000,
      onBatteryLimitMs: 90_000,
      silenceLimitMs: 240_000,
      mode: 'cluster-only',
      coordinator: 'stays-up',
      coordinatorHaltMs: 90_000,
      stableMainsMs: 600_000,
      startupChargePercent: 60,
      forward: {
        to: [{ host: 'titan.lan', port: 2020 }],
        identityDirectory: '/peer',
        acknowledgeWithinMs: 2000,
        progressWithinMs: 20_000,
        budgetMs: 480_000,
        hasLocalShutdown: true,
      },
      peerWaitMs: 180_000,
    },
  });
});

t.test('an empty file takes every default', async (t) => {
  const path = join(t.testdir({ 'hecate.yaml': '# nothing yet\n' }), 'hecate.yaml');
  t.strictSame(await loadConfig(path), {
    site: 'home',
    listen: [{ host: '0.0.0.0', port: 2020 }],
    names: [hostname().toLowerCase()],
    nodes: undefined,
    sockets: [{ path: '/run/hecate/manager.sock', role: 'admin', mode: 0o600, group: undefined }],
    plainLoopbackListen: undefined,
    heartbeatIntervalMs: 5000,
    operations: { timeLimitMs: 90_000, logLines: 10 },
    metrics: { listen: { host: '0.0.0.0', port: 9560 } },
    log: { level: 'info' },
    audit: { file: '/var/log/hecate/audit.jsonl' },
    stateDirectory: '/var/lib/hecate',
    trust: {
      certificateLifetimeMs: 90 * 86_400_000,
      authorityLifetimeMs: 3650 * 86_400_000,
      tokenLifetimeMs: 3_600_000,
    },
    inventory: { site: 'home', coordinator: undefined, nodes: [], hooks: [] },
    sequences: [],
    runs: { intentAgeMaxMs: 6 * 3_600_000, notifications: [] },
    power: {
      upses: [],
      pollIntervalMs: 5000,
      debouncePolls: 3,
      runtimeSafetyFactor: 1.1,
      budgetMs: 300_000,
      forwardingLatencyMs: 0,
      onBatteryLimitMs: 120_000,
      silenceLimitMs: 300_000,
      mode: 'poweroff',
      coordinator: 'powers-off',
      coordinatorHaltMs: 120_000,
      stableMainsMs: 300_000,
      startupChargePercent: 80,
      forward: undefined,
      peerWaitMs: 120_000,
    },
  });
  t.equal(defaultConfigPath, '/etc/hecate/hecate.yaml');
});

t.test('metrics switched off', async (t) => {
  t.match(parseConfig('metrics: { enabled: false }', 'host'), { config: { metrics: undefined } });
});

t.test('all errors at once, each with its place, in the order of the file', async (t) => {
  const text = `listen: 0.0.0.0:2020
heartbeat_intervall: 5s
sockets:
  - path: run/s
    mode: 0600
    rolle: admin
metrics:
  enabled: on
log:
names:
trust: { token_lifetime: 1 hour }
log: { level: info }
`;
  const found = findingsOf(text);
  t.strictSame(
    found.map((line) => line.replace(/, expected.*/, '')),
    [
      'f:1:1: listen: found "0.0.0.0:2020"',
      'f:2:1: heartbeat_intervall: found an unknown key',
      'f:4:5: sockets[0].path: found "run/s"',
      'f:4:5: sockets[0].role: found nothing',
      'f:5:5: sockets[0].mode: found the number 0600 without quotes',
      'f:6:5: sockets[0].rolle: found an unknown key',
      'f:8:3: metrics.enabled: found "on"',
      'f:10:1: names: found nothing',
      'f:11:10: trust.token_lifetime: found "1 hour"',
      'f:12:1: log: found the same key again',
    ],
  );
  t.match(found[0], /expected a list of 1 to 16 addresses; write for example listen: \["0.0.0.0:2020"\]$/);
  t.match(found[1], /expected in the top level only site, listen,.*; did you mean heartbeat_interval\?$/);
  t.match(found[4], /; write for example mode: "0660"$/);
});

t.test('an unknown key that resembles nothing', async (t) => {
  t.match(findingsOf('operations: { colour: red }'), [
    'f:1:15: operations.colour: found an unknown key, expected in operations only time_limit, log_lines; remove it',
  ]);
});

t.test('the file as a whole', async (t) => {
  const path = join(t.testdir(), 'hecate.yaml');
  await t.rejects(loadConfig(path), { code: 'HEC_CONFIG', message: /ENOENT/, remedy: /create it/ });
  await t.rejects(loadConfig(t.testdirName), { code: 'HEC_CONFIG', remedy: /not a directory/ });
  writeFileSync(path, 'site: a\nlisten: b\nnames: c\n');
  const error = await loadConfig(path).catch((thrown) => thrown);
  t.ok(error instanceof HecateError);
  t.equal(error.message.split('\n').length, 2);
  t.match(error.message, `${path}:2:1: listen: found`);
  writeFileSync(path, Buffer.from([0x73, 0x3a, 0x20, 0xff, 0x0a]));
  await t.rejects(loadConfig(path), { code: 'HEC_CONFIG', message: /not UTF-8/ });
  writeFileSync(path, `# ${'x'.repeat(1024 * 1024)}\n`);
  await t.rejects(loadConfig(path), { code: 'HEC_CONFIG', message: /more than 1048576 bytes/ });
  writeFileSync(path, Array.from({ length: 200 }, (_, i) => `key${i}: 1\n`).join(''));
  const many = await loadConfig(path).catch((thrown) => thrown);
  t.equal(many.message.split('\n').length, 51);
  t.match(many.message, /\nand 150 more$/);
});

t.test('a file that may not be read', async (t) => {
  const path = join(t.testdir({ 'hecate.yaml': '' }), 'hecate.yaml');
  chmodSync(path, 0o000);
  // Root may read everything: be nobody for a moment.
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(65_534);
  const error = await loadConfig(path).catch((thrown) => thrown);
  if (isRoot) process.seteuid?.(0);
  t.match(error, { code: 'HEC_CONFIG', remedy: /let the user of this service read it/ });
});
