/** Arming and withdrawing: who may, what is durable before the answer, and what takes the place of what. */

import t from 'tap';
import { nextDeadManTickMs } from '../../src/core/dead-man.ts';
import type { DeadManEffect } from '../../src/core/dead-man-state.ts';
import { deadManLimits } from '../../src/core/dead-man-state.ts';
import { parsePolicy } from '../../src/core/policy.ts';
import { DeadManDriver, openPolicy, part } from '../support/dead-man.ts';
import { opId } from '../support/operations.ts';

const { graceMs, discardRetryMs, requestsMax, withdrawnRunsMax } = deadManLimits;
const refusal = (effects: readonly DeadManEffect[]) => effects.find(({ type }) => type === 'answer-failure');
const connected = (options = {}) => new DeadManDriver(options).connect();

function begun(): DeadManDriver {
  const driver = connected();
  driver.arm();
  driver.session(false);
  driver.at(600_000);
  return driver;
}

t.test('durable before the answer (I9)', async (t) => {
  const driver = connected();
  driver.disk = 'silent';
  t.match(driver.arm().slice(1), [
    { type: 'persist', order: { beginAtClockMs: 600_000, next: 0, bootId: 'boot-1' } },
  ]);
  t.equal(driver.state.order, undefined);
  t.match(driver.step({ type: 'persisted' }), [{ type: 'answer', ticket: 1 }, { event: 'armed' }]);
  t.match(driver.disarm(), [{ event: 'withdrawn' }, { type: 'forget' }]);
  t.equal(driver.state.order, undefined, 'from here on it does not begin');
  t.match(driver.step({ type: 'persisted' }), [{ type: 'answer', ticket: 2 }]);
});

t.test('an order that comes behind its own withdrawal, out of an older session, is not armed', async (t) => {
  const driver = connected();
  driver.arm();
  driver.disarm();
  t.match(refusal(driver.arm()), { code: 'HEC_EXPIRED', message: /withdrawn before it came/ });
  t.equal(driver.state.order, undefined);
  t.equal(driver.file, undefined);
  const other = connected();
  other.disarm();
  t.match(refusal(other.arm()), { code: 'HEC_EXPIRED' }, 'also when there was none to withdraw');
  other.arm({ runId: opId(78) });
  t.match(other.state.order, { runId: opId(78) }, 'another run');
  for (let number = 100; number < 100 + withdrawnRunsMax; number += 1) other.disarm({ runId: opId(number) });
  t.equal(other.state.withdrawnRuns.length, withdrawnRunsMax);
});

t.test('a disk that refuses an order: not armed, and the former one stays', async (t) => {
  const driver = connected();
  driver.arm();
  driver.disk = 'full';
  t.match(refusal(driver.arm({ beginAtClockMs: 1_000_000 })), {
    code: 'HEC_STATE',
    message: /not armed.*no space/,
  });
  t.equal(driver.state.order?.beginAtClockMs, 600_000);
});

t.test('a disk that refuses a withdrawal: it is not carried out, and its file goes later', async (t) => {
  const driver = connected();
  driver.arm();
  driver.disk = 'full';
  t.match(refusal(driver.disarm()), { code: 'HEC_STATE', message: /withdrawn, but/ });
  t.match(
    refusal(driver.disarm()),
    { code: 'HEC_STATE' },
    'it is not said to be gone while its file is there',
  );
  driver.session(false);
  driver.at(500_000 + discardRetryMs);
  driver.at(700_000);
  t.same(driver.verbs, []);
  t.ok(driver.file);
  driver.disk = 'well';
  driver.at(700_000 + discardRetryMs);
  t.equal(driver.file, undefined);
});

t.test('withdrawn: by its run only, and done when there is none', async (t) => {
  const driver = connected();
  t.match(driver.disarm({ runId: opId(79) }), [{ type: 'answer' }]);
  driver.arm();
  t.match(driver.disarm({ runId: opId(78) }), [{ type: 'answer' }]);
  t.ok(driver.state.order);
  driver.disarm();
  driver.session(false);
  driver.at(10_000_000);
  t.same([driver.verbs, driver.file], [[], undefined]);
});

t.test('an epoch that is over, and one that no manager can have reached, are refused (I6)', async (t) => {
  const driver = connected({ epoch: 5 });
  t.match(refusal(driver.arm({ epoch: 4 })), { code: 'HEC_EPOCH', message: /epoch 4 is over/ });
  t.match(refusal(driver.arm({ epoch: 9_000_000 })), { code: 'HEC_EPOCH' });
  driver.arm({ epoch: 6 });
  t.match(
    refusal(driver.disarm({ epoch: 5 })),
    { code: 'HEC_EPOCH' },
    'the order itself has shown a newer one',
  );
  t.ok(driver.state.order);
  driver.step({ type: 'epoch', epoch: 8 });
  t.ok(driver.state.order, 'a newer manager that says nothing of it leaves it in force');
  t.match(refusal(driver.disarm({ epoch: 7 })), { code: 'HEC_EPOCH' });
  driver.disarm({ epoch: 8 });
  t.equal(driver.state.order, undefined);
});

