import { encodeFrame } from '@hecate/proto/core/codec.ts';
import { limits } from '@hecate/proto/core/limits.ts';
import { createOperationOutcome, createResolvedOperation } from '@hecate/proto/generated/wire.ts';
import t from 'tap';
import { fitResolved } from '../../src/io/fit-resolved.ts';
import { opId } from '../support/operations.ts';

t.test('as many as may be asked for fit a frame, each with its status', async (t) => {
  const operations = Array.from({ length: limits.listLengthMax }, (_, n) =>
    createResolvedOperation({
      opId: opId(n),
      resolution: 'finished',
      outcome: createOperationOutcome({
        opId: opId(n),
        status: 'failed',
        code: 'HEC_UNIT_FAILED',
        message: 'ü'.repeat(500),
        remedy: 'look at it '.repeat(10),
        logLines: ['it broke'.repeat(20)],
      }),
    }),
  );
  const fitting = fitResolved(operations);
  t.equal(fitting.length, operations.length);
  t.ok(fitting.every(({ outcome }) => outcome?.status === 'failed'));
  t.equal(fitting[0]?.outcome?.logLines.length, 1, 'the first ones are whole');
  const outcome = { case: 'resolvedOperations', value: { operations: fitting } } as const;
  t.ok(encodeFrame({ case: 'response', value: { id: 1, outcome } }).length <= limits.frameBytesMax);
});
