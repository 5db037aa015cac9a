import t from 'tap';
import { configError, parseBoolean, parseIni } from '../../src/core/ini-file.ts';

const sections = { Agent: ['Manager', 'Bus'] };

t.test('as systemd reads it: comments, blanks, continued lines, values with =', async (t) => {
  const text = '# comment\n; another\n\n[Agent]\n Manager = a=b \nBus=one\\\n# between\n  two\n';
  t.same(parseIni(text, sections), {
    entries: [
      { section: 'Agent', key: 'Manager', value: 'a=b', line: 5 },
      { section: 'Agent', key: 'Bus', value: 'one two', line: 6 },
    ],
    problems: [],
  });
});

t.test('every problem at once, each with its line', async (t) => {
  const { problems } = parseIni('Bus=x\n[Agnet]\nanything=1\n[Agent]\nManger=x\nnonsense\n=x\n', sections);
  t.same(
    problems.map(({ line }) => line),
    [1, 2, 5, 6, 7],
  );
  t.match(problems[1]?.message, /did you mean "Agent"/);
  t.match(problems[2]?.message, /unknown key Manger=.*did you mean "Manager"/);
  t.match(configError('/etc/x.conf', problems), {
    code: 'HEC_CONFIG',
    message: /^\/etc\/x\.conf:1: .*\n\/etc\/x\.conf:2: /,
    remedy: /hecate-agent check/,
  });
});

t.test('a file that is none', async (t) => {
  t.match(parseIni('x'.repeat(2 * 1024 * 1024), sections).problems, [{ message: /more than/ }]);
  const many = parseIni('y\n'.repeat(500), sections);
  t.match(configError('f', many.problems).message, /and 480 more$/);
});

t.test('booleans', async (t) => {
  for (const yes of ['yes', '1', 'True', 'on']) t.equal(parseBoolean(yes), true);
  for (const no of ['no', '0', 'FALSE', 'off']) t.equal(parseBoolean(no), false);
  t.equal(parseBoolean('maybe'), undefined);
});
