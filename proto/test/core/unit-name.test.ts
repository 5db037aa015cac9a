import { spawnSync } from 'node:child_process';
import { completeUnitName, parseUnitName, unitType, unitTypes } from '@hecate/proto/core/unit-name.ts';
import fc from 'fast-check';
import t from 'tap';

const good = [
  'a.service',
  'a-b_c:d.e.service',
  'getty@tty1.service',
  'getty@.service',
  'a@b@c.service',
  'dev-disk-by\\x2duuid.device',
  'dbus.socket',
  '-.mount',
  '-.slice',
  '.a.service',
  `${'x'.repeat(255 - '.service'.length)}.service`,
];
const bad = [
  '',
  'a',
  'a.',
  '.service',
  '@.service',
  '@a.service',
  'a.conf',
  'a.SERVICE',
  'a b.service',
  'a/b.service',
  '../a.service',
  'ä.service',
  '🎉.service',
  'a.service\n',
  'a\u0000.service',
  'a*.service',
  'a.service.d',
  `${'x'.repeat(256 - '.service'.length)}.service`,
  'x'.repeat(300),
];

t.test('complete names', async (t) => {
  for (const name of good) t.equal(parseUnitName(name), name);
  for (const name of bad) t.throws(() => parseUnitName(name), { code: 'HEC_BAD_NAME' }, JSON.stringify(name));
});

t.test('what a person types', async (t) => {
  t.equal(completeUnitName('nginx'), 'nginx.service');
  t.equal(completeUnitName('getty@tty1'), 'getty@tty1.service');
  t.equal(completeUnitName('a.b'), 'a.b.service');
  t.equal(completeUnitName('dbus.socket'), 'dbus.socket');
  for (const name of ['', '/', '/dev/sda', 'a b', 'x'.repeat(300), '../../etc/passwd', '@']) {
    t.throws(() => completeUnitName(name), { code: 'HEC_BAD_NAME' }, JSON.stringify(name));
  }
});

t.test('types', async (t) => {
  for (const type of unitTypes) t.equal(unitType(parseUnitName(`a.${type}`)), type);
});

/**
 * systemd's own judgement: `systemd-escape --unescape` takes exactly the names of unit_name_is_valid. It needs
 * no running manager.
 */
function systemdTakes(names: readonly string[]): boolean[] {
  return names.map((name) => {
    const { status } = spawnSync('systemd-escape', ['--template', `${name}`, '--', 'x'], {
      encoding: 'utf8',
    });
    return status === 0;
  });
}

const canEscape = spawnSync('systemd-escape', ['--version']).status === 0;

t.test("systemd's own rules", { skip: canEscape ? false : 'systemd-escape is not installed' }, async (t) => {
  // A template is a name whose instance is empty: NAME@.TYPE. So the judgement is asked for the part before.
  const unit = fc.string({ unit: fc.constantFrom(...'aZ0:_.\\-@ /*ä\n'), maxLength: 6 });
  const prefixes = [
    ...fc.sample(unit, { seed: 1, numRuns: 150 }),
    'x'.repeat(245),

    'x'.repeat(300),
  ];
  const templates = prefixes.map((prefix) => `${prefix}@.service`).filter((name) => !name.includes('\u0000'));
  const isOurs = (name: string): boolean => {
    try {
      parseUnitName(name);
      return name.indexOf('@') === name.length - '@.service'.length;
    } catch {
      return false;
    }
  };
  const theirs = systemdTakes(templates);
  templates.forEach((name, index) => {
    t.equal(isOurs(name), theirs[index], JSON.stringify(name));
  });
  t.ok(theirs.includes(true) && theirs.includes(false));
});
