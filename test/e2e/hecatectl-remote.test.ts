/** hecatectl from another computer: enrolled, joined, with its role, revoked; and what doctor says on the way. */
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { schemaProblem } from '../../ctl/test/support/schema.ts';
import { type ExecuteResult, execute } from '../nodes/execute.ts';
import { freePort, ManagerProcess } from '../site/manager-process.ts';

t.setTimeout(180_000);

interface Remote {
  readonly manager: ManagerProcess;
  readonly address: string;
  /** hecatectl without the socket: as on another computer, with a home of its own. */
  remote(argv: readonly string[], input?: string): Promise<ExecuteResult>;
  readonly home: string;
}

async function setUp(t: Test): Promise<Remote> {
  const folder = mkdtempSync(join(tmpdir(), 'hecate-remote-'));
  const manager = new ManagerProcess({ folder, listen: { host: '127.0.0.1', port: await freePort() } });
  t.teardown(async () => {
    await manager.stop('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });
  await manager.start();
  const home = mkdtempSync(join(folder, 'home-'));
  const remote = (argv: readonly string[], input = ''): Promise<ExecuteResult> =>
    execute(manager.ctlCommand(argv), {
      input,
      timeoutMs: 60_000,
      env: { PATH: process.env.PATH ?? '', HOME: home },
    });
  return { manager, home, remote, address: `127.0.0.1:${manager.listen.port}` };
}

const joinAs = async (t: Test, site: Remote, role: string): Promise<void> => {
  const token = await site.manager.ctlOrThrow('operator', 'enroll', 'alice', '--role', role, '--quiet');
  const joined = await site.remote(['join', '-o', 'json'], token);
  t.equal(joined.exitCode, 0, joined.stderr);
  t.equal(schemaProblem('joined', JSON.parse(joined.stdout)), undefined);
};

t.test('the way to a remote manager, step by step, as doctor sees it', async (t) => {
  const site = await setUp(t);
  const { remote, address, manager } = site;
  const before = await remote(['--manager', address, 'list-nodes']);
  t.equal(before.exitCode, 77);
  t.match(before.stderr, /holds no identity/);
  const doctor = await remote(['doctor', '--manager', address]);
  t.equal(doctor.exitCode, 77);
  t.match(doctor.stdout, /here +identity +NOT OK /);
  t.match(doctor.stdout, /here +port +NOT OK /, 'there is no authority yet, so nobody listens');
  await manager.ctlOrThrow('ca', 'init');
  t.match((await remote(['doctor', '--manager', address])).stdout, /here +port +ok /);

  await joinAs(t, site, 'operator');
  const identity = join(site.home, '.config/hecate');
  t.ok(existsSync(identity));
  for (const name of readdirSync(identity, { recursive: true, encoding: 'utf8' }).filter((each) =>
    each.endsWith('key.pem'),
  ))
    t.equal(statSync(join(identity, name)).mode & 0o077, 0, `${name} is ours alone`);
  const after = await remote(['doctor', '--manager', address, '-o', 'json']);
  t.equal(schemaProblem('diagnosis', JSON.parse(after.stdout)), undefined);
  const wrong = JSON.parse(after.stdout).filter(({ is_passed }: { is_passed: boolean }) => !is_passed);
  t.same(wrong, [], 'all is well');
  t.equal((await remote(['--manager', address, 'list-nodes'])).exitCode, 0);
  t.match((await remote(['--manager', address, 'version'])).stdout, /you are operator/);
  t.equal((await remote(['--manager', 'nowhere.invalid', 'doctor'])).exitCode, 75);
});

t.test('roles, revocation, and what the audit log keeps', async (t) => {
  const site = await setUp(t);
  const { remote, address, manager } = site;
  await manager.ctlOrThrow('ca', 'init');
  await joinAs(t, site, 'viewer');
  const refused = await remote(['--manager', address, 'node', 'enroll', 'node-x']);
  t.equal(refused.exitCode, 77, refused.stderr);
  t.equal(refused.stdout, '');
  t.match(refused.stderr, /HEC_ROLE/);
  const operator = await remote(['--manager', address, 'start', '--all', 'x']);
  t.equal(operator.exitCode, 77, 'a viewer may not operate');
  t.equal((await manager.ctl(['operator', 'revoke', 'alice'])).exitCode, 0);
  const revoked = await remote(['--manager', address, 'list-nodes']);
  t.equal(revoked.exitCode, 77, revoked.stderr);
  t.match(revoked.stderr, /revoked/);
  const audit = manager.audit();
  t.ok(
    audit.some(({ who }) => String(who).includes('alice')),
    'the audit log says who',
  );
  t.notMatch(JSON.stringify(audit) + manager.log(), /hecate-join-[A-Za-z0-9_-]{20}/, 'and no secret');
});

t.test('a token is good once, and for its own kind', async (t) => {
  const site = await setUp(t);
  const { remote, manager, home } = site;
  await manager.ctlOrThrow('ca', 'init');
  const token = await manager.ctlOrThrow('operator', 'enroll', 'bob', '--quiet');
  const file = join(home, 'token');
  writeFileSync(file, token, { mode: 0o600 });
  t.equal((await remote(['join', '--token-file', file])).exitCode, 0);
  const again = await remote(['join', '--token-file', file, '--identity', join(home, 'second')]);
  t.equal(again.exitCode, 77, again.stderr);
  t.notMatch(again.stderr, token.trim());
  const nodes = await manager.ctlOrThrow('node', 'enroll', 'node-x', '--quiet');
  const other = await remote(['join'], nodes);
  t.equal(other.exitCode, 77);
  t.match(other.stderr, /for the node node-x/);
  t.equal(
    schemaProblem('identities', JSON.parse(await manager.ctlOrThrow('operator', 'list', '-o', 'json'))),
    undefined,
  );
});
