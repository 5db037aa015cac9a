import {
  createHealth,
  createHealthCheck,
  createIdentityInfo,
  createOperationOutcome,
} from '@hecate/proto/generated/wire.ts';
import t from 'tap';
import { seenAtMs } from '../support/answers.ts';
import { schemaProblem } from '../support/schema.ts';
import { withManager } from '../support/with-manager.ts';

t.setTimeout(120_000);

t.test('health', async (t) => {
  for (const healthy of [true, false]) {
    const checks = [
      createHealthCheck({
        name: 'nodes',
        passed: healthy,
        detail: 'not online: node-c',
        remedy: healthy ? '' : 'hecatectl doctor node-c',
      }),
    ];
    const { ctl } = await withManager(t, {
      getHealth: () => ({
        case: 'health',
        value: createHealth({ healthy, checks, site: 'lab', uptimeMs: 5000 }),
      }),
    });
    const shown = await ctl('health');
    t.equal(shown.exitCode, healthy ? 0 : 3);
    t.match(shown.stdout, healthy ? 'lab: healthy' : 'lab: not healthy');
    t.match(shown.stdout, healthy ? /nodes +ok / : /nodes +NOT OK /, 'not by colour alone');
    if (!healthy) t.match(shown.stderr, 'next, for nodes: hecatectl doctor node-c');
    const quiet = await ctl('health', '--quiet');
    t.same([quiet.stdout, quiet.stderr, quiet.exitCode], ['', '', healthy ? 0 : 3]);
    t.equal(schemaProblem('health', JSON.parse((await ctl('health', '-o', 'json')).stdout)), undefined);
  }
});

t.test('doctor: from here, and what the manager has seen', async (t) => {
  const { ctl } = await withManager(t, {
    getHealth: () => ({
      case: 'health',
      value: createHealth({
        healthy: true,
        checks: [createHealthCheck({ name: 'epoch', passed: true, detail: 'epoch 7' })],
      }),
    }),
    diagnose: ({ node }) => ({
      case: 'diagnosis',
      value: {
        node,
        findings: [
          { subject: 'name', passed: true, detail: 'allowed', remedy: '' },
          {
            subject: 'session',
            passed: false,
            detail: 'not connected',
            remedy: 'systemctl status hecate-agent',
          },
        ],
      },
    }),
  });
  const site = await ctl('doctor');
  t.equal(site.exitCode, 0, site.stdout);
  t.match(site.stdout, /^here +socket +ok /m);
  t.match(site.stdout, /^manager +epoch +ok /m);
  const node = await ctl('doctor', 'node-c');
  t.equal(node.exitCode, 3);
  t.match(node.stdout, /^node-c +session +NOT OK +not connected$/m);
  t.match(node.stdout, 'next, for session: systemctl status hecate-agent');
  t.equal(
    schemaProblem('diagnosis', JSON.parse((await ctl('doctor', 'node-c', '-o', 'json')).stdout)),
    undefined,
  );
  const unreachable = await ctl('doctor', '--socket', '/nonexistent/socket');
  t.equal(unreachable.exitCode, 75);
  t.match(unreachable.stdout, /^here +socket +NOT OK /m);
});

t.test('metrics, set-log-level, version', async (t) => {
  const { ctl, manager } = await withManager(t, {
    getMetrics: () => ({ case: 'metrics', value: { text: '# TYPE hecate_epoch gauge\nhecate_epoch 7\n' } }),
    setLogLevel: ({ level }) => ({ case: 'logLevel', value: { before: 'info', after: level } }),
  });
  t.equal((await ctl('metrics')).stdout, '# TYPE hecate_epoch gauge\nhecate_epoch 7\n');
  t.equal(schemaProblem('metrics', JSON.parse((await ctl('metrics', '-o', 'json')).stdout)), undefined);
  t.equal((await ctl('set-log-level', 'debug')).stderr, 'info → debug\n');
  t.match(manager.requests.at(-1), { value: { level: 'debug', nodes: [] } });
  await ctl('set-log-level', 'debug', 'node-a,edge-*');
  t.match(manager.requests.at(-1), { value: { nodes: ['node-a', 'edge-*'] } });
  await ctl('set-log-level', 'debug', '--all');
  t.match(manager.requests.at(-1), { value: { nodes: ['*'] } });
  t.equal(
    schemaProblem('log-level', JSON.parse((await ctl('set-log-level', 'warn', '-o', 'json')).stdout)),
    undefined,
  );
  t.match((await ctl('version')).stdout, /^hecatectl \d+\.\d+\.\d+ .*\nmanager 0.1.0 .*you are admin/);
  const alone = await ctl('version', '--socket', '/nonexistent/socket');
  t.equal(alone.exitCode, 0);
  t.match(alone.stderr, /manager not reached/);
  for (const argv of [['version'], ['version', '--client'], ['version', '--socket', '/nonexistent']])
    t.equal(schemaProblem('version', JSON.parse((await ctl(...argv, '-o', 'json')).stdout)), undefined);
  t.match((await ctl('--version')).stdout, /^hecatectl \d/);
});

