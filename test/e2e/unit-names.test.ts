/** What people may type for a unit: the right unit or a clear error, as systemctl has it, and never another unit. */
import t from 'tap';
import { skipUnless } from '../nodes/fleet-for-test.ts';
import { siteForTest } from '../site/site.ts';
import { forEachOf, operate } from './support/ctl.ts';

const skip = await skipUnless('user');
t.setTimeout(120_000);

const sleeper = '[Service]\nExecStart=/bin/sleep 1000\n';
const long = 'l'.repeat(243); // with .service 251, and 255 with .new while a test writes it

/** Names as they are on disk. */
const units = {
  'victim.service': sleeper,
  'template@.service': '[Service]\nExecStart=/bin/sleep 1000\nSyslogIdentifier=%i\n',
  'dash\\x2descaped.service': sleeper,
  'with\\x20space.service': sleeper,
  'colon:and_under.service': sleeper,
  'dots.in.name.service': sleeper,
  [`${long}.service`]: sleeper,
};

t.test('unit names', { skip, timeout: 120_000 }, async (t) => {
  const site = await siteForTest(t, { names: ['alpha'], units });
  const { manager } = site;
  const alpha = site.node('alpha');

  /** Services of the test that run; what systemd runs by itself is left out. */
  const running = async (): Promise<string[]> => {
    const { stdout } = await alpha.systemctl(
      'list-units',
      '--type',
      'service',
      '--state',
      'active',
      '-o',
      'json',
    );
    return (JSON.parse(stdout) as { unit: string }[])
      .map(({ unit }) => unit)
      .filter((unit) => unit !== 'dbus.service');
  };
  const stopAll = () => alpha.systemctl('stop', 'victim', 'template@*', ...names);
  const names = Object.keys(units).filter((name) => !name.includes('@.'));

  t.test('names that are units start exactly that unit', async (t) => {
    const names: [typed: string, unit: string][] = [
      ['victim', 'victim.service'],
      ['victim.service', 'victim.service'],
      ['template@one', 'template@one.service'],
      ['template@a\\x2db', 'template@a\\x2db.service'],
      ['template@a@b', 'template@a@b.service'],
      ['template@a:b_c.d', 'template@a:b_c.d.service'],
      ['dash\\x2descaped', 'dash\\x2descaped.service'],
      ['with\\x20space', 'with\\x20space.service'],
      ['colon:and_under', 'colon:and_under.service'],
      ['dots.in.name', 'dots.in.name.service'],
      [long, `${long}.service`],
    ];
    for (const [typed, unit] of names) {
      const { exitCode, outcomes, stderr } = await operate(manager, 'start', 'alpha', typed);
      t.equal(exitCode, 0, stderr);
      t.strictSame(
        outcomes.map((outcome) => outcome.unit),
        [unit],
      );
      t.strictSame(await running(), [unit], `${typed} is ${unit}, and nothing else runs`);
      t.equal((await manager.ctl(['status', 'alpha', typed])).exitCode, 0);
      t.equal((await operate(manager, 'stop', 'alpha', typed)).exitCode, 0);
      t.strictSame(await running(), []);
    }
  });

  t.test('names that systemd does not take are refused before anything is sent', async (t) => {
    const names = [
      '',
      'two words',
      'victim.service victim',
      '../victim.service',
      '/etc/passwd',
      './victim',
      'victim\nvictim',
      'victim\n',
      'grüße',
      '世界',
      '🚀',
      `${'x'.repeat(300)}`,
      `${'x'.repeat(248)}`,
      'victim;id',
      '$(id)',
      '`id`',
      '%n',
      'a+b',
      'victim ',
      ' victim',
      '@',
      '@one',
      '.service',
      'victim,,victim',
      'victim,',
    ];
    const others = ['status', 'show', 'logs', 'enable', 'is-active', 'cat', 'kill'];
    // The check is one for all verbs: all names for one of them, some names for all of them.
    const cases = [
      ...names.map((name) => ['start', name] as const),
      ...others.flatMap((verb) => ['', '../victim.service', 'grüße'].map((name) => [verb, name] as const)),
    ];
    await forEachOf(cases, async ([verb, name]) => {
      const { exitCode, stdout, stderr } = await manager.ctl([verb, 'alpha', '--', name]);
      t.equal(exitCode, 2, `${verb} ${JSON.stringify(name.slice(0, 20))}: ${stdout}${stderr}`);
      t.match(stderr, /HEC_BAD_NAME|HEC_USAGE/);
      t.match(stderr, /next: /);
    });
    t.strictSame(await running(), []);
    t.equal(manager.audit().filter(({ what }) => what === 'enable').length, 0);
  });

  t.test('a name that begins with a dash', async (t) => {
    const option = await manager.ctl(['start', 'alpha', '-victim']);
    t.equal(option.exitCode, 2, 'is an option');
    t.match(option.stderr, /-v/);
    const { exitCode, outcomes } = await operate(manager, 'start', 'alpha', '--', '-.slice');
    t.equal(outcomes[0]?.unit, '-.slice', 'is a name after --');
    t.equal(exitCode, (await alpha.systemctl('start', '--', '-.slice')).exitCode === 0 ? 0 : 1);
    const missing = await operate(manager, 'start', 'alpha', '--', '-victim');
    t.equal(missing.exitCode, 4);
    t.equal(missing.outcomes[0]?.unit, '-victim.service');
  });

  t.test('glob characters match loaded units, and nothing that is not loaded', async (t) => {
    await operate(manager, 'start', 'alpha', 'victim', 'template@one', 'template@two');
    for (const [pattern, units] of [
      ['victi?', ['victim.service']],
      ['[v]ictim*', ['victim.service']],
      ['template@[!t]*', ['template@one.service']],
      ['template@*.service', ['template@one.service', 'template@two.service']],
    ] as const) {
      const own = await alpha.systemctl(
        'list-units',
        '-o',
        'json',
        pattern.includes('.') ? pattern : `${pattern}*`,
      );
      t.strictSame(
        (JSON.parse(own.stdout) as { unit: string }[]).map(({ unit }) => unit),
        units,
        'systemctl agrees',
      );
      const { exitCode, outcomes } = await operate(
        manager,
        'restart',
        'alpha',
        pattern.includes('.') ? pattern : `${pattern}*`,
      );
      t.equal(exitCode, 0);
      t.strictSame(
        outcomes.map(({ unit }) => unit),
        units,
      );
    }
    for (const pattern of ['dash*', '[', 'vic[', '*.nosuch', 'victim.servic?x', '\\*', 'template@\\*']) {
      const before = await running();
      const { exitCode } = await operate(manager, 'restart', 'alpha', pattern);
      t.ok(exitCode === 4 || exitCode === 2, `${pattern} matches nothing: ${exitCode}`);
      t.strictSame(await running(), before);
    }
    await stopAll();
  });

  t.test('other types than services, by suffix alone', async (t) => {
    await alpha.writeFile(`${alpha.unitFolder}/victim.target`, '[Unit]\nDescription=Not the service\n');
    await alpha.systemctl('daemon-reload');
    t.equal((await operate(manager, 'start', 'alpha', 'victim.target')).exitCode, 0);
    t.strictSame(await running(), [], 'victim.service is another unit');
    const odd = await operate(manager, 'start', 'alpha', 'victim.conf');
    t.equal(
      odd.outcomes[0]?.unit,
      'victim.conf.service',
      'an unknown suffix is part of the name, as for systemctl',
    );
    t.equal(odd.exitCode, 4);
    const template = await operate(manager, 'start', 'alpha', 'template@');
    t.equal(template.exitCode, 2, 'a template is no unit');
    t.match(template.outcomes[0]?.message, /instance/);
  });

  t.test('node names', async (t) => {
    for (const name of ['', 'Alpha', 'al pha', '../alpha', 'alpha\n', 'ä', 'x'.repeat(64), 'alpha,,', '-x']) {
      const { exitCode, stderr } = await manager.ctl(['start', '--', name, 'victim']);
      t.equal(exitCode, 2, `${JSON.stringify(name)}: ${stderr}`);
    }
    t.equal((await manager.ctl(['start', 'alphab', 'victim'])).exitCode, 4);
    t.strictSame(await running(), []);
  });
});
