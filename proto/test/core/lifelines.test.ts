import t from 'tap';
import { endsUnits, isLifeline } from '../../src/core/lifelines.ts';

t.test('what carries the node, and what does not', async (t) => {
  for (const unit of [
    'hecate-agent.service',
    'hecate-manager.service',
    'dbus.service',
    'dbus.socket',
    'system.slice',
    'wpa_supplicant@wlan0.service',
    'ssh.service',
    'my-agent.service',
  ])
    t.equal(isLifeline(unit, 'my-agent.service'), true, unit);
  for (const unit of ['web.service', 'dbus-monitor.service', 'hecate.service', 'sshguard.service', ''])
    t.equal(isLifeline(unit, ''), false, unit);
});

t.test('the verbs that end', async (t) => {
  t.equal(endsUnits('stop'), true);
  t.equal(endsUnits('mask'), true);
  for (const verb of ['start', 'reload', 'thaw', 'reset-failed', 'enable', 'unmask'] as const)
    t.equal(endsUnits(verb), false, verb);
});