t.test(
  'the policy: asked when it is armed; names of units are asked for where a rule speaks of them',
  async (t) => {
    const closed = connected({ policy: parsePolicy('[Policy]\nExec=yes', 'the policy') });
    t.match(refusal(closed.arm()), { code: 'HEC_POLICY', message: /operation 3 of 3 \(poweroff\)/ });
    t.equal(closed.file, undefined);
    const text = '[Policy]\nExec=yes\nPoweroff=yes\nDeny=stop other.service';
    const asking = connected({ policy: parsePolicy(text, 'the policy') });
    asking.tellsNames = false;
    t.match(asking.arm(), [{ type: 'name-units', ticket: 1, units: ['k3s.service'] }]);
    t.same(asking.arm(), [], 'the next waits for its turn');
    const answer = (...names: string[]) =>
      new Map([['k3s.service', { case: 'known', unitNames: { id: 'k3s.service', names } } as const]]);
    t.match(asking.step({ type: 'named', ticket: 1, names: answer('other.service') }), [
      { type: 'answer-failure', ticket: 1, code: 'HEC_POLICY' },
      { type: 'name-units', ticket: 2 },
    ]);
    t.same(
      asking.step({ type: 'named', ticket: 1, names: answer() }),
      [],
      'an answer of before is not heard',
    );
    t.match(asking.step({ type: 'named', ticket: 2, names: answer() }), [
      { type: 'persist' },
      { type: 'answer', ticket: 2 },
      { event: 'armed' },
    ]);
  },
);

t.test('the policy that counts is the one of the answer', async (t) => {
  const driver = connected({
    policy: parsePolicy('[Policy]\nExec=yes\nPoweroff=yes\nDeny=stop x.service', 'p'),
  });
  driver.tellsNames = false;
  driver.arm();
  driver.step({ type: 'policy', policy: parsePolicy('[Policy]\nPoweroff=yes', 'p') });
  const names = new Map([['k3s.service', { case: 'known', unitNames: undefined } as const]]);
  t.match(refusal(driver.step({ type: 'named', ticket: 1, names })), { code: 'HEC_POLICY', message: /exec/ });
});

t.test('malformed ones', async (t) => {
  t.match(
    refusal(
      connected().arm({
        operations: [
          { ...part().operations[0], verb: 'stop', unit: '!', options: undefined, timeLimitMs: 1 },
        ],
      }),
    ),
    {
      code: 'HEC_BAD_NAME',
    },
  );
});

t.test('too many requests at once are refused (I14)', async (t) => {
  const driver = connected();
  driver.disk = 'silent';
  for (let count = 0; count < requestsMax + 1; count += 1) t.equal(refusal(driver.arm()), undefined);
  t.match(refusal(driver.arm()), { code: 'HEC_BUSY' });
});

t.test('requests in a row, while the disk is slow: each in its turn', async (t) => {
  const driver = connected();
  driver.disk = 'silent';
  driver.arm();
  driver.disarm();
  driver.arm({ runId: opId(78), beginAtClockMs: 900_000 });
  driver.step({ type: 'persisted' });
  driver.step({ type: 'persisted' });
  driver.step({ type: 'persisted' });
  const answers = driver.effects.flatMap((effect) => (effect.type === 'answer' ? [effect.ticket] : []));
  t.same(answers, [1, 2, 3]);
  t.equal(driver.state.order?.beginAtClockMs, 900_000);
});

t.test('a newer order takes the place of the one before', async (t) => {
  const driver = connected();
  driver.arm();
  driver.at(510_000);
  driver.arm({ runId: opId(78), beginAtClockMs: 800_000 });
  driver.session(false);
  driver.at(700_000);
  t.same(driver.verbs, []);
  t.equal(nextDeadManTickMs(driver.state), 800_000);
  t.equal(driver.file?.runId, opId(78));
});

t.test('a later time for an order that has begun: it stops, and is a new one', async (t) => {
  const driver = begun();
  const [first] = driver.applied;
  driver.session(true);
  driver.at(610_000);
  driver.arm({ beginAtClockMs: 900_000 });
  driver.end();
  driver.session(false);
  driver.at(800_000);
  t.same(driver.verbs, ['stop k3s.service']);
  driver.at(900_000);
  t.same(driver.verbs, ['stop k3s.service', 'stop k3s.service']);
  t.not(driver.applied[1]?.opId, first?.opId, 'with ids of its own');
});

t.test('the same once more, when it has begun: it goes on, and nothing begins anew (I2)', async (t) => {
  const driver = begun();
  driver.session(true);
  driver.disk = 'silent';
  driver.step({ type: 'epoch', epoch: 6 });
  driver.arm({ epoch: 6, beginAtClockMs: 600_000 });
  // While it is being written.
  driver.end();
  driver.disk = 'well';
  driver.step({ type: 'persisted' });
  t.ok(driver.told.includes('renewed'));
  t.same(driver.verbs, ['stop k3s.service', 'exec']);
  t.match(driver.file, { epoch: 6, next: 1, begunAtClockMs: 600_000 });
});

t.test('an order of the past waits for the manager to go, and for the grace', async (t) => {
  const driver = connected();
  driver.arm({ beginAtClockMs: 1 });
  t.same(driver.verbs, []);
  driver.session(false);
  driver.at(500_000 + graceMs);
  t.same(driver.verbs, ['stop k3s.service']);
});

t.test('while a request is served, nothing begins', async (t) => {
  const driver = connected({ policy: openPolicy });
  driver.arm();
  driver.disk = 'silent';
  driver.disarm();
  driver.session(false);
  driver.at(700_000);
  driver.step({ type: 'persisted' });
  driver.at(800_000);
  t.same(driver.verbs, []);
});
