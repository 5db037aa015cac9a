/** The life of one operation, step by step. */
import { createUnitEvidence, createVerbOptions } from '@hecate/proto/generated/wire.ts';
import t from 'tap';
import { nextOperationsTickMs } from '../../src/core/operations.ts';
import type { OperationsEffect } from '../../src/core/operations-state.ts';
import { defaultPolicy } from '../../src/core/policy.ts';
import { answers, drive, openState, operation, opId, types } from '../support/operations.ts';

const job = { jobId: 7, jobPath: '/org/freedesktop/systemd1/job/7' };
const apply = (fields = {}, ticket = 1) => ({ type: 'apply', ticket, operation: operation(fields) }) as const;
const removed = (result: string) => ({ type: 'job-removed', jobPath: job.jobPath, result }) as const;
const called = (id = opId(1)) => ({ type: 'called', opId: id, result: { case: 'job', job } }) as const;

/** Up to the job. */
function begun(fields = {}) {
  const driver = drive();
  driver.run(apply(fields));
  driver.run(called());
  return driver;
}

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

t.test('refusals: never a call, never a record of a beginning', async (t) => {
  const cases: [string, object, object, string][] = [
    ['an older epoch (I6)', { epoch: 5 }, { highestEpoch: 6 }, 'HEC_EPOCH'],
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

t.test('a full disk: what cannot be recorded is not begun', async (t) => {
  const driver = drive();
  driver.step(apply());
  const effects = driver.run({ type: 'begun-lost', opId: opId(1), message: 'no space left' });
  t.match(answers(effects), [{ status: 'refused', code: 'HEC_STATE', message: /no space left/ }]);
  t.match(answers(driver.run(apply({}, 2))), [{ code: 'HEC_STATE', replayed: true }]);
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
const facts = (fields: Partial<typeof unit>) => ({
  job: undefined,
  unit: { ...unit, ...fields },
  freezerState: undefined,
  unitFileState: undefined,
  defaultTarget: undefined,
});

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

t.test('the bus comes back: jobs are polled at once', async (t) => {
  const driver = begun();
  driver.run({ type: 'bus', isConnected: false });
  t.match(driver.run({ type: 'bus', isConnected: true }), [{ type: 'poll', jobPath: job.jobPath }]);
});

t.test('nobody waits: the outcome is reported until it is acknowledged', async (t) => {
  const driver = begun();
  driver.run({ type: 'abandoned', ticket: 1 });
  t.same(driver.run(removed('done')), [], 'no session, nobody to tell');
  const outcomes = [{ opId: opId(1), status: 'done' }];
  t.match(driver.run({ type: 'session', isOpen: true }), [{ type: 'report', outcomes }]);
  driver.nowMs = 10;
  driver.run({ type: 'report-failed' });
  t.equal(nextOperationsTickMs(driver.state), 5010);
  driver.nowMs = 5010;
  t.match(driver.run({ type: 'tick' }), [{ type: 'report', outcomes }]);
  driver.run({ type: 'session', isOpen: false });
  t.match(driver.run({ type: 'session', isOpen: true }), [{ type: 'report', outcomes }]);
  driver.run({ type: 'reported', opIds: [opId(1)] });
  t.same(driver.run({ type: 'session', isOpen: true }), []);
  t.same(drive(openState(driver.records)).run({ type: 'session', isOpen: true }), [], 'nor after a restart');
  const killedBefore = driver.records.filter(({ type }) => type !== 'reported');
  t.match(drive(openState(killedBefore)).run({ type: 'session', isOpen: true }), [
    { type: 'report', outcomes },
  ]);
});

t.test(
  'resolve: finished, running, never applied; unknown ones are never applied from then on',
  async (t) => {
    const driver = begun();
    driver.run(apply({ opId: opId(2) }, 2));
    driver.run(removed('done'));
    const asked = { type: 'resolve', ticket: 9, epoch: 5, opIds: [opId(1), opId(2), opId(3)] } as const;
    const effects = driver.step(asked);
    t.match(effects, [
      { type: 'persist', records: [{ type: 'finished', opId: opId(3), wasApplied: false }] },
    ]);
    const told = driver.run(asked);
    t.match(told, [
      {
        type: 'answer-resolve',
        ticket: 9,
        operations: [
          { opId: opId(1), resolution: 'finished', outcome: { status: 'done' } },
          { opId: opId(2), resolution: 'running', outcome: undefined },
          { opId: opId(3), resolution: 'never-applied' },
        ],
      },
    ]);
    const late = apply({ opId: opId(3) }, 3);
    t.match(answers(driver.run(late)), [{ status: 'refused', code: 'HEC_EXPIRED' }]);
    t.match(
      answers(drive(openState(driver.records)).run(late)),
      [{ status: 'refused' }],
      'also after a restart',
    );
    t.match(driver.run({ ...asked, epoch: 4 }), [{ type: 'answer-failure', code: 'HEC_EPOCH' }]);
  },
);

t.test('resolve without a disk: what could still be applied is not called never applied', async (t) => {
  const driver = drive();
  const [effect] = driver.step({ type: 'resolve', ticket: 1, epoch: 5, opIds: [opId(1)] });
  const lost = effect?.type === 'persist' && effect.lost?.('no space');
  t.match(lost, { operations: [{ resolution: 'finished', outcome: { status: 'unknown' } }] });
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

t.test('at most 256 operations run at once (I14)', async (t) => {
  const driver = drive();
  for (let n = 1; n <= 256; n += 1) driver.run(apply({ opId: opId(n) }, n));
  t.match(answers(driver.run(apply({ opId: opId(257) }, 257))), [{ status: 'refused', code: 'HEC_BUSY' }]);
});

t.test('the journal is compacted, and the compacted one tells the same', async (t) => {
  const driver = drive();
  let compacted: OperationsEffect | undefined;
  for (let n = 1; n <= 5000; n += 1) {
    const effects = [
      ...driver.run(apply({ opId: opId(n), verb: 'kill', notAfterClockMs: driver.bootTimeMs + 5000 }, n)),
      ...driver.run({ type: 'called', opId: opId(n), result: { case: 'done', changes: [], result: 'done' } }),
    ];
    compacted = effects.find((effect) => effect.type === 'compact') ?? compacted;
    driver.nowMs += 1000;
    driver.bootTimeMs += 1000;
  }
  if (compacted?.type !== 'compact') throw new Error('it was never compacted');
  const again = openState(compacted.records);
  t.ok(again.ledger.size >= 1000);
  t.equal(again.ledger.unreportedCount, 0);
  t.equal(again.highestEpoch, 5);
  t.ok(driver.state.ledger.size < 5000, 'the hour is over for the first ones');
});
