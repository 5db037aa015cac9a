/** The life of one operation, step by step. */
import { createUnitEvidence, createVerbOptions } from '@hecate/proto/generated/wire.ts';
import t from 'tap';
import { nextOperationsTickMs } from '../../src/core/operations.ts';
import type { OperationsEffect } from '../../src/core/operations-state.ts';
import { defaultPolicy } from '../../src/core/policy.ts';
import {
  answers,
  apply,
  begun,
  called,
  drive,
  job,
  noFacts,
  openState,
  opId,
  removed,
  types,
} from '../support/operations.ts';

t.test('durable, then systemd, then the answer (I9)', async (t) => {
  const driver = drive();
  const first = driver.step(apply());
  t.same(types(first), ['persist'], 'nothing but the record');
  t.match(driver.records, [{ type: 'begun', opId: opId(1), verb: 'start', unit: 'web.service', epoch: 5 }]);
  t.same(types(driver.step({ type: 'begun-durable', opId: opId(1) })), ['call']);
  t.match(driver.step(called()), [
    { type: 'persist', records: [{ type: 'job', jobId: 7 }] },
    { type: 'accepted', ticket: 1, jobId: 7 },
  ]);
  const told = driver.step(removed('done'));
  t.match(told[0], { type: 'persist', records: [{ type: 'finished', opId: opId(1) }] }, 'written, then told');
  t.match(answers(told), [{ opId: opId(1), status: 'done', result: 'done', replayed: false }]);
  t.equal(driver.state.running.size, 0);
  t.equal(nextOperationsTickMs(driver.state), Number.POSITIVE_INFINITY, 'no timer at rest (I14)');
});

t.test('the same OpId is applied once (I2)', async (t) => {
  const driver = begun();
  t.match(driver.run(apply({}, 2)), [{ type: 'accepted', ticket: 2, jobId: 7 }], 'joins the one that runs');
  const told = driver.run(removed('done'));
  t.same(
    told.map((effect) => effect.type === 'answer' && effect.ticket),
    [1, 2],
  );
  const again = driver.run(apply({}, 3));
  t.same(types(again), ['answer']);
  t.match(answers(again), [{ status: 'done', replayed: true }]);
});

t.test('a failed job: evidence and log lines first, then the outcome', async (t) => {
  const driver = begun({ logLines: 3 });
  const effects = driver.run(removed('failed'));
  t.match(effects, [{ type: 'investigate', opId: opId(1), begun: { logLines: 3 } }]);
  const evidence = createUnitEvidence({ activeState: 'failed', result: 'exit-code', execMainStatus: 3 });
  const told = driver.run({ type: 'investigated', opId: opId(1), evidence, logLines: ['it broke'] });
  t.match(answers(told), [
    { status: 'failed', result: 'failed', code: 'HEC_UNIT_FAILED', evidence, logLines: ['it broke'] },
  ]);
});

t.test('every result of a job', async (t) => {
  for (const result of ['done', 'skipped'])
    t.match(answers(begun().run(removed(result))), [{ status: 'done', result }]);
  for (const result of [
    'canceled',
    'timeout',
    'failed',
    'dependency',
    'assert',
    'collected',
    'once',
    'frozen',
    'new',
  ]) {
    const driver = begun();
    driver.run(removed(result));
    const told = driver.run({ type: 'investigated', opId: opId(1), evidence: undefined, logLines: [] });
    t.match(answers(told), [{ status: 'failed', result }]);
  }
});

t.test('systemd refuses the call: failed, with its own words', async (t) => {
  const driver = drive();
  driver.run(apply());
  const failure = {
    code: 'HEC_NO_SUCH_UNIT',
    message: 'Unit web.service not found.',
    remedy: 'look',
  } as const;
  const told = driver.run({ type: 'called', opId: opId(1), result: { case: 'failed', ...failure } });
  t.match(answers(told), [{ status: 'failed', ...failure }]);
});

t.test('verbs without a job are done when their call is', async (t) => {
  const driver = drive();
  driver.run(apply({ verb: 'enable' }));
  const changes = [{ change: 'symlink', file: '/a', source: '/b' }];
  const told = driver.run({
    type: 'called',
    opId: opId(1),
    result: { case: 'done', changes, result: 'done' },
  });
  t.match(answers(told), [{ status: 'done', changes }]);
});