t.test('operation', async (t) => {
  const opId = '01KASVJ5T0ABCDEFGHJKMNPQRS';
  const known = {
    opId,
    node: 'node-a',
    unit: 'k3s.service',
    verb: 'start',
    requestedBy: 'alice (uid 1000)',
    requestedMs: seenAtMs,
  } as const;
  for (const [outcome, exitCode] of [
    [undefined, 70],
    [createOperationOutcome({ opId, status: 'done' }), 0],
    [createOperationOutcome({ opId, status: 'failed', code: 'HEC_UNIT_FAILED', result: 'failed' }), 1],
  ] as const) {
    const { ctl } = await withManager(t, {
      getOperation: () => ({ case: 'knownOperation', value: { ...known, outcome } }),
    });
    const shown = await ctl('operation', opId.toLowerCase());
    t.equal(shown.exitCode, exitCode);
    t.match(shown.stdout, 'asked by alice (uid 1000) at 2026-11-21 13:45:05');
    t.equal(
      schemaProblem('operation', JSON.parse((await ctl('operation', opId, '-o', 'json')).stdout)),
      undefined,
    );
    t.equal((await ctl('operation', 'nonsense')).exitCode, 2);
  }
});

t.test('operations', async (t) => {
  const opId = '01KASVJ5T0ABCDEFGHJKMNPQRS';
  const known = {
    opId,
    node: 'node-a',
    unit: '',
    verb: 'exec',
    requestedBy: 'alice',
    requestedMs: seenAtMs,
  } as const;
  const asked: number[] = [];
  const { ctl } = await withManager(t, {
    listOperations: ({ operationsMax }) => {
      asked.push(operationsMax);
      const outcome = createOperationOutcome({ opId, status: 'done' });
      return {
        case: 'knownOperations',
        value: {
          operations: [
            { ...known, outcome: undefined },
            { ...known, outcome },
            { ...known, node: 'node-b', requestedMs: seenAtMs + 1000, outcome },
          ],
        },
      };
    },
  });
  const shown = await ctl('operations', '-n', '3');
  t.equal(shown.exitCode, 0);
  t.match(shown.stdout.split('\n')[1], / node-b /, 'the newest first, also before what is in flight');
  t.match(shown.stdout, new RegExp(`${opId} .*node-a .*in flight .*alice\\n${opId} .*done`));
  t.equal(schemaProblem('operations', JSON.parse((await ctl('operations', '-o', 'json')).stdout)), undefined);
  t.same(asked, [3, 20]);
  const filtered = await ctl('operations', 'node-a', '-n', '1', '--no-legend');
  t.match(filtered.stdout, /^[^\n]* node-a [^\n]*\n$/);
  t.equal(asked.at(-1), 100, 'filtered out of all that the manager tells');
  t.match(await ctl('operations', 'node-z'), { exitCode: 0, stderr: /no operation of node-z/ });
  t.equal((await ctl('operations', '-n', '101')).exitCode, 2);
});

