/** Every question of hecatectl to real nodes, held against systemctl and journalctl on the node itself. */
import t, { type Test } from 'tap';
import { schemaProblem } from '../../ctl/test/support/schema.ts';
import { skipUnless } from '../nodes/fleet-for-test.ts';
import { until } from '../nodes/until.ts';
import { siteForTest } from '../site/site.ts';
import { forEachOf, operate, operateOne, startCtl } from './support/ctl.ts';
import { done, json, type ListedUnit, property, unitLines, unitLinesOf, units } from './support/verbs.ts';

const skip = await skipUnless('user');
t.setTimeout(180_000);

t.test('every question', { skip, timeout: 180_000 }, async (t) => {
  const site = await siteForTest(t, { names: ['alpha', 'beta'], units });
  const { manager } = site;
  const alpha = site.node('alpha');

  t.test('is-active and is-failed', async (t) => {
    await done(t, site, 'start', 'alpha', 'web');
    await operate(manager, 'start', 'alpha', 'fails');
    await forEachOf(['web', 'fails', 'plain', 'job@none', 'basic.target', 'dbus.socket'], async (name) => {
      const active = await alpha.systemctl('is-active', name);
      const isActive = await until(
        async () => {
          const answer = await manager.ctl(['is-active', 'alpha', name]);
          return answer.stdout === active.stdout ? answer : undefined;
        },
        { what: `is-active ${name} says ${active.stdout}`, timeoutMs: 5000 },
      );
      t.equal(isActive.exitCode, active.exitCode, `${name} is ${active.stdout.trim()}`);
      const failed = await alpha.systemctl('is-failed', name);
      const isFailed = await manager.ctl(['is-failed', 'alpha', name]);
      t.strictSame([isFailed.stdout, isFailed.exitCode === 0], [failed.stdout, failed.exitCode === 0]);
    });
    const missing = await manager.ctl(['is-active', 'alpha', 'is-not-there']);
    t.strictSame([missing.stdout, missing.exitCode], ['inactive\n', 4]);
    const all = await manager.ctl(['is-active', '--all', 'web']);
    t.equal(all.exitCode, 3, 'beta does not run it');
    t.match(all.stdout, /alpha +web\.service +active\nbeta +web\.service +inactive/);
    t.equal((await manager.ctl(['is-active', '-q', 'alpha', 'web'])).stdout, '');
    const states = await json<{ node: string; state: string }[]>(t, site, 'states', 'is-active', '*a', 'web');
    t.strictSame(
      states.map(({ node, state }) => `${node} ${state}`),
      ['alpha active', 'beta inactive'],
    );
    await done(t, site, 'reset-failed', 'alpha');
  });

  t.test('list-nodes', async (t) => {
    interface Listed {
      node: string;
      connection: string;
      boot_id: string;
      units: number;
    }
    const nodes = await json<Listed[]>(t, site, 'nodes', 'list-nodes');
    t.strictSame(
      nodes.map(({ node, connection }) => [node, connection]),
      [
        ['alpha', 'online'],
        ['beta', 'online'],
      ],
    );
    const bootId = (await alpha.readFile('/proc/sys/kernel/random/boot_id')).trim();
    t.equal(nodes[0]?.boot_id.replaceAll('-', ''), bootId.replaceAll('-', ''));
    t.not(nodes[0]?.boot_id, nodes[1]?.boot_id);
  });

  t.test('list-units, with every filter, is what systemctl lists', async (t) => {
    await operate(manager, 'start', 'alpha', 'fails');
    const same = async (t: Test, ours: string[], own: string[]): Promise<void> => {
      await until(
        async () => {
          const listed = await json<ListedUnit[]>(t, site, 'units', 'list-units', 'alpha', ...ours);
          return unitLines(listed).join('\n') === (await unitLinesOf(alpha, ...own)).join('\n');
        },
        { what: `list-units ${ours.join(' ')} is the same`, timeoutMs: 5000 },
      ).catch(async () => {
        const listed = await json<ListedUnit[]>(t, site, 'units', 'list-units', 'alpha', ...ours);
        t.strictSame(unitLines(listed), await unitLinesOf(alpha, ...own), ours.join(' '));
      });
      t.pass(`list-units ${ours.join(' ')}`);
    };
    await same(t, ['--all'], ['--all']);
    await same(t, [], []);
    await same(t, ['--state', 'failed'], ['--state', 'failed']);
    await same(t, ['--state', 'running'], ['--state', 'running']);
    await same(t, ['--type', 'target', '--all'], ['--type', 'target', '--all']);
    await same(t, ['--type', 'service,socket'], ['--type', 'service,socket']);
    await same(t, ['*.target', '--all'], ['*.target', '--all']);
    const both = await json<ListedUnit[]>(t, site, 'units', 'list-units', '--type', 'service', '--all');
    t.strictSame([...new Set(both.map(({ node }) => node))], ['alpha', 'beta']);
    t.equal((await manager.ctl(['list-units', '--type', 'pod'])).exitCode, 2);
    await done(t, site, 'reset-failed', 'alpha');
  });

  t.test('list-unit-files', async (t) => {
    const files = await json<{ unit: string; state: string }[]>(
      t,
      site,
      'unit-files',
      'list-unit-files',
      'alpha',
    );
    const { stdout } = await alpha.systemctl('list-unit-files', '-o', 'json');
    const own = JSON.parse(stdout) as { unit_file: string; state: string }[];
    t.strictSame(
      files.map(({ unit, state }) => `${unit} ${state}`).sort(),
      own.map(({ unit_file, state }) => `${unit_file} ${state}`).sort(),
    );
    const some = await json<{ unit: string }[]>(
      t,
      site,
      'unit-files',
      'list-unit-files',
      'alpha',
      'web',
      '*.timer',
    );
    t.ok(some.some(({ unit }) => unit === 'web.service') && some.some(({ unit }) => unit === 'tick.timer'));
    t.ok(some.every(({ unit }) => unit === 'web.service' || unit.endsWith('.timer')));
    const disabled = await json<{ state: string }[]>(
      t,
      site,
      'unit-files',
      'list-unit-files',
      '--all',
      '--state',
      'disabled',
    );
    t.ok(disabled.length >= 4 && disabled.every(({ state }) => state === 'disabled'));
  });

  t.test('status of the site, a node, and units', async (t) => {
    await done(t, site, 'restart', 'alpha', 'web');
    const [unit] = await json<Record<string, unknown>[]>(t, site, 'status', 'status', 'alpha', 'web');
    t.match(unit, {
      node: 'alpha',
      unit: 'web.service',
      description: 'Serves',
      active_state: 'active',
      sub_state: 'running',
      main_pid: Number(await property(alpha, 'web', 'MainPID')),
      unit_file: `${alpha.unitFolder}/web.service`,
      invocation_id: await property(alpha, 'web', 'InvocationID'),
    });
    for (const [name, status] of [
      ['web', 0],
      ['plain', 3],
      ['is-not-there', 4],
    ] as const) {
      t.equal((await manager.ctl(['status', 'alpha', name])).exitCode, status, `status ${name}`);
      t.equal((await alpha.systemctl('status', name)).exitCode, status, 'as systemctl');
    }
    const text = await manager.ctl(['status', 'alpha', 'web']);
    t.match(text.stdout, /hello from web/, 'with its log');
    t.notMatch((await manager.ctl(['status', '-n', '0', 'alpha', 'web'])).stdout, /hello from web/);
    t.match((await manager.ctl(['status', 'alpha'])).stdout, /Policy: Allow=\* \*/);
    t.match((await manager.ctl(['status'])).stdout, /alpha/);
    await json(t, site, 'status', 'status');
    await json(t, site, 'status', 'status', '--all');
  });

  t.test('logs', async (t) => {
    await done(t, site, 'restart', 'alpha', 'web');
    await until(
      async () =>
        ((await manager.ctl(['logs', 'alpha', 'web'])).stdout.match(/hello from web/g) ?? []).length >= 1,
      { what: 'its word is in the journal' },
    );
    const own = await alpha.runOrThrow(['journalctl', '--user-unit', 'web', '-o', 'cat', '--no-pager']);
    const { stdout } = await manager.ctl(['logs', '-n', 'all', '-o', 'json', 'alpha', 'web']);
    const entries = stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as { message: string });
    t.strictSame(
      entries.filter((entry) => schemaProblem('log-entry', entry)),
      [],
    );
    t.strictSame(entries.map(({ message }) => message).join('\n'), own.trimEnd());
    t.equal((await manager.ctl(['logs', '-n', '2', 'alpha', 'web'])).stdout.trim().split('\n').length, 2);
    t.equal((await manager.ctl(['logs', '--since', '+1h', 'alpha', 'web'])).stdout, '');
    t.match((await manager.ctl(['logs', '--since', '-1h', 'alpha', 'web'])).stdout, /hello from web/);
    const nonsense = await manager.ctl(['logs', '--since', 'the day before', 'alpha', 'web']);
    t.equal(nonsense.exitCode, 2);
    t.match(nonsense.stderr, /timestamp/);

    const following = startCtl(manager, 'logs', '-f', '-n', '1', '--all', 'web');
    await until(() => following.stdout() !== '', { what: 'the last line is there' });
    await done(t, site, 'reload', 'alpha', 'web');
    await until(() => following.stdout().includes('reloaded'), { what: 'what is written now is seen' });
    t.match(following.stdout(), /alpha web\.service .*reloaded/);
    following.child.kill('SIGINT');
    t.equal(await following.ended, 130);
  });

  t.test('monitor', async (t) => {
    const watching = startCtl(manager, 'monitor', '-o', 'jsonl', 'alpha', 'web');
    const events = () =>
      watching
        .stdout()
        .split('\n')
        .slice(0, -1)
        .map(
          (line) => JSON.parse(line) as { event: string; unit?: string; node: string; active_state?: string },
        );
    await until(
      async () => {
        await operate(manager, 'restart', 'alpha', 'web');
        return events().some(({ event }) => event === 'outcome');
      },
      { what: 'it watches', intervalMs: 200 },
    );
    await operate(manager, 'stop', '--all', 'web,plain');
    // What is stopped and nobody's dependency is unloaded at once.
    const isStopped = (event: { event: string; active_state?: string }): boolean =>
      event.active_state === 'inactive' || event.event === 'unit-removed';
    await until(() => events().some(isStopped), { what: 'the stop is seen' });
    t.ok(events().some(({ event }) => event === 'job'));
    t.ok(
      events().every(({ node, unit }) => node === 'alpha' && (unit === undefined || unit === 'web.service')),
    );
    t.strictSame(
      events().filter((event) => schemaProblem('monitor-event', event)),
      [],
    );
    watching.child.kill('SIGINT');
    await watching.ended;
  });

  t.test('wait', async (t) => {
    await done(t, site, 'stop', 'alpha', 'plain');
    const waiting = startCtl(manager, 'wait', 'alpha', 'plain', '--for', 'active', '--timeout', '30s');
    const notYet = await manager.ctl(['wait', 'alpha', 'plain', '--timeout', '300ms']);
    t.equal(notYet.exitCode, 124);
    t.match(notYet.stdout, /plain\.service +inactive/);
    await done(t, site, 'start', 'alpha', 'plain');
    t.equal(await waiting.ended, 0);
    await json(t, site, 'wait', 'wait', 'alpha', 'plain', '--for', 'active');
    t.equal((await manager.ctl(['wait', 'alpha', 'is-not-there', '--for', 'inactive'])).exitCode, 0);
  });

  t.test('wait for a state that lasts a few milliseconds', async (t) => {
    const args = ['wait', 'alpha', 'plain', '--for', 'deactivating', '--timeout', '30s', '-o', 'json'];
    const waiting = startCtl(manager, ...args);
    let isOver = false;
    void waiting.ended.then(() => {
      isOver = true;
    });
    // The first of them may come before the wait is heard.
    for (let restarts = 0; restarts < 4 && !isOver; restarts += 1)
      await done(t, site, 'restart', 'alpha', 'plain');
    t.ok(isOver, 'it was seen');
    waiting.child.kill('SIGTERM');
    await waiting.ended;
    t.match(JSON.parse(waiting.stdout()), { is_reached: true, units: [{ active_state: 'deactivating' }] });
  });

  t.test('metrics, health, doctor, version, log levels, completion', async (t) => {
    const { stdout } = await manager.ctl(['metrics']);
    t.match(stdout, /^hecate_node_online\{node="alpha"\} 1$/m);
    t.match(stdout, /^hecate_operations_total\{verb="start",status="done"\} \d+$/m);
    await json(t, site, 'metrics', 'metrics');
    const health = await json<{ is_healthy: boolean }>(t, site, 'health', 'health');
    t.equal(health.is_healthy, true);
    t.equal((await manager.ctl(['health', '-q'])).exitCode, 0);
    t.equal((await manager.ctl(['doctor', 'alpha'])).exitCode, 0);
    await json(t, site, 'diagnosis', 'doctor', 'alpha');
    t.equal((await manager.ctl(['doctor', 'gamma'])).exitCode === 0, false);
    await json(t, site, 'version', 'version');
    t.strictSame(await json(t, site, 'log-level', 'set-log-level', 'debug'), {
      before: 'info',
      after: 'debug',
    });
    t.strictSame(await json(t, site, 'log-level', 'set-log-level', 'info'), {
      before: 'debug',
      after: 'info',
    });
    t.strictSame(await json(t, site, 'log-level', 'set-log-level', 'debug', 'alpha'), {
      before: 'info',
      after: 'debug',
    });
    t.equal((await manager.ctl(['set-log-level', 'info', '--all'])).exitCode, 0);
    t.equal((await manager.ctl(['set-log-level', 'loud'])).exitCode, 2);
    for (const shell of ['bash', 'zsh', 'fish']) {
      const script = await manager.ctl(['completion', shell]);
      t.equal(script.exitCode, 0);
      t.match(script.stdout, /list-nodes|hecatectl/);
    }
    t.equal((await manager.ctl(['completion', 'tcsh'])).exitCode, 2);
  });

  t.test('a node that is offline: its units are unknown, never inactive', async (t) => {
    await site.agent('beta').stop();
    await until(async () => (await site.connections()).beta === 'offline', { what: 'beta is offline' });
    const active = await manager.ctl(['is-active', 'beta', 'web']);
    t.strictSame([active.stdout, active.exitCode], ['unknown\n', 69]);
    const start = await operateOne(manager, 'start', 'beta', 'web');
    t.equal(start.exitCode, 69);
    t.match(start.outcome, { status: 'offline', code: 'HEC_OFFLINE' });
    const mixed = await operate(manager, 'start', '--all', 'plain');
    t.equal(mixed.exitCode, 69);
    t.strictSame(mixed.outcomes.map(({ node, status }) => `${node} ${status}`).sort(), [
      'alpha done',
      'beta offline',
    ]);
    const units = await json<ListedUnit[]>(t, site, 'units', 'list-units', 'beta', '--all');
    t.ok(units.length > 0 && units.every(({ active_state }) => active_state === 'unknown'));
    t.equal((await manager.ctl(['status', 'beta', 'web'])).exitCode, 69);
    t.equal((await manager.ctl(['logs', 'beta', 'web'])).exitCode, 69);
    t.equal((await manager.ctl(['health', '-q'])).exitCode, 3);
    t.not((await manager.ctl(['doctor', 'beta'])).exitCode, 0);
    for (const args of [
      ['get-default', 'beta'],
      ['show', 'beta', 'web'],
      ['list-unit-files', 'beta'],
      ['set-log-level', 'info', 'beta'],
    ])
      t.equal((await manager.ctl(args)).exitCode, 69, args.join(' '));
    t.equal((await manager.ctl(['wait', 'beta', 'web', '--timeout', '300ms'])).exitCode, 124);
    await site.agent('beta').start();
    await site.untilOnline('beta');
    t.equal((await manager.ctl(['health', '-q'])).exitCode, 0);
  });
});
