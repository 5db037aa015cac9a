/** hecate-agent as a process: arguments, files, tokens, check; and run, from start to the last word. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { formatJoinToken } from '@hecate/proto/core/join-token.ts';
import t from 'tap';
import { until } from '../../../test/nodes/until.ts';
import { FakeManager } from '../../../test/support/fake-manager.ts';
import { skip, userNode } from '../io/support/node-bus.ts';
import { operation } from '../support/operations.ts';

const main = join(import.meta.dirname, '../../src/main.ts');

// Two dozen processes, each from its sources.
t.setTimeout(240_000);

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

async function agent(args: string[], input = ''): Promise<Ended> {
  const child = spawn(process.execPath, [main, ...args], { stdio: 'pipe' });
  const ended: Ended = { code: null, stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    ended.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    ended.stderr += chunk;
  });
  child.stdin.on('error', () => undefined).end(input);
  [ended.code] = await once(child, 'close');
  return ended;
}

const token = (part: Partial<Parameters<typeof formatJoinToken>[0]> = {}): string =>
  formatJoinToken({
    identity: { kind: 'node', name: 'web1' },
    tokenId: 'AAAAAAAAAAAAAAAA',
    secret: new Uint8Array(16).fill(7),
    fingerprint: '0'.repeat(64),
    addresses: ['127.0.0.1:1'],
    expiresAtMs: 1,
    ...part,
  });

t.test('help and version', async (t) => {
  t.match(await agent(['--help']), { code: 0, stdout: /hecate-agent join/ });
  t.match(await agent(['version']), { code: 0, stdout: /^hecate-agent \d+\.\d+\.\d+\n$/ });
});

t.test('arguments that are none', async (t) => {
  for (const args of [['strat'], ['run', 'now'], ['--colour'], ['run', '--token-file', '/x'], ['--config']])
    t.match(await agent(args), { code: 2, stdout: '', stderr: /^hecate-agent: / }, args.join(' '));
});

t.test('a token is never an argument, and never shown', async (t) => {
  const secret = token();
  const ended = await agent(['join', secret]);
  t.match(ended, { code: 2, stderr: /every user of this host can read it/ });
  t.notOk(ended.stderr.includes(secret));
});

t.test('join: what a token must be', async (t) => {
  const folder = t.testdir({
    'agent.conf': `[Agent]\nNodeName=web1\nIdentityDirectory=${t.testdirName}/identity\n`,
    token: `${token()}\n`,
  });
  const config = ['--config', join(folder, 'agent.conf')];
  t.match(await agent(['join', ...config], ''), { code: 77, stderr: /no token on standard input/ });
  t.match(await agent(['join', ...config], 'hello'), { code: 77, stderr: /begins with "hecate-join-"/ });
  const cut = await agent(['join', ...config], token().slice(0, -3));
  t.match(cut, { code: 77, stderr: /incomplete or mistyped/ });
  const operator = token({ identity: { kind: 'operator', name: 'ada', role: 'admin' } });
  t.match(await agent(['join', ...config], operator), { code: 77, stderr: /for operator ada, a host joins/ });
  const other = token({ identity: { kind: 'node', name: 'web2' } });
  t.match(await agent(['join', ...config], other), { code: 2, stderr: /for web2, and NodeName=web1/ });
  const nobody = await agent(['join', ...config, '--token-file', join(folder, 'token')]);
  t.match(nobody, { code: 75, stderr: /127\.0\.0\.1:1/ });
  t.match(await agent(['join', ...config, '--token-file', '/none']), { code: 2, stderr: /cannot be read/ });
  for (const { stderr } of [cut, nobody]) t.notOk(stderr.includes(token().slice(0, 60)));
});

t.test(
  'run: files that are wrong are told with their lines, identities that are missing with a remedy',
  async (t) => {
    const folder = t.testdir({
      'bad.conf': '[Agent]\nManger=x\nBus=other\n',
      'no-policy.conf': `[Agent]\nPolicyFile=${t.testdirName}/gone-policy.conf\n`,
      'policy.conf': `[Agent]\nPolicyFile=${t.testdirName}/bad-policy.conf\n`,
      'bad-policy.conf': '[Policy]\nAllow=strat\n',
      'none.conf': `[Agent]\nStateDirectory=${t.testdirName}/state\n`,
    });
    const run = (file: string) => agent(['run', '--config', join(folder, file)]);
    t.match(await run('bad.conf'), {
      code: 2,
      stderr: /bad\.conf:2: unknown key Manger=.*Manager.*\n.*bad\.conf:3: Bus=other/,
    });
    t.match(await run('policy.conf'), { code: 2, stderr: /bad-policy\.conf:2: .*did you mean "start"/ });
    t.match(await run('none.conf'), { code: 77, stderr: /holds no identity.*\n.*hecatectl node enroll/ });
    t.match(await run('no-policy.conf'), { code: 2, stderr: /gone-policy\.conf: there is no such file/ });
    t.match(await run('absent.conf'), { code: 2, stderr: /no such file/ });
  },
);

t.test('check: each part on its own, each finding with its remedy', async (t) => {
  const folder = t.testdir({
    'agent.conf': `[Agent]\nBus=user\nStateDirectory=${t.testdirName}/state\nPolicyFile=${t.testdirName}/p\n`,
    p: '[Policy]\nDeny=stop ssh.service\n',
  });
  const ended = await agent(['check', '--config', join(folder, 'agent.conf')]);
  t.equal(ended.code, 3);
  t.match(ended.stdout, /^ok {5}configuration: /m);
  t.match(ended.stdout, /^ok {5}policy: .*Deny=stop ssh\.service/m);
  t.match(ended.stdout, /^failed identity: .*no identity/m);
});

t.test('on a node', { skip, timeout: 120_000 }, async (t) => {
  const manager = await FakeManager.listen();
  t.teardown(() => manager.close());
  const node = await userNode(t, {
    'web.service': '[Service]\nExecStart=sleep 1000\n',
  });
  const config = join(node.home, 'agent.conf');
  const lines = [
    '[Agent]',
    'Bus=user',
    'PlainLoopback=yes',
    'NodeName=alpha',
    `Manager=127.0.0.1:${manager.port}`,
    `StateDirectory=${node.home}/state`,
    `PolicyFile=${node.home}/policy.conf`,
  ];
  await node.writeFile(config, `${lines.join('\n')}\n`);
  const policyFile = join(node.home, 'policy.conf');
  await node.writeFile(policyFile, '[Policy]\n');
  const argv = (command: string) => [process.execPath, main, command, '--config', config];
  let log = '';
  const start = async () => {
    const agent = await node.spawn(argv('run'));
    agent.child.stderr?.on('data', (chunk) => {
      log += chunk;
    });
    return agent;
  };
  const soon = async (): Promise<number> =>
    Math.floor(Number((await node.readFile('/proc/uptime')).split(' ')[0]) * 1000) + 60_000;
  const first = await start();
  await until(() => manager.units().has('dbus.service') || manager.units().size > 5, { what: 'the list' });

  await t.test('check says that all is well', async (t) => {
    const { exitCode, stdout } = await node.run(argv('check'));
    t.equal(exitCode, 0, stdout);
    t.match(stdout, /systemd \d+.* answers on the user bus/);
  });

  await t.test('a second agent on the same state is refused', async (t) => {
    const { exitCode, stderr } = await node.run(argv('run'));
    t.match({ exitCode, stderr }, { exitCode: 1, stderr: /holds this state directory/ });
  });

  await t.test('SIGHUP reads the policy again; a wrong one changes nothing', async (t) => {
    const apply = async (n: number) =>
      manager.apply(
        operation({ opId: `01HF7YAT0${n}0000000000000000`, epoch: 1, notAfterClockMs: await soon() }),
      );
    t.match((await apply(1)).outcome, { status: 'done' });
    await node.writeFile(join(node.home, 'policy.conf'), '[Policy]\nDeny=start\n');
    first.kill('SIGHUP');
    await until(() => log.includes('the policy was read again'), { what: 'it is read' });
    t.match((await apply(2)).outcome, { status: 'refused', code: 'HEC_POLICY' });
    await node.writeFile(join(node.home, 'policy.conf'), '[Policy]\nAlow=*\n');
    first.kill('SIGHUP');
    await until(() => log.includes('the former one stays'), { what: 'it is refused' });
    t.match((await apply(3)).outcome, { status: 'refused', code: 'HEC_POLICY' });
    log = '';
    await node.run(['rm', policyFile]);
    first.kill('SIGHUP');
    await until(() => log.includes('the former one stays'), { what: 'a missing file opens nothing' });
    t.match(log, /there is no such file/);
    t.match((await apply(4)).outcome, { status: 'refused', code: 'HEC_POLICY' });
  });

  await t.test('SIGTERM: goodbye, and an end in order', async (t) => {
    first.kill('SIGTERM');
    t.equal(await first.exited, 0);
    await until(() => manager.sessions.length === 0, { what: 'the session ended' });
  });

  await t.test('ready without a manager; what was remembered is still known', async (t) => {
    await node.writeFile(join(node.home, 'policy.conf'), '[Policy]\n');
    const second = await start();
    await manager.session();
    const again = operation({ opId: '01HF7YAT010000000000000000', epoch: 1, notAfterClockMs: await soon() });
    t.match((await manager.apply(again)).outcome, { status: 'done', replayed: true });
    second.kill('SIGKILL');
    await second.exited;
    const third = await start();
    await manager.session();
    third.kill('SIGTERM');
    t.equal(await third.exited, 0, 'a killed agent leaves no lock');
  });
});
