/**
 * Two managers. On one state directory the second does not start. On two copies of it the older one, paused and
 * resumed, is refused by every agent (I6), knows it, and says so.
 */
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { skipUnless } from '../nodes/fleet-for-test.ts';
import { until } from '../nodes/until.ts';
import { freePort, ManagerProcess } from '../site/manager-process.ts';
import { siteForTest } from '../site/site.ts';
import { untilAudited } from './support/audit.ts';
import { countedUnit, startsOf } from './support/counted-unit.ts';
import { startCtl } from './support/ctl.ts';
import { recordedBytes } from './support/recorded-bytes.ts';
import { quickUnit } from './support/serving.ts';

t.test('two managers', { skip: await skipUnless('user'), timeout: 120_000 }, async (t) => {
  const site = await siteForTest(t, {
    names: ['alpha', 'beta'],
    units: { ...quickUnit, 'counted.service': countedUnit(0), 'late.service': countedUnit(0) },
    join: false,
  });
  const old = site.manager;
  const listen = { host: '127.0.0.1', port: await freePort() };
  for (const agent of site.agents.values()) {
    await agent.join(await site.enroll(agent.node.name));
    // Both managers are known to every agent; the first through the node's own proxy.
    await agent.configure({ config: [`Manager=${listen.host}:${listen.port}`] });
    await agent.start();
  }
  await site.untilOnline();

  await t.test('on one state directory the second refuses to start, naming the first', async (t) => {
    const twin = new ManagerProcess({
      folder: join(old.folder, 'twin'),
      listen,
      config: { state_directory: join(old.folder, 'state') },
    });
    const failure = await twin.start().then(
      () => 'it started',
      (error: Error) => error.message,
    );
    t.match(failure, `the manager with pid ${old.pid} holds this state directory`);
    process.kill(old.pid, 'SIGSTOP');
    const frozen = await twin.start().then(
      () => 'it started',
      (error: Error) => error.message,
    );
    process.kill(old.pid, 'SIGCONT');
    t.match(frozen, /is stopped \(SIGSTOP\)/, 'also while that is paused');
    t.equal(twin.isUp(), false);
  });

  await t.test('an old manager that was paused and goes on is refused', async (t) => {
    await site.untilOnline();
    const folder = join(old.folder, 'newer');
    const newer = new ManagerProcess({ folder, listen });
    t.teardown(() => newer.stop('SIGKILL'));
    // Commands of the old one that are under way when it is paused: recorded, and anywhere between there and systemd.
    const journal = join(old.folder, 'state/journal/operations.records');
    const recorded = recordedBytes(journal);
    const underWay = [1, 2, 3].map(() => startCtl(old, 'start', '--all', 'late', '--timeout', '60s'));
    while (recordedBytes(journal) === recorded) await sleep(0);
    process.kill(old.pid, 'SIGSTOP');
    cpSync(join(old.folder, 'state'), join(folder, 'state'), { recursive: true });
    rmSync(join(folder, 'state', 'lock'), { force: true });
    await newer.start();
    const nodesOf = async (manager: ManagerProcess) => manager.ctlOrThrow('list-nodes', '--no-legend');
    await until(async () => ((await nodesOf(newer)).match(/\bonline\b/g) ?? []).length === 2, {
      what: 'both agents went over to the newer manager',
      intervalMs: 100,
    });
    const before = await Promise.all(site.fleet.nodes.map((node) => startsOf(node, 'late.service')));
    t.equal((await newer.ctl(['start', '--all', 'counted'])).exitCode, 0, 'which commands them');

    process.kill(old.pid, 'SIGCONT');
    const refused = await old.ctl(['start', '--all', 'counted', '--timeout', '5s']);
    t.not(refused.exitCode, 0, `a command of the old one: ${refused.stdout}`);
    const codes = await Promise.all(underWay.map(({ ended }) => ended));
    t.comment(`started before: ${before.join(', ')}; what it had under way ended with ${codes.join(', ')}`);
    // Who has to look for a manager again begins with the first one, which is the old one.
    for (const agent of site.agents.values()) {
      await agent.stop();
      await agent.start();
    }
    await until(() => /an agent has seen a newer manager/.test(old.log()), { what: 'it says so in its log' });
    await until(async () => (await old.ctl(['health'])).exitCode !== 0, { what: 'its health says so' });
    const health = await old.ctl(['health']);
    t.match(health.stdout + health.stderr, /a newer one took over/);
    t.match(health.stdout + health.stderr, /agents have seen epoch 2, this manager has 1/);
    for (const who of ['alpha', 'beta'])
      t.match(await untilAudited(old, { who, what: 'connect' }), { outcome: 'refused', code: 'HEC_EPOCH' });

    const after = await Promise.all(site.fleet.nodes.map((node) => startsOf(node, 'late.service')));
    t.strictSame(after, before, 'nothing of the old one was applied after the newer one had come');
    for (const node of site.fleet.nodes) {
      t.equal(await startsOf(node, 'counted.service'), 1, `${node.name}: started by the newer one, once`);
    }
    const isBack = async () => ((await nodesOf(newer)).match(/\bonline\b/g) ?? []).length === 2;
    await until(isBack, { what: 'the newer one has its nodes', intervalMs: 100 });
    const still = await old.ctl(['start', '--all', 'late', '--timeout', '5s']);
    t.not(still.exitCode, 0, 'the old one has none');
    t.equal((await newer.ctl(['start', '--all', 'quick'])).exitCode, 0, 'and goes on working');
    t.equal((await newer.ctl(['health'])).exitCode, 0);

    await t.test('started again it is the newest', async (t) => {
      // Its state directory knows the foreign epoch by now.
      await newer.stop();
      await old.stop();
      await old.start();
      await site.untilOnline();
      t.equal((await old.ctl(['start', '--all', 'quick'])).exitCode, 0);
      t.equal((await old.ctl(['health'])).exitCode, 0);
      t.ok((await site.json<{ epoch: number }>('health')).epoch > 2);
    });
  });
});
