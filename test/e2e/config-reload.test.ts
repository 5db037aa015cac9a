/** The configuration: what is wrong in it is told with its place; what can change while it runs, does. */
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { execute } from '../nodes/execute.ts';
import { skipUnless } from '../nodes/fleet-for-test.ts';
import { until } from '../nodes/until.ts';
import { nodeProgram, repository } from '../site/manager-process.ts';
import { siteForTest } from '../site/site.ts';
import { quickUnit, serves } from './support/serving.ts';

t.test('the configuration', { skip: await skipUnless('user'), timeout: 60_000 }, async (t) => {
  const site = await siteForTest(t, { names: ['alpha', 'beta'], units: quickUnit });
  const { manager } = site;
  const program = join(repository, 'manager/bin/hecate-manager.js');
  const reload = async (what: string, isDone: (news: string) => boolean): Promise<string> => {
    const { length } = manager.log();
    manager.kill('SIGHUP');
    await until(() => isDone(manager.log().slice(length)), { what });
    return manager.log().slice(length);
  };

  await t.test('a broken one: file, line, key, what was expected, and a suggestion', async (t) => {
    const file = join(manager.folder, 'broken.yaml');
    writeFileSync(file, 'site: home\nheartbeat_intervall: 5s\nlog:\n  level: loud\nlisten: ["nowhere"]\n');
    for (const argv of [['--check'], []]) {
      const { exitCode, stderr } = await execute([nodeProgram, program, '--config', file, ...argv]);
      t.equal(exitCode, 2);
      t.match(stderr, `${file}:2:1: heartbeat_intervall: `);
      t.match(stderr, /did you mean "?heartbeat_interval/);
      t.match(stderr, /:4:3: log\.level: found "loud", expected one of/);
      t.match(stderr, /:5:\d+: listen\[0\]: found "nowhere", expected/, 'all of it at once');
    }
    const missing = await execute([nodeProgram, program, '--config', '/no/such/hecate.yaml']);
    t.equal(missing.exitCode, 2);
    t.match(missing.stderr, /\/no\/such\/hecate\.yaml: cannot be read/);
  });

  await t.test('SIGHUP with a broken file changes nothing', async (t) => {
    const [alpha] = [site.agent('alpha').log.length];
    manager.configure({ heartbeat_interval: '1s' });
    appendFileSync(manager.configFile, 'surprise: true\n');
    const news = await reload('it says that it stays', (log) => log.includes('the configuration stays'));
    t.match(news, manager.configFile);
    await serves(t, site, 'after a broken file');
    t.equal(site.agent('alpha').log.length, alpha, 'no session was touched');
  });

  await t.test('SIGHUP applies what can be, and refuses the rest by name', async (t) => {
    manager.configure({
      heartbeat_interval: '7s',
      listen: ['127.0.0.1:1'],
      log: { level: 'debug' },
      site: 'other',
    });
    const news = await reload('it has reloaded', (log) => log.includes('configuration reloaded'));
    for (const key of ['heartbeat_interval', 'listen', 'site']) t.match(news, `not reloaded: ${key}: `);
    t.match(news, /"applied":\["log\.level"\]/);
    t.match(news, /it takes a restart: systemctl restart hecate-manager/);
    // Nothing but the level decides whether this is heard.
    await manager.ctlOrThrow('list-nodes');
    t.equal(JSON.parse(await manager.ctlOrThrow('set-log-level', 'info', '-o', 'json')).before, 'debug');
    await serves(t, site, 'after a reload');
  });

  await t.test('a node that is taken off the list loses its session', async (t) => {
    manager.configure({ nodes: ['alpha'] });
    await reload('it has reloaded', (log) => log.includes('configuration reloaded'));
    t.strictSame(await site.connections(), { alpha: 'online' }, 'it is not listed any more');
    await until(() => site.agent('beta').log.includes('not a node of this site any more'), {
      what: 'its agent is told why',
    });
    const refused = await manager.ctl(['start', 'beta', 'quick']);
    t.equal(refused.exitCode, 4, refused.stderr);
    t.match((await manager.ctl(['doctor', 'beta'])).stdout, /not a node of this site|not enrolled/);
    await until(
      () => manager.audit().some(({ who, code }) => who === 'beta' && code === 'HEC_NO_SUCH_NODE'),
      {
        what: 'its next attempt is refused and audited',
      },
    );
    const enroll = await manager.ctl(['node', 'enroll', 'gamma']);
    t.equal(enroll.exitCode, 4, 'who is not listed cannot be enrolled');
    t.match(enroll.stderr, /lists the nodes of this site/);

    manager.configure({ nodes: ['alpha', 'beta'] });
    await reload('it has reloaded', (log) => log.includes('configuration reloaded'));
    await site.untilOnline();
    await serves(t, site, 'listed again');
  });
});
