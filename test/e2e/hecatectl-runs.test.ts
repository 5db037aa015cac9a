/** hecatectl's runs on real nodes: tried, watched over a killed manager, detached, come back to. */
import t from 'tap';
import { schemaProblem } from '../../ctl/test/support/schema.ts';
import { skipUnless } from '../nodes/fleet-for-test.ts';
import { until } from '../nodes/until.ts';
import { countedUnit, startsOf } from './support/counted-unit.ts';
import { startCtl } from './support/ctl.ts';
import { runSite, untilActivating } from './support/run-site.ts';

t.setTimeout(180_000);

const names = ['alpha', 'beta'] as const;
const unit = 'slow.service';

const maintenance = {
  stages: [
    {
      name: 'first',
      steps: [{ start: { nodes: ['alpha'] }, timeout: '30s' }],
      gate: {
        sentence: 'alpha is active',
        unit: { nodes: ['alpha'], units: [unit], states: ['active'] },
        every: '200ms',
        timeout: '20s',
      },
    },
    { name: 'second', steps: [{ start: { nodes: ['beta'] }, timeout: '30s' }] },
  ],
};

t.test('hecatectl and a run', { skip: await skipUnless('user'), timeout: 160_000 }, async (t) => {
  const site = await runSite(t, { names, sequences: { maintenance }, units: { [unit]: countedUnit(3) } });
  const { manager } = site;
  const starts = () => Promise.all(names.map((name) => startsOf(site.node(name), unit)));

  await t.test('a dry run tells what it would do, and applies nothing', async (t) => {
    const { exitCode, stdout, stderr } = await manager.ctl(['run', 'maintenance']);
    t.equal(exitCode, 0, stderr);
    t.match(stdout, /alpha start slow\.service: would send/);
    t.match(stdout, /alpha: slow\.service is inactive/);
    t.same(await starts(), [0, 0]);
  });

  await t.test('watched over a killed manager, every step told once', async (t) => {
    const running = startCtl(manager, 'run', 'maintenance', '--execute', '--reason', 'test');
    await untilActivating(site, 'alpha', unit);
    await manager.stop('SIGKILL');
    await until(() => /connection to the manager is lost/.test(running.stderr()), { what: 'it says so' });
    await manager.start();
    t.equal(await running.ended, 0, running.stderr());
    for (const step of ['1.1', '1.2', '2.1'])
      t.equal(running.stdout().match(new RegExp(`step ${step} is done`, 'g'))?.length, 1, step);
    t.match(running.stdout(), /the run has ended: done/);
    t.same(await starts(), [1, 1], 'I2');
  });

  await t.test('Ctrl-C detaches, the run goes on, and one comes back', async (t) => {
    await Promise.all(names.map((name) => site.node(name).systemctl('stop', unit)));
    const running = startCtl(manager, 'run', 'maintenance', '--execute', '-o', 'jsonl');
    await untilActivating(site, 'alpha', unit);
    running.child.kill('SIGINT');
    t.equal(await running.ended, 130);
    const [, id = ''] = /hecatectl runs watch (\w+)/.exec(running.stderr()) ?? [];
    const back = await manager.ctl(['runs', 'watch', id, '-o', 'jsonl']);
    t.equal(back.exitCode, 0, back.stderr);
    const lines = `${running.stdout()}${back.stdout}`.trim().split('\n');
    for (const line of lines) t.equal(schemaProblem('run-event', JSON.parse(line)), undefined, line);
    t.match(JSON.parse(lines.at(-1) ?? ''), { event: 'report', run: { run_id: id, state: 'done' } });
    t.same(await starts(), [2, 2]);
    const list = await site.json<{ state: string; is_dry_run: boolean }[]>('runs', 'list');
    t.match(list, [{ state: 'done' }, { state: 'done', reason: 'test' }, { is_dry_run: true }]);
  });
});