t.test('a time limit: told, not cancelled, and the true end reported later', async (t) => {
  const driver = begun({ timeLimitMs: 1000 });
  driver.run({ type: 'session', isOpen: true });
  driver.nowMs = 999;
  t.same(driver.run({ type: 'tick' }), []);
  driver.nowMs = 1000;
  t.equal(nextOperationsTickMs(driver.state), 1000);
  const told = driver.run({ type: 'tick' });
  t.match(answers(told), [{ status: 'timeout', code: 'HEC_TIMEOUT', durationMs: 1000 }]);
  t.same(driver.run({ type: 'tick' }), [], 'only once');
  t.match(answers(driver.run(apply({}, 2))), [{ status: 'timeout', replayed: true }]);
  const ended = driver.run(removed('done'));
  t.match(ended, [{ type: 'report', outcomes: [{ opId: opId(1), status: 'done' }] }]);
  t.match(answers(driver.run(apply({}, 3))), [{ status: 'done', replayed: true }]);
});

t.test('after a time limit was told and the agent restarted, the end is still looked for', async (t) => {
  const driver = begun({ timeLimitMs: 1000 });
  driver.nowMs = 1000;
  driver.run({ type: 'tick' });
  const next = drive(openState(driver.records));
  t.match(next.run({ type: 'bus', isConnected: true }), [{ type: 'inspect', job, isSameBoot: true }]);
});

t.test('a lost JobRemoved is found by polling, at most every 2 s, and not at rest', async (t) => {
  const driver = begun();
  t.equal(nextOperationsTickMs(driver.state), 2000);
  driver.nowMs = 2000;
  t.match(driver.run({ type: 'tick' }), [{ type: 'poll', jobPath: job.jobPath }]);
  driver.run({ type: 'polled', opId: opId(1), isThere: true });
  t.equal(nextOperationsTickMs(driver.state), 4000);
  driver.nowMs = 4000;
  driver.run({ type: 'tick' });
  driver.run({ type: 'polled', opId: opId(1), isThere: undefined });
  driver.nowMs = 6000;
  driver.run({ type: 'tick' });
  const looked = driver.run({ type: 'polled', opId: opId(1), isThere: false });
  t.match(looked, [{ type: 'inspect', opId: opId(1) }]);
  const told = driver.run({ type: 'inspected', opId: opId(1), facts: facts({ activeState: 'active' }) });
  t.match(answers(told), [{ status: 'done', inferred: true }]);
});

const unit = {
  loadState: 'loaded',
  activeState: 'active',
  subState: 'running',
  result: 'success',
  execMainStatus: 0,
  execMainCode: 0,
  invocationId: '',
  stateChangeTimestampMonotonic: 1n,
  nRestarts: 0,
};
const facts = (fields: Partial<typeof unit>) => ({ ...noFacts, unit: { ...unit, ...fields } });

t.test(
  'the bus goes while the call is on its way: looked up when it is back, never called again',
  async (t) => {
    const driver = drive();
    driver.run(apply());
    driver.run({ type: 'bus', isConnected: false });
    driver.run({ type: 'called', opId: opId(1), result: { case: 'uncertain' } });
    driver.nowMs = 1;
    driver.run({ type: 'tick' });
    t.equal(nextOperationsTickMs(driver.state), 90_000, 'no polling without a bus');
    t.match(driver.run({ type: 'bus', isConnected: true }), [{ type: 'inspect', job: undefined }]);
    const adopted = driver.run({ type: 'inspected', opId: opId(1), facts: { ...facts({}), job } });
    t.match(adopted, [{ type: 'accepted', ticket: 1 }], 'its job is still there');
    t.match(answers(driver.run(removed('done'))), [{ status: 'done' }]);
  },
);

t.test('an inspection that gets no answer is repeated, and given up as unknown (I12)', async (t) => {
  const driver = drive();
  driver.run(apply({ timeLimitMs: 1e6 }));
  driver.run({ type: 'called', opId: opId(1), result: { case: 'uncertain' } });
  let told: OperationsEffect[] = [];
  for (let looks = 0; looks < 10 && answers(told).length === 0; looks += 1) {
    driver.nowMs += 2000;
    t.match(driver.run({ type: 'tick' }), [{ type: 'inspect' }]);
    told = driver.run({ type: 'inspected', opId: opId(1), facts: undefined });
  }
  t.match(answers(told), [{ status: 'unknown', code: 'HEC_UNKNOWN' }]);
});

