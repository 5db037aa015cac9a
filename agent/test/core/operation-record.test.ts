import { createOperationOutcome, createUnitEvidence } from '@hecate/proto/generated/wire.ts';
import t from 'tap';
import { packOutcome, parseOperationRecord, unpackOutcome } from '../../src/core/operation-record.ts';
import { opId } from '../support/operations.ts';

const begun = {
  type: 'begun',
  opId: opId(1),
  epoch: 3,
  verb: 'start',
  unit: 'web.service',
  bootId: 'b',
  monotonicUs: 1,
  timeLimitMs: 2,
  logLines: 0,
  notAfterClockMs: 5,
};
const finished = {
  type: 'finished',
  opId: opId(1),
  outcome: '{"status":"done"}',
  wasApplied: true,
  isOpen: false,
};

t.test('what was written is read again', async (t) => {
  const records = [
    begun,
    { type: 'job', opId: opId(1), jobId: 4, jobPath: '/j/4' },
    finished,
    { ...finished, expiry: { bootId: 'b', notAfterClockMs: 5 } },
    { type: 'reported', opIds: [opId(1)] },
    { type: 'forgotten', upTo: opId(1), epoch: 9 },
  ];
  for (const record of records) t.same(parseOperationRecord(JSON.parse(JSON.stringify(record))), record);
});

t.test('what a newer release adds is ignored, what is missing is named', async (t) => {
  t.same(parseOperationRecord({ ...begun, later: 1 }), begun);
  t.throws(() => parseOperationRecord({ ...begun, unit: undefined }), { message: /"unit"/ });
  t.throws(() => parseOperationRecord({ ...begun, epoch: '3' }), { message: /"epoch"/ });
  t.throws(() => parseOperationRecord({ ...finished, expiry: 5 }), { message: /"expiry"/ });
  t.throws(() => parseOperationRecord({ ...begun, verb: 'explode' }), { message: /"verb"/ });
  t.throws(() => parseOperationRecord({ ...finished, outcome: '{"status":"fine"}' }), { message: /outcome/ });
  t.throws(() => parseOperationRecord({ type: 'reported', opIds: [1] }), { message: /opIds/ });
  t.throws(() => parseOperationRecord({ type: 'else' }), { message: /"type"/ });
  t.throws(() => parseOperationRecord(null), { message: /object/ });
});

t.test('an outcome is small when it is packed, and whole when it is unpacked', async (t) => {
  const done = createOperationOutcome({ opId: opId(1), status: 'done', result: 'done', durationMs: 3 });
  t.ok(packOutcome(done).length < 60, packOutcome(done));
  t.same(unpackOutcome(opId(1), packOutcome(done)), done);
  const failed = createOperationOutcome({
    opId: opId(1),
    status: 'failed',
    evidence: createUnitEvidence({ activeState: 'failed', execMainStatus: 3 }),
    changes: [{ change: 'symlink', file: '/a', source: '/b' }],
    logLines: ['it broke'],
    inferred: true,
  });
  t.same(unpackOutcome(opId(1), packOutcome(failed)), failed);
});

t.test('of a long log only the end is remembered', async (t) => {
  const logLines = Array.from({ length: 100 }, (_, n) => `${n} ${'x'.repeat(1000)}`);
  const packed = packOutcome(createOperationOutcome({ opId: opId(1), status: 'failed', logLines }));
  t.ok(packed.length < 4000);
  t.match(unpackOutcome(opId(1), packed).logLines.at(-1), /^99 x/);
});