t.test('enrolling: the token alone on stdout', async (t) => {
  const { ctl, manager } = await withManager(t, {
    enroll: ({ name }) => ({
      case: 'joinToken',
      value: { token: 'hecate-join-SECRET', name, expiresMs: seenAtMs },
    }),
  });
  const node = await ctl('node', 'enroll', 'node-d', '--lifetime', '15min');
  t.equal(node.exitCode, 0);
  t.equal(node.stdout, 'hecate-join-SECRET\n');
  t.notMatch(node.stderr, 'SECRET');
  t.match(node.stderr, 'hecate-agent join');
  t.match(manager.requests[0], {
    value: { kind: 'node', name: 'node-d', role: 'unspecified', lifetimeSeconds: 900 },
  });
  t.equal((await ctl('node', 'enroll', 'node-d', '--quiet')).stderr, '');
  const peer = await ctl('peer', 'enroll', 'tethys');
  t.match(peer.stderr, 'hecatectl join --identity FOLDER');
  t.match(manager.requests.at(-1), { value: { kind: 'peer', name: 'tethys', role: 'unspecified' } });
  await ctl('operator', 'enroll', 'alice', '--role', 'admin');
  t.match(manager.requests.at(-1), {
    value: { kind: 'operator', name: 'alice', role: 'admin', lifetimeSeconds: 0 },
  });
  await ctl('operator', 'enroll', 'alice');
  t.match(manager.requests.at(-1), { value: { role: 'viewer' } }, 'the least, when nothing is said');
  t.equal(
    schemaProblem('join-token', JSON.parse((await ctl('node', 'enroll', 'x', '-o', 'json')).stdout)),
    undefined,
  );
});

t.test('revoking, listing, the authority', async (t) => {
  const { ctl, manager } = await withManager(t, {
    revoke: ({ name }) =>
      name === 'gone'
        ? { case: 'failure', value: { code: 'HEC_NO_SUCH_NODE', message: 'no such node', remedy: '' } }
        : { case: 'done', value: {} },
    listIdentities: ({ kind }) => ({
      case: 'identities',
      value: {
        identities: [
          createIdentityInfo({
            kind,
            name: 'x',
            role: kind === 'operator' ? 'viewer' : 'unspecified',
            state: 'joined',
            notAfterMs: Date.now() + 90 * 86_400_000,
            serial: 'ab',
          }),
        ],
      },
    }),
    initAuthority: () => ({
      case: 'authority',
      value: { fingerprint: 'ff', notAfterMs: seenAtMs, names: ['manager.lan'], existed: true },
    }),
  });
  t.equal((await ctl('node', 'revoke', 'x')).exitCode, 0);
  t.match(manager.requests.at(-1), { case: 'revoke', value: { kind: 'node', name: 'x' } });
  t.equal((await ctl('operator', 'revoke', 'gone')).exitCode, 4);
  t.match((await ctl('node', 'list')).stdout, /^x +joined +in 90 d +ab$/m);
  t.match((await ctl('operator', 'list')).stdout, /^x +viewer +joined /m);
  const again = await ctl('ca', 'init', '--site', 'home');
  t.match(again, { exitCode: 0, stderr: /it exists already, and nothing was changed/ });
  t.match(again.stdout, 'SHA-256 fingerprint: ff');
  t.match(manager.requests.at(-1), { value: { site: 'home', names: [] } });
  t.match((await ctl('peer', 'list')).stdout, /^x +joined +in 90 d +ab$/m);
  for (const kind of ['node', 'operator', 'peer']) {
    t.equal(
      schemaProblem('identities', JSON.parse((await ctl(kind, 'list', '-o', 'json')).stdout)),
      undefined,
    );
    t.equal(
      schemaProblem('identity-change', JSON.parse((await ctl(kind, 'revoke', 'x', '-o', 'json')).stdout)),
      undefined,
    );
  }
  t.equal(schemaProblem('authority', JSON.parse((await ctl('ca', 'init', '-o', 'json')).stdout)), undefined);
});

t.test('a token on the command line is refused, whatever the command', async (t) => {
  const { ctl, manager } = await withManager(t);
  for (const argv of [
    ['join', 'hecate-join-abc'],
    ['join', '--token-file=hecate-join-abc'],
    ['start', 'a', 'hecate-join-abc'],
  ]) {
    const shown = await ctl(...argv);
    t.equal(shown.exitCode, 2);
    t.match(shown.stderr, /can be read by every user/);
    t.notMatch(shown.stderr, 'hecate-join-abc');
  }
  t.equal(manager.hellos.length, 0);
});

t.test('join: what is no token, and what is one of a node, is refused before anything is sent', async (t) => {
  const { start } = await withManager(t);
  const nonsense = await start(['join'], { stdin: 'hello\n' }).result;
  t.equal(nonsense.exitCode, 77);
  t.match(nonsense.stderr, /begins with "hecate-join-"/);
  const empty = await start(['join']).result;
  t.match(empty.stderr, /no token on standard input/);
  const missing = await start(['join', '--token-file', '/nonexistent']).result;
  t.equal(missing.exitCode, 2);
});
