/** Every verb and every question of hecatectl on real nodes, held against systemctl on the node itself. */
import t, { type Test } from 'tap';
import { schemaProblem } from '../../ctl/test/support/schema.ts';
import { skipUnless } from '../nodes/fleet-for-test.ts';
import type { FleetNode } from '../nodes/node.ts';
import { until } from '../nodes/until.ts';
import { type Site, siteForTest } from '../site/site.ts';
import { forEachOf, operate, operateOne, startCtl } from './support/ctl.ts';

const skip = await skipUnless('user');
t.setTimeout(180_000);

const web = `[Unit]
Description=Serves
StartLimitIntervalSec=0
[Service]
ExecStart=/bin/sh -c 'trap "echo reloaded" HUP; echo hello from web; while :; do sleep 1000 & wait; done'
ExecReload=/bin/kill -HUP $MAINPID
[Install]
WantedBy=default.target
`;

const units = {
  'web.service': web,
  'job@.service': '[Service]\nExecStart=/bin/sleep 1000\n',
  'fails.service': '[Service]\nType=oneshot\nExecStart=/bin/sh -c "exit 5"\n',
  'tick.timer': '[Timer]\nOnActiveSec=1h\nUnit=fails.service\n[Install]\nWantedBy=timers.target\n',
  'plain.service': '[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=/bin/sleep 1000\n',
};

/** One property as the node's own systemctl shows it. */
async function property(node: FleetNode, unit: string, name: string): Promise<string> {
  return (await node.systemctl('show', unit, '-p', name, '--value')).stdout.trim();
}

/** JSON of a command, checked against its schema. */
async function json<Document>(t: Test, site: Site, schema: string, ...args: string[]): Promise<Document> {
  const [command = '', ...rest] = args;
  const { stdout, stderr } = await site.manager.ctl([command, '-o', 'json', ...rest]);
  if (stdout === '') throw new Error(`${args.join(' ')} printed nothing: ${stderr}`);
  const document: unknown = JSON.parse(stdout);
  t.equal(schemaProblem(schema, document), undefined, `${args.join(' ')} keeps to ${schema}.json`);
  return document as Document;
}

interface ListedUnit {
  node: string;
  unit: string;
  load_state: string;
  active_state: string;
  sub_state: string;
  description: string;
}

/** `unit load active sub description` of every unit, sorted. */
const unitLines = (listed: readonly ListedUnit[]): string[] =>
  listed
    .map(({ unit, load_state, active_state, sub_state, description }) =>
      [unit, load_state, active_state, sub_state, description].join(' | '),
    )
    .sort();

async function unitLinesOf(node: FleetNode, ...filters: string[]): Promise<string[]> {
  const { stdout } = await node.systemctl('list-units', '-o', 'json', ...filters);
  const rows = JSON.parse(stdout) as Record<'unit' | 'load' | 'active' | 'sub' | 'description', string>[];
  return rows
    .map(({ unit, load, active, sub, description }) => [unit, load, active, sub, description].join(' | '))
    .sort();
}

