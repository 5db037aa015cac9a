/** What an operation must be to begin at all, and what is answered to one that must not. */
import { createVerbOptions } from '@hecate/proto/generated/wire.ts';
import t from 'tap';
import { defaultPolicy, parsePolicy } from '../../src/core/policy.ts';
import type { UnitNamesAnswer } from '../../src/core/policy-decision.ts';
import { answers, drive, openState, operation, opId, types } from '../support/operations.ts';

const apply = (fields = {}, ticket = 1) => ({ type: 'apply', ticket, operation: operation(fields) }) as const;

t.test('refusals: never a call, never a record of a beginning', async (t) => {
  const cases: [string, object, object, string][] = [
    ['an older epoch (I6)', { epoch: 5 }, { highestEpoch: 6 }, 'HEC_EPOCH'],
    ['an epoch that no manager can have reached', { epoch: 1_000_007 }, { highestEpoch: 6 }, 'HEC_EPOCH'],
    ['its deadline is over', { notAfterClockMs: 499_999 }, {}, 'HEC_EXPIRED'],
    ['the policy', { verb: 'poweroff', unit: '' }, {}, 'HEC_POLICY'],
    [
      'exec, unless allowed',
      { verb: 'exec', unit: '', options: createVerbOptions({ argv: ['id'] }) },
      {},
      'HEC_POLICY',
    ],
    ['the agent’s own unit', { verb: 'stop', unit: 'hecate-agent.service' }, {}, 'HEC_POLICY'],
    ['no bus', {}, { isBusConnected: false }, 'HEC_BUS_GONE'],
    ['no unit', { unit: '' }, {}, 'HEC_BAD_NAME'],
    ['a name that is none', { unit: '../x.service' }, {}, 'HEC_BAD_NAME'],
    [
      'exec of nothing',
      { verb: 'exec', unit: '' },
      { policy: { ...defaultPolicy, exec: true } },
      'HEC_USAGE',
    ],
  ];
  for (const [name, fields, state, code] of cases) {
    const driver = drive(openState([], state));
    t.match(answers(driver.run(apply(fields))), [{ status: 'refused', code, opId: opId(1) }], name);
    t.notOk(
      driver.records.some(({ type }) => type === 'begun'),
      name,
    );
  }
});

t.test(
  'a policy that speaks of units asks systemd for the names first, and records nothing before',
  async (t) => {
    const policy = parsePolicy('[Policy]\nDeny=stop ssh.service\n', 'p.conf');
    const driver = drive(openState([], { policy }));
    t.same(types(driver.run(apply())), ['call'], 'no rule about this verb: no question');
    const order = apply({ opId: opId(2), verb: 'stop', unit: 'sshd.service' }, 2);
    const before = driver.records.length;
    t.match(driver.run(order), [{ type: 'name-unit', ticket: 2, operation: { unit: 'sshd.service' } }]);
    t.equal(driver.records.length, before);
    const answered = (unitNames: UnitNamesAnswer, change = {}) =>
      driver.run({ ...order, operation: { ...order.operation, ...change }, unitNames });
    const ssh = {
      case: 'known',
      unitNames: { id: 'ssh.service', names: ['ssh.service', 'sshd.service'] },
    } as const;
    t.match(answers(answered(ssh)), [{ status: 'refused', code: 'HEC_POLICY', message: /Deny=stop ssh/ }]);
    const failed = { case: 'failed', code: 'HEC_TIMEOUT', message: 'no answer', remedy: '' } as const;
    t.match(
      answers(answered(failed)),
      [{ status: 'refused', code: 'HEC_TIMEOUT' }],
      'not known is not allowed',
    );
    driver.bootTimeMs = 2_000_000;
    t.match(answers(answered(ssh)), [{ code: 'HEC_EXPIRED' }], 'it may have expired meanwhile');
    driver.bootTimeMs = 500_000;
    const other = { case: 'known', unitNames: { id: 'web.service', names: ['web.service'] } } as const;
    t.match(
      answers(answered(other)),
      [{ code: 'HEC_EXPIRED', replayed: true }],
      'and then stays refused (I2)',
    );
    t.same(types(answered(other, { opId: opId(3) })), ['call']);
  },
);

