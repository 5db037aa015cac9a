/** What each role may do: on a local socket of that role, and over TCP with a certificate of its own. */
import { join } from 'node:path';
import t from 'tap';
import { type ExecuteResult, execute } from '../nodes/execute.ts';
import { skipUnless } from '../nodes/fleet-for-test.ts';
import { freePort } from '../site/manager-process.ts';
import { siteForTest } from '../site/site.ts';
import { untilAudited } from './support/audit.ts';
import { countedUnit, startsOf } from './support/counted-unit.ts';

t.test('roles', { skip: await skipUnless('user'), timeout: 60_000 }, async (t) => {
  const site = await siteForTest(t, { names: ['alpha'], units: { 'counted.service': countedUnit(0) } });
  const { manager } = site;
  const node = site.node('alpha');
  const viewerSocket = join(manager.folder, 'viewer.sock');
  const operatorSocket = join(manager.folder, 'operator.sock');
  const sockets = [
    { path: manager.socket, role: 'admin', mode: '0600' },
    { path: viewerSocket, role: 'viewer', mode: '0666' },
    { path: operatorSocket, role: 'operator', mode: '0660' },
  ];
  manager.configure({ sockets });
  await manager.stop();
  await manager.start();
  await site.untilOnline();

  await t.test('a viewer looks, and changes nothing', async (t) => {
    for (const argv of [
      ['list-nodes'],
      ['list-units', 'alpha'],
      ['status', 'alpha', 'counted'],
      ['health'],
    ]) {
      const { exitCode, stderr } = await manager.ctl(['--socket', viewerSocket, ...argv]);
      t.ok(exitCode === 0 || exitCode === 3, `${argv.join(' ')}: ${exitCode} ${stderr}`);
    }
    for (const argv of [
      ['start', 'alpha', 'counted'],
      ['exec', 'alpha', '--', 'true'],
      ['node', 'enroll', 'x'],
    ]) {
      const refused = await manager.ctl(['--socket', viewerSocket, ...argv]);
      t.equal(refused.exitCode, 77, `${argv.join(' ')}: ${refused.stderr}`);
      t.match(refused.stderr, /needs the role \w+, yours is viewer/);
    }
    t.equal(await startsOf(node, 'counted.service'), 0, 'nothing was started');
    const entry = await untilAudited(manager, { what: 'start', outcome: 'refused', code: 'HEC_ROLE' });
    t.match(entry, { from: `unix:${viewerSocket}`, who: /^local:/ });
    await untilAudited(manager, { what: 'enroll', outcome: 'refused', code: 'HEC_ROLE' });
  });

  await t.test('an operator changes units, and nothing of the site', async (t) => {
    t.equal((await manager.ctl(['start', 'alpha', 'counted', '--socket', operatorSocket])).exitCode, 0);
    t.equal(await startsOf(node, 'counted.service'), 1);
    for (const argv of [
      ['node', 'enroll', 'x'],
      ['node', 'revoke', 'alpha'],
      ['operator', 'enroll', 'eve', '--role', 'admin'],
      ['ca', 'init'],
      ['exec', 'alpha', '--', 'true'],
      ['start', 'alpha', 'poweroff.target'],
      ['start', 'alpha', 'counted', '--job-mode', 'isolate'],
    ]) {
      const refused = await manager.ctl(['--socket', operatorSocket, ...argv]);
      t.equal(refused.exitCode, 77, `${argv.join(' ')}: ${refused.stderr}`);
    }
    t.equal((await site.connections()).alpha, 'online');
    // An admin may ask, and the policy of the node has the last word.
    for (const argv of [
      ['start', 'alpha', 'poweroff.target'],
      ['start', 'alpha', 'counted', '--job-mode', 'isolate'],
    ]) {
      const refused = await manager.ctl(argv);
      t.equal(refused.exitCode, 77, `${argv.join(' ')}: ${refused.stderr}`);
      t.match(refused.stdout + refused.stderr, /agent-policy\.conf/);
    }
    await untilAudited(manager, { what: 'revoke', outcome: 'refused', code: 'HEC_ROLE', subject: 'alpha' });
  });

  await t.test('from another computer, with a certificate', async (t) => {
    const home = join(manager.folder, 'alice');
    const address = `${manager.listen.host}:${manager.listen.port}`;
    const alice = (argv: readonly string[], input = ''): Promise<ExecuteResult> =>
      execute(manager.ctlCommand(argv), { input, env: { PATH: process.env.PATH ?? '', HOME: home } });
    const token = await manager.ctlOrThrow('operator', 'enroll', 'alice', '--role', 'operator');
    const joined = await alice(['join'], token);
    t.equal(joined.exitCode, 0, joined.stderr);
    await node.systemctl('stop', 'counted.service');
    const started = await alice(['--manager', address, 'start', 'alpha', 'counted']);
    t.equal(started.exitCode, 0, started.stderr);
    t.equal(await startsOf(node, 'counted.service'), 2);
    const entry = await untilAudited(manager, { what: 'start', who: 'alice', outcome: 'done' });
    t.match(entry.from, /^127\.0\.0\.1:\d+$/);
    const refused = await alice(['--manager', address, 'node', 'enroll', 'x']);
    t.equal(refused.exitCode, 77, refused.stderr);
    await untilAudited(manager, { what: 'enroll', who: 'alice', outcome: 'refused', code: 'HEC_ROLE' });
    const elsewhere = await alice(['--manager', `127.0.0.1:${await freePort()}`, 'list-nodes']);
    t.equal(elsewhere.exitCode, 75, 'a manager that is not there is unavailable');

    await manager.ctlOrThrow('operator', 'revoke', 'alice');
    const revoked = await alice(['--manager', address, 'list-nodes']);
    t.equal(revoked.exitCode, 77, revoked.stderr);
    t.match(revoked.stderr, /revoked/);
    await untilAudited(manager, { what: 'connect', who: 'alice', outcome: 'refused', code: 'HEC_REVOKED' });
  });
});
