import { isPowerOperation } from '@hecate/proto/core/power-units.ts';
import type { Verb } from '@hecate/proto/generated/wire.ts';
import t from 'tap';

const starting: Verb[] = ['start', 'restart', 'try-restart', 'reload-or-restart', 'set-default'];

t.test('every way to start what ends, restarts or suspends the host', async (t) => {
  const targets =
    'poweroff reboot halt kexec exit soft-reboot emergency rescue suspend hibernate hybrid-sleep suspend-then-hibernate sleep shutdown umount final ctrl-alt-del runlevel0 runlevel1 runlevel6';
  for (const name of targets.split(' '))
    for (const verb of starting) t.ok(isPowerOperation(verb, `${name}.target`), `${verb} ${name}.target`);
  const services =
    'poweroff reboot halt kexec exit soft-reboot suspend hibernate hybrid-sleep suspend-then-hibernate';
  for (const name of services.split(' '))
    for (const verb of starting)
      t.ok(isPowerOperation(verb, `systemd-${name}.service`), `${verb} systemd-${name}.service`);
  for (const verb of ['poweroff', 'reboot'] as const) t.ok(isPowerOperation(verb, ''), verb);
  for (const unit of ['init.scope', '-.slice']) t.ok(isPowerOperation('kill', unit), `kill ${unit}`);
});

t.test('and what does not', async (t) => {
  for (const unit of ['web.service', 'multi-user.target', 'runlevel5.target', 'poweroff.service', ''])
    for (const verb of starting) t.notOk(isPowerOperation(verb, unit), `${verb} ${unit}`);
  for (const verb of ['stop', 'mask', 'disable', 'reset-failed'] as const)
    t.notOk(isPowerOperation(verb, 'poweroff.target'), verb);
  t.notOk(isPowerOperation('kill', 'web.service'));
});
