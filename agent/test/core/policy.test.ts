import t from 'tap';
import { defaultPolicy, parsePolicy, policySummary } from '../../src/core/policy.ts';

const policy = (...lines: string[]) => parsePolicy(['[Policy]', ...lines].join('\n'), 'p.conf');
t.test('an empty file is the same as none', async (t) => {
  t.same(policy(), { ...defaultPolicy, source: 'p.conf' });
});

t.test('job modes: the ordinary ones, or those that are named', async (t) => {
  t.same(defaultPolicy.jobModes, ['replace', 'fail', 'lenient']);
  t.same(policy('JobModes=replace, isolate', 'JobModes=fail isolate').jobModes, [
    'replace',
    'isolate',
    'fail',
  ]);
  t.throws(() => policy('JobModes='), { message: /p\.conf:2: JobModes= is empty/ });
  t.throws(() => policy('JobModes=replace isolat'), {
    message: /"isolat" is not a job mode; did you mean "isolate"\?/,
  });
});

t.test('problems: file, line, and a suggestion; all of them at once', async (t) => {
  const text =
    '[Policy]\nAllow=strat web.service\nAllow=\nDeny=exec\nAllow=reboot\nExec=perhaps\nAlow=start\n';
  try {
    parsePolicy(text, '/etc/p.conf');
    t.fail('it was taken');
  } catch (error) {
    const lines = (error as Error).message.split('\n');
    t.match(lines, [
      /^\/etc\/p\.conf:2: .*"strat" is not a verb; did you mean "start"\?/,
      /^\/etc\/p\.conf:3: .*empty/,
      /^\/etc\/p\.conf:4: .*Exec=yes/,
      /^\/etc\/p\.conf:5: .*Poweroff=yes/,
      /^\/etc\/p\.conf:6: .*expected yes or no/,
      /^\/etc\/p\.conf:7: unknown key Alow=.*"Allow"/,
    ]);
  }
  const many = Array.from({ length: 1001 }, () => 'Deny=start');
  t.throws(() => policy(...many), { message: /more than 1000 rules/ });
});

t.test('in a few lines for people', async (t) => {
  t.same(policySummary(defaultPolicy), [
    'Allow=*',
    'Exec=no',
    'Poweroff=no',
    'Read=yes',
    'JobModes=replace fail lenient',
  ]);
  t.same(policySummary(policy('Deny=stop a.service', 'Allow=start')).slice(0, 2), [
    'Deny=stop a.service',
    'Allow=start',
  ]);
});

t.test('a plain unit name without a suffix is a service; what is no name is an error', async (t) => {
  t.same(policy('Deny=stop k3s ssh* dbus.socket').deny[0]?.units, ['k3s.service', 'ssh*', 'dbus.socket']);
  t.throws(() => policy('Deny=stop /etc/x'), { message: /p\.conf:2: Deny=: .*is not a unit name/ });
});
