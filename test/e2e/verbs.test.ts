/** Every verb of hecatectl on real nodes, held against systemctl on the node itself. */
import { jobModes } from '@hecate/proto/core/job-modes.ts';
import t from 'tap';
import { skipUnless } from '../nodes/fleet-for-test.ts';
import { until } from '../nodes/until.ts';
import { siteForTest } from '../site/site.ts';
import { forEachOf, operate, operateOne } from './support/ctl.ts';
import { done, json, property, units, web } from './support/verbs.ts';

const skip = await skipUnless('user');
t.setTimeout(180_000);

t.test('every verb', { skip, timeout: 180_000 }, async (t) => {
  const policy = `[Policy]\nAllow=* *\nJobModes=${jobModes.join(' ')}\n`;
  const site = await siteForTest(t, { names: ['alpha', 'beta'], units, agent: { policy } });
  const { manager } = site;
  const alpha = site.node('alpha');
  const beta = site.node('beta');

  t.test('start, stop, restart and their kin do to systemd what their names say', async (t) => {
    const invocation = () => property(alpha, 'web', 'InvocationID');
    await done(t, site, 'try-restart', 'alpha', 'web');
    t.equal(await property(alpha, 'web', 'ActiveState'), 'inactive', 'try-restart starts nothing');
    await done(t, site, 'start', 'alpha', 'web');
    t.equal(await property(alpha, 'web', 'ActiveState'), 'active');
    const first = await invocation();
    await done(t, site, 'start', 'alpha', 'web');
    t.equal(await invocation(), first, 'start of what runs changes nothing');
    await done(t, site, 'restart', 'alpha', 'web');
    const second = await invocation();
    t.not(second, first);
    await done(t, site, 'try-restart', 'alpha', 'web');
    const third = await invocation();
    t.not(third, second);
    await done(t, site, 'reload', 'alpha', 'web');
    await done(t, site, 'reload-or-restart', 'alpha', 'web');
    t.equal(await invocation(), third, 'it can reload, so it is not restarted');
    await done(t, site, 'start', 'alpha', 'plain');
    const plain = await property(alpha, 'plain', 'InvocationID');
    await done(t, site, 'reload-or-restart', 'alpha', 'plain');
    t.not(await property(alpha, 'plain', 'InvocationID'), plain, 'it cannot reload, so it is restarted');
    await done(t, site, 'stop', 'alpha', 'web,plain');
    t.equal(await property(alpha, 'web', 'ActiveState'), 'inactive');
    t.equal(await property(beta, 'web', 'ActiveState'), 'inactive', 'the other node was never touched');
    t.equal(await property(beta, 'web', 'InvocationID'), '');
  });

  t.test('every job mode is taken or refused by systemd itself, as from systemctl', async (t) => {
    for (const mode of jobModes) {
      const { outcome } = await operateOne(manager, 'start', 'alpha', `job@${mode}`, '--job-mode', mode);
      const there = await alpha.systemctl('start', `--job-mode=${mode}`, `job@by-hand-${mode}`);
      const isTaken = there.exitCode === 0;
      t.equal(outcome.status, isTaken ? 'done' : 'failed', `${mode}: ${outcome.message ?? 'taken'}`);
      t.equal(outcome.result, isTaken ? 'done' : null);
    }
    await done(t, site, 'stop', 'alpha', 'job@*');
  });

  t.test('freeze, thaw, kill, reset-failed', async (t) => {
    await done(t, site, 'start', 'alpha', 'web');
    await done(t, site, 'freeze', 'alpha', 'web');
    t.equal(await property(alpha, 'web', 'FreezerState'), 'frozen');
    await done(t, site, 'thaw', 'alpha', 'web');
    t.equal(await property(alpha, 'web', 'FreezerState'), 'running');
    await done(t, site, 'kill', 'alpha', 'web', '-s', 'HUP');
    t.equal(await property(alpha, 'web', 'ActiveState'), 'active');
    await done(t, site, 'kill', 'alpha', 'web', '--signal', 'SIGKILL', '--kill-whom', 'main');
    await until(async () => (await property(alpha, 'web', 'ActiveState')) === 'failed', {
      what: 'it is killed',
    });
    t.equal(await property(alpha, 'web', 'Result'), 'signal');
    await done(t, site, 'reset-failed', 'alpha', 'web');
    t.equal(await property(alpha, 'web', 'ActiveState'), 'inactive');
    await operate(manager, 'start', '--all', 'fails');
    t.equal(await property(alpha, 'fails', 'ActiveState'), 'failed');
    await done(t, site, 'reset-failed', 'alpha');
    t.equal(await property(alpha, 'fails', 'ActiveState'), 'inactive', 'without a unit, all of the node');
    t.equal(await property(beta, 'fails', 'ActiveState'), 'failed', 'and of no other');
    await done(t, site, 'reset-failed', '--all');
    t.equal(await property(beta, 'fails', 'ActiveState'), 'inactive');
    const notActive = await operateOne(manager, 'freeze', 'alpha', 'plain');
    t.equal(notActive.exitCode, 4, "systemd's NoSuchUnit: what does not run is not loaded");
    t.match(notActive.outcome.message, /not loaded/);
  });

  t.test('enable, disable, mask, unmask, is-enabled', async (t) => {
    const state = async (unit: string) => (await alpha.systemctl('is-enabled', unit)).stdout.trim();
    const link = `${alpha.unitFolder}/default.target.wants/web.service`;
    const enabled = await operateOne(manager, 'enable', 'alpha', 'web');
    t.equal(enabled.exitCode, 0);
    t.match(enabled.outcome.changes, [
      { change: 'symlink', file: link, source: `${alpha.unitFolder}/web.service` },
    ]);
    t.equal(await state('web'), 'enabled');
    await done(t, site, 'enable', 'alpha', 'web');
    await done(t, site, 'disable', 'alpha', 'web');
    t.equal(await state('web'), 'disabled');
    await done(t, site, 'enable', 'alpha', 'tick.timer', '--runtime');
    t.equal(await state('tick.timer'), 'enabled-runtime');
    await done(t, site, 'disable', 'alpha', 'tick.timer', '--runtime');
    await alpha.writeFile(`${alpha.home}/.local/share/systemd/user/packaged.service`, web);
    await done(t, site, 'daemon-reload', 'alpha');
    await done(t, site, 'mask', 'alpha', 'packaged');
    t.equal(await state('packaged'), 'masked');
    const names = ['web', 'packaged', 'plain', 'job@', 'tick.timer', 'is-not-there', 'default.target'];
    await forEachOf(names, async (name) => {
      const own = await alpha.systemctl('is-enabled', name);
      const ours = await manager.ctl(['is-enabled', 'alpha', name]);
      const isMissing = own.stdout === '';
      t.equal(ours.stdout.trim(), isMissing ? 'not-found' : own.stdout.trim(), `is-enabled ${name}`);
      t.equal(ours.exitCode, isMissing ? 4 : own.exitCode === 0 ? 0 : 3, `${name}: ${ours.stdout.trim()}`);
    });
    await done(t, site, 'unmask', 'alpha', 'packaged');
    t.equal(await state('packaged'), 'disabled');
    const nothing = await operateOne(manager, 'enable', 'alpha', 'plain');
    t.equal(nothing.outcome.status, 'done');
    t.match(nothing.outcome.changes, []);
    t.match((await manager.ctl(['enable', 'alpha', 'plain'])).stdout, /nothing to change/);
    const missing = await operateOne(manager, 'enable', 'alpha', 'is-not-there');
    t.equal(missing.exitCode, 4, missing.stderr);
    const states = await json<{ unit: string; state: string }[]>(
      t,
      site,
      'states',
      'is-enabled',
      '--all',
      'web',
    );
    t.equal(states.length, 2);
  });

  t.test('cat and daemon-reload', async (t) => {
    await done(t, site, 'start', 'alpha', 'web');
    const changed = web.replace('Serves', 'Serves on');
    await alpha.writeFile(`${alpha.unitFolder}/web.service`, changed);
    await alpha.writeFile(`${alpha.unitFolder}/web.service.d/more.conf`, '[Service]\nNice=5\n');
    t.equal(await property(alpha, 'web', 'NeedDaemonReload'), 'yes');
    await done(t, site, 'daemon-reload', '--all');
    t.equal(await property(alpha, 'web', 'NeedDaemonReload'), 'no');
    const own = await alpha.systemctl('cat', 'web');
    const ours = await manager.ctl(['cat', 'alpha', 'web']);
    t.equal(ours.stdout.trimEnd(), own.stdout.trimEnd(), 'cat prints what systemctl cat prints');
    const texts = await json<{ files: { path: string; text: string }[] }[]>(
      t,
      site,
      'unit-file-texts',
      'cat',
      'alpha',
      'web',
    );
    t.strictSame(texts[0]?.files, [
      { path: `${alpha.unitFolder}/web.service`, text: changed },
      { path: `${alpha.unitFolder}/web.service.d/more.conf`, text: '[Service]\nNice=5\n' },
    ]);
    t.equal((await manager.ctl(['cat', 'alpha', 'is-not-there'])).exitCode, 4);
  });

  t.test('get-default and set-default', async (t) => {
    t.match(
      (await manager.ctl(['get-default', 'alpha'])).stdout,
      (await alpha.systemctl('get-default')).stdout.trim(),
    );
    await done(t, site, 'set-default', 'alpha', 'basic');
    t.equal((await alpha.systemctl('get-default')).stdout, 'basic.target\n');
    t.strictSame(await json(t, site, 'default-targets', 'get-default', 'alpha'), [
      { node: 'alpha', target: 'basic.target' },
    ]);
    t.equal((await manager.ctl(['set-default', 'alpha', 'web.service'])).exitCode, 2);
    t.not((await operate(manager, 'set-default', 'alpha', 'no-such.target')).exitCode, 0);
  });

  t.test('nodes by glob, comma list and --all; units by glob', async (t) => {
    const nodesOf = async (...selection: string[]) => {
      const { exitCode, outcomes } = await operate(manager, 'restart', ...selection, 'plain');
      return [
        exitCode,
        outcomes
          .map(({ node }) => node)
          .sort()
          .join(' '),
      ];
    };
    t.strictSame(await nodesOf('--all'), [0, 'alpha beta']);
    t.strictSame(await nodesOf('*'), [0, 'alpha beta']);
    t.strictSame(await nodesOf('al*'), [0, 'alpha']);
    t.strictSame(await nodesOf('[ab]*'), [0, 'alpha beta']);
    t.strictSame(await nodesOf('beta,alpha,beta'), [0, 'alpha beta']);
    t.strictSame(await nodesOf('gamma*'), [4, '']);
    t.strictSame(await nodesOf('alpha,gamma'), [4, ''], 'a name that is not there: nothing is done');
    const stopped = await operate(manager, 'stop', '--all', 'pl*', 'web');
    t.equal(stopped.exitCode, 0);
    t.strictSame(stopped.outcomes.map(({ node, unit }) => `${node} ${unit}`).sort(), [
      'alpha plain.service',
      'alpha web.service',
      'beta plain.service',
      'beta web.service',
    ]);
    await done(t, site, 'start', 'alpha', 'plain');
    const all = await operate(manager, 'stop', 'alpha', 'dbus.*', 'pl*');
    t.strictSame(
      all.outcomes.map(({ unit }) => unit),
      ['plain.service'],
    );
    t.match(all.stderr, /left out, because a node is cut off without them: dbus\./);
    t.equal(await property(alpha, 'dbus.socket', 'ActiveState'), 'active');
    t.equal((await operate(manager, 'start', 'alpha', 'nothing-like-*')).exitCode, 4);
    await done(t, site, 'start', 'alpha', 'job@one', 'job@two');
    const instances = await operate(manager, 'stop', 'alpha', 'job@*');
    t.strictSame(instances.outcomes.map(({ unit }) => unit).sort(), ['job@one.service', 'job@two.service']);
    const table = await manager.ctl(['start', '--all', 'web', 'fails']);
    t.equal(table.exitCode, 1, 'the worst of all');
    t.match(table.stdout, /alpha +web\.service +started/);
    t.match(table.stdout, /beta +fails\.service +failed: exit-code \(exit status 5\)/);
  });
});
