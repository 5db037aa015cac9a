import { encodeFrame } from '@hecate/proto/core/codec.ts';
import { checkFrame } from '@hecate/proto/core/validate.ts';
import {
  createResponse,
  createRunOperationReport,
  createRunReport,
  createRunStage,
  createRunStep,
  createRunSummary,
  type RunReport,
} from '@hecate/proto/generated/wire.ts';
import t from 'tap';
import { fittingReport } from '../../src/runs/fitting-report.ts';

const long = 'ü'.repeat(20_000);

const reportOf = (operations: number, message: string): RunReport =>
  createRunReport({
    summary: createRunSummary({ why: long, reason: long }),
    degradations: Array(500).fill(long),
    stages: [
      createRunStage({
        name: 'only',
        steps: [
          createRunStep({
            id: '1.1',
            why: long,
            details: Array(500).fill(long),
            operations: Array.from({ length: operations }, (_, index) =>
              createRunOperationReport({
                node: `node-${index}`,
                state: index === 0 ? 'failed' : 'done',
                message,
              }),
            ),
          }),
        ],
      }),
    ],
  });

function demandFit(report: RunReport): void {
  const body = {
    case: 'response' as const,
    value: createResponse({ id: 1, outcome: { case: 'run', value: report } }),
  };
  encodeFrame(body);
  checkFrame(body, 'manager');
}

t.test('whatever was said, a report fits', async (t) => {
  t.throws(() => demandFit(reportOf(1, '')), 'as it is, it would end the session');
  for (const [count, message] of [
    [0, ''],
    [3, long],
    [2000, ''],
    [2000, long],
  ] as const) {
    const report = fittingReport(reportOf(count, message));
    t.doesNotThrow(() => demandFit(report), `${count} operations`);
    t.match(report.degradations.at(-1), /and \d+ more/);
  }
  const [step] = fittingReport(reportOf(2000, '')).stages[0]?.steps ?? [];
  t.same(
    step?.operations.map(({ node }) => node),
    ['node-0'],
    'the one that failed is kept longest',
  );
  const small = createRunReport({ degradations: ['a'], stages: [] });
  t.same(fittingReport(small), small);
});