t.test('every verb, every answer', { skip, timeout: 180_000 }, async (t) => {
  const site = await siteForTest(t, { names: ['alpha', 'beta'], units });
  const { manager } = site;
  const alpha = site.node('alpha');
  const beta = site.node('beta');
  const done = async (t: Test, ...args: string[]): Promise<void> => {
    const operated = await operate(manager, ...args);
    t.equal(operated.exitCode, 0, `${args.join(' ')}: ${operated.stderr}`);
    t.equal(schemaProblem('outcomes', operated.outcomes), undefined);
    t.ok(operated.outcomes.every(({ status, verb }) => status === 'done' && verb === args[0]));
  };

  t.test('start, stop, restart and their kin do to systemd what their names say', async (t) => {
    const invocation = () => property(alpha, 'web', 'InvocationID');
    await done(t, 'try-restart', 'alpha', 'web');
    t.equal(await property(alpha, 'web', 'ActiveState'), 'inactive', 'try-restart starts nothing');
    await done(t, 'start', 'alpha', 'web');
    t.equal(await property(alpha, 'web', 'ActiveState'), 'active');
    const first = await invocation();
    await done(t, 'start', 'alpha', 'web');
    t.equal(await invocation(), first, 'start of what runs changes nothing');
    await done(t, 'restart', 'alpha', 'web');
    const second = await invocation();
    t.not(second, first);
    await done(t, 'try-restart', 'alpha', 'web');
    const third = await invocation();
    t.not(third, second);
    await done(t, 'reload', 'alpha', 'web');
    await done(t, 'reload-or-restart', 'alpha', 'web');
    t.equal(await invocation(), third, 'it can reload, so it is not restarted');
    await done(t, 'start', 'alpha', 'plain');
    const plain = await property(alpha, 'plain', 'InvocationID');
    await done(t, 'reload-or-restart', 'alpha', 'plain');
    t.not(await property(alpha, 'plain', 'InvocationID'), plain, 'it cannot reload, so it is restarted');
    await done(t, 'stop', 'alpha', 'web,plain');
    t.equal(await property(alpha, 'web', 'ActiveState'), 'inactive');
    t.equal(await property(beta, 'web', 'ActiveState'), 'inactive', 'the other node was never touched');
    t.equal(await property(beta, 'web', 'InvocationID'), '');
  });

  t.test('freeze, thaw, kill, reset-failed', async (t) => {
    await done(t, 'start', 'alpha', 'web');
    await done(t, 'freeze', 'alpha', 'web');
    t.equal(await property(alpha, 'web', 'FreezerState'), 'frozen');
    await done(t, 'thaw', 'alpha', 'web');
    t.equal(await property(alpha, 'web', 'FreezerState'), 'running');
    await done(t, 'kill', 'alpha', 'web', '-s', 'HUP');
    t.equal(await property(alpha, 'web', 'ActiveState'), 'active');
    await done(t, 'kill', 'alpha', 'web', '--signal', 'SIGKILL', '--kill-whom', 'main');
    await until(async () => (await property(alpha, 'web', 'ActiveState')) === 'failed', {
      what: 'it is killed',
    });
    t.equal(await property(alpha, 'web', 'Result'), 'signal');
    await done(t, 'reset-failed', 'alpha', 'web');
    t.equal(await property(alpha, 'web', 'ActiveState'), 'inactive');
    await operate(manager, 'start', '--all', 'fails');
    t.equal(await property(alpha, 'fails', 'ActiveState'), 'failed');
    await done(t, 'reset-failed', 'alpha');
    t.equal(await property(alpha, 'fails', 'ActiveState'), 'inactive', 'without a unit, all of the node');
    t.equal(await property(beta, 'fails', 'ActiveState'), 'failed', 'and of no other');
    await done(t, 'reset-failed', '--all');
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
    await done(t, 'enable', 'alpha', 'web');
    await done(t, 'disable', 'alpha', 'web');
    t.equal(await state('web'), 'disabled');
    await done(t, 'enable', 'alpha', 'tick.timer', '--runtime');
    t.equal(await state('tick.timer'), 'enabled-runtime');
    await done(t, 'disable', 'alpha', 'tick.timer', '--runtime');
    await alpha.writeFile(`${alpha.home}/.local/share/systemd/user/packaged.service`, web);
    await done(t, 'daemon-reload', 'alpha');
    await done(t, 'mask', 'alpha', 'packaged');
    t.equal(await state('packaged'), 'masked');
    const names = ['web', 'packaged', 'plain', 'job@', 'tick.timer', 'is-not-there', 'default.target'];
    await forEachOf(names, async (name) => {
      const own = await alpha.systemctl('is-enabled', name);
      const ours = await manager.ctl(['is-enabled', 'alpha', name]);
      const isMissing = own.stdout === '';
      t.equal(ours.stdout.trim(), isMissing ? 'not-found' : own.stdout.trim(), `is-enabled ${name}`);
      t.equal(ours.exitCode, isMissing ? 4 : own.exitCode === 0 ? 0 : 3, `${name}: ${ours.stdout.trim()}`);
    });
    await done(t, 'unmask', 'alpha', 'packaged');
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

  t.test('is-active and is-failed', async (t) => {
    await done(t, 'start', 'alpha', 'web');
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
    await done(t, 'reset-failed', 'alpha');
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
    await done(t, 'reset-failed', 'alpha');
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

  t.test('cat and daemon-reload', async (t) => {
    const changed = web.replace('Serves', 'Serves on');
    await alpha.writeFile(`${alpha.unitFolder}/web.service`, changed);
    await alpha.writeFile(`${alpha.unitFolder}/web.service.d/more.conf`, '[Service]\nNice=5\n');
    t.equal(await property(alpha, 'web', 'NeedDaemonReload'), 'yes');
    await done(t, 'daemon-reload', '--all');
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
    await done(t, 'set-default', 'alpha', 'basic');
    t.equal((await alpha.systemctl('get-default')).stdout, 'basic.target\n');
    t.strictSame(await json(t, site, 'default-targets', 'get-default', 'alpha'), [
      { node: 'alpha', target: 'basic.target' },
    ]);
    t.equal((await manager.ctl(['set-default', 'alpha', 'web.service'])).exitCode, 2);
    t.not((await operate(manager, 'set-default', 'alpha', 'no-such.target')).exitCode, 0);
  });

  t.test('status of the site, a node, and units', async (t) => {
    await done(t, 'restart', 'alpha', 'web');
    const [unit] = await json<Record<string, unknown>[]>(t, site, 'status', 'status', 'alpha', 'web');
    t.match(unit, {
      node: 'alpha',
      unit: 'web.service',
      description: 'Serves on',
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
    await done(t, 'restart', 'alpha', 'web');
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
    await done(t, 'reload', 'alpha', 'web');
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
    await done(t, 'stop', 'alpha', 'plain');
    const waiting = startCtl(manager, 'wait', 'alpha', 'plain', '--for', 'active', '--timeout', '30s');
    const notYet = await manager.ctl(['wait', 'alpha', 'plain', '--timeout', '300ms']);
    t.equal(notYet.exitCode, 124);
    t.match(notYet.stdout, /plain\.service +inactive/);
    await done(t, 'start', 'alpha', 'plain');
    t.equal(await waiting.ended, 0);
    await json(t, site, 'wait', 'wait', 'alpha', 'plain', '--for', 'active');
    t.equal((await manager.ctl(['wait', 'alpha', 'is-not-there', '--for', 'inactive'])).exitCode, 0);
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
    t.equal((await operate(manager, 'start', 'alpha', 'nothing-like-*')).exitCode, 4);
    await done(t, 'start', 'alpha', 'job@one', 'job@two');
    const instances = await operate(manager, 'stop', 'alpha', 'job@*');
    t.strictSame(instances.outcomes.map(({ unit }) => unit).sort(), ['job@one.service', 'job@two.service']);
    const table = await manager.ctl(['start', '--all', 'web', 'fails']);
    t.equal(table.exitCode, 1, 'the worst of all');
    t.match(table.stdout, /alpha +web\.service +started/);
    t.match(table.stdout, /beta +fails\.service +failed: exit-code \(exit status 5\)/);
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
