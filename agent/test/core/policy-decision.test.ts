import { jobModes } from '@hecate/proto/core/job-modes.ts';
import type { Verb } from '@hecate/proto/generated/wire.ts';
import t from 'tap';
import { defaultPolicy, parsePolicy } from '../../src/core/policy.ts';
import { needsUnitNames, type UnitNames, whyRefused } from '../../src/core/policy-decision.ts';
import { policyVerbs } from '../../src/core/verbs.ts';
import { ownUnit } from '../support/operations.ts';

type Policy = typeof defaultPolicy;
const policy = (...lines: string[]) => parsePolicy(['[Policy]', ...lines].join('\n'), 'p.conf');
const why = (p: Policy, verb: Verb, unit = '', unitNames?: UnitNames, jobMode = '') =>
  whyRefused(p, { verb, unit, jobMode, unitNames }, ownUnit);
const allows = (p: Policy, verb: Verb, unit = '', unitNames?: UnitNames, jobMode = ''): boolean =>
  why(p, verb, unit, unitNames, jobMode) === undefined;

t.test('without a file: every verb on every unit, but no commands and no power', async (t) => {
  for (const verb of policyVerbs) t.ok(allows(defaultPolicy, verb, 'web.service'), verb);
  for (const verb of ['exec', 'poweroff', 'reboot'] as const) t.notOk(allows(defaultPolicy, verb), verb);
});