const newcomers = [
  ['the bus comes back', { type: 'bus', isConnected: true }],
  ['systemd’s name has a new owner', { type: 'new-owner' }],
] as const;

for (const [name, newcomer] of newcomers) {
  t.test(`${name}: a job is looked up by its unit, for its number may be another’s (I12)`, async (t) => {
    const driver = begun();
    t.match(driver.run(newcomer), [{ type: 'inspect', opId: opId(1), job }]);
    t.same(driver.run(removed('done')), [], 'a foreign job of this number');
    t.same(driver.run({ type: 'polled', opId: opId(1), isThere: true }), [], 'an answer of before');
    t.match(driver.run(newcomer), [{ type: 'inspect' }], 'and once more, when it changes meanwhile');
    driver.run({ type: 'inspected', opId: opId(1), facts: { ...facts({}), job } });
    t.match(answers(driver.run(removed('done'))), [{ status: 'done', inferred: false }], 'it is still ours');
    const gone = begun();
    gone.run(newcomer);
    const told = gone.run({ type: 'inspected', opId: opId(1), facts: facts({}) });
    t.match(answers(told), [{ status: 'done', inferred: true }]);
  });
}

t.test('what is not with systemd is left alone when its name has a new owner', async (t) => {
  const driver = drive();
  driver.step(apply());
  t.same(driver.step({ type: 'new-owner' }), [], 'its record is on the way to the disk');
  driver.run({ type: 'begun-durable', opId: opId(1) });
  t.same(driver.step({ type: 'new-owner' }), [], 'its call will be answered');
});

t.test('a job of a systemd that is gone: kept as what to look for, not waited for', async (t) => {
  const driver = drive();
  driver.run(apply());
  driver.run({ type: 'called', opId: opId(1), result: { case: 'uncertain', job } });
  t.match(driver.records.at(-1), { type: 'job', ...job }, 'also after a restart of the agent');
  t.same(driver.run(removed('done')), []);
  t.match(driver.run({ type: 'tick' }), [{ type: 'inspect', job }]);
});

t.test('many new owners do not use up the looks at a unit', async (t) => {
  const driver = begun();
  for (let times = 0; times < 10; times += 1) {
    driver.run({ type: 'new-owner' });
    driver.run({ type: 'inspected', opId: opId(1), facts: { ...facts({}), job } });
  }
  driver.run({ type: 'new-owner' });
  t.same(driver.run({ type: 'inspected', opId: opId(1), facts: undefined }), [], 'it is looked at again');
});

t.test('a command: stopped when nobody listens, and at its time limit', async (t) => {
  const policy = { ...defaultPolicy, exec: true };
  const exec = {
    verb: 'exec',
    unit: '',
    timeLimitMs: 1000,
    options: createVerbOptions({ argv: ['id'] }),
  } as const;
  const execResult = { exitStatus: 143, exitCode: 'exited', outputTruncated: false };
  const ended = { type: 'called', opId: opId(1), result: { case: 'exec', execResult } } as const;

  const gone = drive(openState([], { policy }));
  gone.run(apply(exec));
  t.match(gone.run({ type: 'abandoned', ticket: 1 }), [{ type: 'stop-exec', opId: opId(1) }]);
  gone.run(ended);
  t.match(gone.run({ type: 'session', isOpen: true }), [
    { outcomes: [{ status: 'failed', code: 'HEC_CANCELLED' }] },
  ]);

  const late = drive(openState([], { policy }));
  late.run(apply(exec));
  late.nowMs = 1000;
  t.match(late.run({ type: 'tick' }), [{ type: 'stop-exec', opId: opId(1) }]);
  t.match(answers(late.run(ended)), [{ status: 'timeout', execResult }]);

  const early = drive(openState([], { policy }));
  early.step(apply(exec));
  early.run({ type: 'abandoned', ticket: 1 });
  t.notOk(
    types(early.run({ type: 'begun-durable', opId: opId(1) })).includes('call'),
    'nobody is left to run it for',
  );

  const good = drive(openState([], { policy }));
  good.run(apply(exec));
  t.match(
    answers(good.run({ ...ended, result: { case: 'exec', execResult: { ...execResult, exitStatus: 0 } } })),
    [{ status: 'done', execResult: { exitStatus: 0 } }],
  );
});
