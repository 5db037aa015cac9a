/** A configuration whose plans can never work: refused by a reload, told of at a start, which it does not prevent. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { until } from '../nodes/until.ts';
import { freePort, ManagerProcess } from '../site/manager-process.ts';

const inventory = [{ name: 'srv-1', role: 'server' }];
const sequences = (step: object) => ({ work: { stages: [{ name: 'first', steps: [step] }] } });
const sound = { inventory, sequences: sequences({ stop: { nodes: ['srv-1'] }, timeout: '1m' }) };
const endless = { inventory, sequences: sequences({ stop: { nodes: ['srv-1'] } }) };

t.test('plans in the configuration', { timeout: 120_000 }, async (t) => {
  const listen = { host: '127.0.0.1', port: await freePort() };
  // Not in tap's own folder, whose path can be longer than that of a socket may be.
  const folder = mkdtempSync(join(tmpdir(), 'hecate-plans-'));
  const manager = new ManagerProcess({ folder, listen, config: sound });
  t.teardown(async () => {
    await manager.stop('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });
  const reload = async (config: object, isDone: (news: string) => boolean): Promise<string> => {
    const { length } = manager.log();
    manager.configure({ ...config });
    manager.kill('SIGHUP');
    await until(() => isDone(manager.log().slice(length)), { what: 'the log says what came of the reload' });
    return manager.log().slice(length);
  };

  await t.test('sound ones: nothing to say', async (t) => {
    await manager.start();
    t.notMatch(manager.log(), 'sequences.work');
  });

  await t.test('a reload refuses the file, and what was there stays', async (t) => {
    const news = await reload(endless, (log) => log.includes('the configuration stays as it was'));
    t.match(
      news,
      new RegExp(
        `${manager.configFile}:\\d+: sequences\\.work\\.stages\\[0\\]\\.steps\\[0\\]: the step has no bound`,
      ),
    );
    t.notMatch(news, 'configuration reloaded');
    t.equal((await manager.ctl(['list-nodes'])).exitCode, 0, 'it still serves');
  });

  await t.test('a reload takes up inventory, hooks, sequences and what holds for runs', async (t) => {
    const next = {
      ...sound,
      inventory: [...inventory, { name: 'nas', role: 'storage' }],
      hooks: { cordon: { command: ['/bin/true'] } },
      sequences: sequences({ hook: 'cordon', timeout: '1m' }),
      runs: { intent_age_max: '1h', notifications: [{ command: ['/bin/true'] }] },
    };
    const news = await reload(next, (log) => log.includes('configuration reloaded'));
    t.match(news, /"applied":\["inventory","hooks","sequences","runs.intent_age_max","runs.notifications"\]/);
    t.notMatch(news, 'not reloaded');
  });

  await t.test('a start tells of it, and serves', async (t) => {
    await manager.stop();
    const { length } = manager.log();
    manager.configure(endless);
    await manager.start();
    t.match(manager.log().slice(length), 'the step has no bound');
    t.equal((await manager.ctl(['list-nodes'])).exitCode, 0);
  });
});