t.test('allow: only what a line covers', async (t) => {
  const p = policy('Allow=start,stop k3s*.service web.service', 'Allow=daemon-reload');
  t.ok(allows(p, 'start', 'k3s-agent.service'));
  t.ok(allows(p, 'stop', 'web.service'));
  t.ok(allows(p, 'daemon-reload'));
  t.notOk(allows(p, 'restart', 'web.service'));
  t.notOk(allows(p, 'start', 'ssh.service'));
  t.notOk(allows(p, 'reset-failed'), 'without a unit it means all of them');
  t.match(why(p, 'restart', 'web.service'), {
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
  t.match(why(policy('Deny=* *'), 'start', 'a.service')?.message, /p\.conf says Deny=\* \*/);
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

t.test('no power, under no name: a start of what ends the host is the end of the host', async (t) => {
  const starting = ['start', 'restart', 'try-restart', 'reload-or-restart', 'set-default'] as const;
  for (const verb of starting)
    for (const unit of ['poweroff.target', 'reboot.target', 'runlevel0.target', 'systemd-poweroff.service']) {
      t.match(why(defaultPolicy, verb, unit)?.remedy, /Poweroff=yes/, `${verb} ${unit}`);
      t.match(why(policy('Allow=*', `Allow=${verb} ${unit}`), verb, unit)?.remedy, /Poweroff=yes/);
      t.ok(allows(policy('Poweroff=yes'), verb, unit));
    }
  t.notOk(allows(defaultPolicy, 'kill', 'init.scope'));
  t.notOk(allows(policy('Poweroff=yes', 'Deny=start poweroff.target'), 'start', 'poweroff.target'));
  t.ok(allows(defaultPolicy, 'stop', 'poweroff.target'));
  const alias = { id: 'reboot.target', names: ['reboot.target', 'away.target'] };
  t.notOk(allows(defaultPolicy, 'start', 'away.target', alias), 'nor under an alias');
});

t.test('job modes that go around rules are named, or refused', async (t) => {
  const p = policy('Deny=stop ssh.service');
  for (const mode of jobModes) {
    const isOrdinary = ['replace', 'fail', 'lenient'].includes(mode);
    t.equal(allows(p, 'start', 'web.service', undefined, mode), isOrdinary, mode);
    t.ok(allows(policy(`JobModes=replace ${mode}`), 'start', 'web.service', undefined, mode), mode);
  }
  t.match(why(p, 'start', 'rescue.service', undefined, 'isolate')?.remedy, /Poweroff=yes/);
  t.match(why(p, 'start', 'web.target', undefined, 'isolate'), {
    message: 'start web.target: p.conf does not allow the job mode isolate',
    remedy: /JobModes=replace fail lenient isolate in agent-policy\.conf/,
  });
  t.notOk(allows(policy('JobModes=fail'), 'start', 'web.service'), 'nothing said is replace');
  t.ok(allows(p, 'enable', 'web.service', undefined, 'isolate'), 'where there is no job it means nothing');
});

t.test('aliases: any denied name denies, and only the canonical name is allowed', async (t) => {
  const ssh = { id: 'ssh.service', names: ['sshd.service', 'ssh.service'] };
  for (const denied of ['ssh.service', 'sshd.service'])
    for (const typed of ssh.names)
      t.notOk(allows(policy(`Deny=stop ${denied}`), 'stop', typed, ssh), `${denied}: ${typed}`);
  t.match(
    why(policy('Deny=stop ssh.service'), 'stop', 'sshd.service', ssh)?.message,
    /an alias of ssh\.service/,
  );
  t.ok(allows(policy('Allow=stop ssh.service'), 'stop', 'sshd.service', ssh));
  t.notOk(allows(policy('Allow=stop sshd.service'), 'stop', 'sshd.service', ssh));
  t.match(why(policy('Allow=start'), 'stop', 'sshd.service', ssh)?.remedy, /add Allow=stop ssh\.service/);
  const own = { id: ownUnit, names: [ownUnit, 'mesh.service'] };
  t.notOk(allows(defaultPolicy, 'stop', 'mesh.service', own), 'the agent under another name');
  t.ok(allows(policy('Allow=*', `Allow=stop ${ownUnit}`), 'stop', 'mesh.service', own));
});

t.test('the slices that hold services hold the agent, too', async (t) => {
  for (const slice of ['system.slice', 'app.slice', '-.slice'])
    for (const verb of ['stop', 'freeze', 'kill'] as const) {
      const power = slice === '-.slice' && verb === 'kill' ? ['Poweroff=yes'] : [];
      t.notOk(allows(defaultPolicy, verb, slice), `${verb} ${slice}`);
      t.notOk(allows(policy('Allow=*', ...power), verb, slice));
      t.ok(allows(policy('Allow=*', `Allow=${verb} ${slice}`, ...power), verb, slice));
    }
  t.ok(allows(defaultPolicy, 'stop', 'machine.slice'));
});

t.test('reset-failed of everything is also of what is denied', async (t) => {
  t.notOk(allows(policy('Deny=reset-failed ssh.service'), 'reset-failed'));
  t.notOk(allows(policy('Deny=* ssh.service'), 'reset-failed'));
  t.ok(allows(policy('Deny=stop ssh.service'), 'reset-failed'));
  t.ok(allows(policy('Deny=* ssh.service'), 'daemon-reload'));
});

t.test('systemd is asked for names only where they can matter', async (t) => {
  const needs = (p: Policy, verb: Verb, unit: string): boolean =>
    needsUnitNames(p, { verb, unit, jobMode: '' }, ownUnit);
  for (const verb of ['start', 'restart', 'reload', 'thaw'] as const)
    t.notOk(needs(defaultPolicy, verb, 'web.service'), verb);
  t.notOk(
    needs(policy('Allow=start,stop', 'Deny=mask *'), 'start', 'web.service'),
    'no rule speaks of units',
  );
  t.notOk(needs(policy('Deny=stop ssh.service'), 'start', 'web.service'), 'a rule about another verb');
  t.ok(needs(policy('Deny=stop ssh.service'), 'stop', 'web.socket'));
  t.ok(needs(policy('Allow=* web*'), 'start', 'web.service'));
  t.ok(needs(defaultPolicy, 'stop', 'web.service'), 'it may be the agent');
  t.notOk(needs(defaultPolicy, 'stop', ownUnit), 'it is the agent');
  t.notOk(needs(defaultPolicy, 'stop', 'web.socket'), 'it cannot be');
  t.ok(needs(defaultPolicy, 'start', 'web.target'), 'it may be the end of the host');
  t.notOk(needs(policy('Poweroff=yes'), 'start', 'web.target'), 'which is allowed');
  t.notOk(needs(policy('Deny=* ssh.service'), 'daemon-reload', ''));
});
