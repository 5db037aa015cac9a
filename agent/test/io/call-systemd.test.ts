/** Every verb as a call; what comes of it. On the fake; the real one is behind operation-runner.test.ts. */
import { createVerbOptions, type Verb } from '@hecate/proto/generated/wire.ts';
import t from 'tap';
import { FakeSystemd } from '../../../test/support/fake-systemd.ts';
import { callSystemd } from '../../src/io/call-systemd.ts';
import { fakeUnits } from '../support/agent-under-test.ts';
import { operation } from '../support/operations.ts';

const verbs: [Verb, string, string][] = [
  ['start', 'web.service', 'start web.service'],
  ['stop', 'web.service', 'stop web.service'],
  ['restart', 'web.service', 'restart web.service'],
  ['try-restart', 'web.service', 'try-restart web.service'],
  ['reload-or-restart', 'web.service', 'reload-or-restart web.service'],
  ['kill', 'web.service', 'kill web.service'],
  ['freeze', 'web.service', 'freeze web.service'],
  ['thaw', 'web.service', 'thaw web.service'],
  ['reset-failed', 'web.service', 'reset-failed web.service'],
  ['enable', 'web.service', 'enable web.service'],
  ['disable', 'web.service', 'disable web.service'],
  ['mask', 'web.service', 'mask web.service'],
  ['unmask', 'web.service', 'unmask web.service'],
  ['daemon-reload', '', 'daemon-reload'],
  ['set-default', 'rescue.target', 'set-default rescue.target'],
  ['poweroff', '', 'poweroff'],
  ['reboot', '', 'reboot'],
];

t.test('each verb is one call', async (t) => {
  for (const [verb, unit, expected] of verbs) {
    const systemd = new FakeSystemd({ units: fakeUnits });
    const options = createVerbOptions();
    const result = await callSystemd(systemd, operation({ verb, unit, options }));
    t.ok(result.case === 'job' || result.case === 'done', verb);
    t.same(systemd.calls, [expected]);
  }
});

t.test('what went wrong: certainly not applied, or uncertain (I12)', async (t) => {
  const systemd = new FakeSystemd({ units: fakeUnits });
  t.match(await callSystemd(systemd, operation({ unit: 'none.service' })), {
    case: 'failed',
    code: 'HEC_NO_SUCH_UNIT',
  });
  t.match(await callSystemd(undefined, operation()), { case: 'failed', code: 'HEC_BUS_GONE' });
  t.match(await callSystemd(systemd, operation({ verb: 'unspecified' })), { code: 'HEC_UNSUPPORTED' });
  systemd.disconnect();
  t.same(await callSystemd(systemd, operation()), { case: 'uncertain' });
});