t.test('a job mode that the policy does not name', async (t) => {
  const options = createVerbOptions({ jobMode: 'isolate' });
  const driver = drive();
  t.match(answers(driver.run(apply({ options }))), [
    { status: 'refused', code: 'HEC_POLICY', message: /isolate/ },
  ]);
});

t.test('an epoch far ahead is not taken over either', async (t) => {
  const driver = drive(openState([], { highestEpoch: 6 }));
  driver.run(apply({ epoch: 1_000_007 }));
  t.equal(driver.state.highestEpoch, 6);
  t.same(
    types(driver.run(apply({ opId: opId(2), epoch: 1_000_006 }, 2))),
    ['call'],
    'the highest there may be',
  );
});

t.test('verbs that need no unit', async (t) => {
  for (const verb of ['daemon-reload', 'reset-failed'] as const) {
    const driver = drive();
    t.same(types(driver.run(apply({ verb, unit: '' }))), ['call']);
  }
});

t.test('the epoch only rises, also through an operation (I6)', async (t) => {
  const driver = drive();
  driver.run(apply({ epoch: 9 }));
  t.equal(driver.state.highestEpoch, 9);
  driver.run({ type: 'epoch', epoch: 3 });
  t.equal(driver.state.highestEpoch, 9);
  t.equal(openState(driver.records).highestEpoch, 9, 'its record carries it over a restart');
});

t.test(
  'what expired is remembered: the same frame later is refused again, with a later clock or not',
  async (t) => {
    const driver = drive();
    driver.run(apply({ notAfterClockMs: 1 }));
    t.match(driver.records, [{ type: 'finished', wasApplied: false }]);
    driver.bootTimeMs = 0;
    t.match(answers(driver.run(apply({ notAfterClockMs: 1_000 }))), [
      { code: 'HEC_EXPIRED', replayed: true },
    ]);
  },
);

t.test('a slow disk: what expires while its record is written is not begun', async (t) => {
  const driver = drive();
  driver.step(apply({ notAfterClockMs: 600_000 }));
  driver.bootTimeMs = 600_001;
  const effects = driver.run({ type: 'begun-durable', opId: opId(1) });
  t.match(answers(effects), [{ status: 'refused', code: 'HEC_EXPIRED' }]);
});

t.test('a slow disk: what a newer manager has overtaken is not begun (I6)', async (t) => {
  const driver = drive();
  driver.step(apply({ epoch: 6 }));
  driver.step({ type: 'epoch', epoch: 7 });
  const effects = driver.run({ type: 'begun-durable', opId: opId(1) });
  t.notOk(types(effects).includes('call'));
  t.match(answers(effects), [{ status: 'refused', code: 'HEC_EPOCH' }]);
  t.match(answers(drive(openState(driver.records)).run(apply({ epoch: 6 }))), [{ status: 'refused' }]);
});

t.test('a slow disk: what the policy forbids by then is not begun', async (t) => {
  const begun = { type: 'begun-durable', opId: opId(1) } as const;
  const changed = (text: string, fields = {}) => {
    const driver = drive();
    driver.step(apply(fields));
    driver.step({ type: 'policy', policy: parsePolicy(`[Policy]\n${text}\n`, 'p.conf') });
    return driver.run(begun);
  };
  t.match(answers(changed('Deny=start *')), [
    { status: 'refused', code: 'HEC_POLICY', message: /Deny=start/ },
  ]);
  t.match(
    answers(changed('Deny=start ssh.service')),
    [{ status: 'refused', code: 'HEC_POLICY', message: /read again/ }],
    'its other names are not known',
  );
  t.same(types(changed('Deny=stop ssh.service')), ['call'], 'it is still allowed');
});

t.test('a full disk: what cannot be recorded is not begun', async (t) => {
  const driver = drive();
  driver.step(apply());
  const effects = driver.run({ type: 'begun-lost', opId: opId(1), message: 'no space left' });
  t.match(answers(effects), [{ status: 'refused', code: 'HEC_STATE', message: /no space left/ }]);
  t.match(answers(driver.run(apply({}, 2))), [{ code: 'HEC_STATE', replayed: true }]);
});

t.test('at most 256 operations run at once (I14)', async (t) => {
  const driver = drive();
  for (let n = 1; n <= 256; n += 1) driver.run(apply({ opId: opId(n) }, n));
  t.match(answers(driver.run(apply({ opId: opId(257) }, 257))), [{ status: 'refused', code: 'HEC_BUSY' }]);
});
