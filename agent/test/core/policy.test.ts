import type { Verb } from '@hecate/proto/generated/wire.ts';
import t from 'tap';
import { defaultPolicy, parsePolicy, policySummary, whyRefused } from '../../src/core/policy.ts';
import { policyVerbs } from '../../src/core/verbs.ts';
import { ownUnit } from '../support/operations.ts';

const policy = (...lines: string[]) => parsePolicy(['[Policy]', ...lines].join('\n'), 'p.conf');
const allows = (p: typeof defaultPolicy, verb: Verb, unit = ''): boolean =>
  whyRefused(p, verb, unit, ownUnit) === undefined;

t.test('without a file: every verb on every unit, but no commands and no power', async (t) => {
  for (const verb of policyVerbs) t.ok(allows(defaultPolicy, verb, 'web.service'), verb);
  for (const verb of ['exec', 'poweroff', 'reboot'] as const) t.notOk(allows(defaultPolicy, verb), verb);
  t.same(policy().allow, defaultPolicy.allow, 'an empty file is the same');
});

t.test('allow: only what a line covers', async (t) => {
  const p = policy('Allow=start,stop k3s*.service web.service', 'Allow=daemon-reload');
  t.ok(allows(p, 'start', 'k3s-agent.service'));
  t.ok(allows(p, 'stop', 'web.service'));
  t.ok(allows(p, 'daemon-reload'));
  t.notOk(allows(p, 'restart', 'web.service'));
  t.notOk(allows(p, 'start', 'ssh.service'));
  t.notOk(allows(p, 'reset-failed'), 'without a unit it means all of them');
  t.match(whyRefused(p, 'restart', 'web.service', ownUnit), {
    message: /restart web\.service: no Allow= of p\.conf covers it/,
    remedy: /add Allow=restart web\.service/,
  });
});

t.test('deny beats allow, whatever the order', async (t) => {
  for (const lines of [
    ['Allow=*', 'Deny=stop,mask ssh*.service'],
    ['Deny=stop,mask ssh*.service', 'Allow=*'],
  ]) {
    const p = policy(...lines);
    t.notOk(allows(p, 'stop', 'ssh.service'));
    t.ok(allows(p, 'start', 'ssh.service'));
    t.ok(allows(p, 'stop', 'web.service'));
  }
  t.match(whyRefused(policy('Deny=* *'), 'start', 'a.service', ownUnit)?.message, /p\.conf says Deny=\* \*/);
});

t.test('switches', async (t) => {
  const p = policy('Exec=yes', 'Poweroff=on', 'Read=no');
  t.ok(allows(p, 'exec') && allows(p, 'poweroff') && allows(p, 'reboot'));
  t.equal(p.read, false);
  t.ok(allows(policy('Exec=yes', 'Allow=start'), 'exec'), 'not a matter of Allow=');
});

t.test('the agent’s own unit: only when it is named', async (t) => {
  for (const verb of ['stop', 'mask', 'disable', 'kill', 'freeze'] as const) {
    t.notOk(allows(defaultPolicy, verb, ownUnit), verb);
    t.notOk(allows(policy('Allow=* hecate-*.service'), verb, ownUnit), verb);
    t.notOk(allows(policy(`Allow=* ${ownUnit}`), verb, ownUnit), `${verb} is not named`);
    t.ok(allows(policy('Allow=*', `Allow=${verb} ${ownUnit}`), verb, ownUnit), verb);
  }
  t.ok(allows(defaultPolicy, 'restart', ownUnit), 'it comes back');
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
  t.same(policySummary(defaultPolicy), ['Allow=*', 'Exec=no', 'Poweroff=no', 'Read=yes']);
  t.same(policySummary(policy('Deny=stop a.service', 'Allow=start')).slice(0, 2), [
    'Deny=stop a.service',
    'Allow=start',
  ]);
});
