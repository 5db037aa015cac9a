import t from 'tap';
import type { PlannedOperation } from '../../src/core/plan/plan.ts';
import type { OperationEnd } from '../../src/core/runs/run.ts';
import { eventLine } from '../../src/runs/event-line.ts';

const operation = { node: 'wrk-1', verb: 'kill', unit: 'kubepods.slice' } as PlannedOperation;
const end: OperationEnd = {
  status: 'failed',
  result: '',
  code: 'HEC_NO_SUCH_UNIT',
  message: 'Unit kubepods.slice not loaded.',
  durationMs: 40,
};

const textOf = (isMissingButDone: boolean): string =>
  eventLine({ type: 'operation-ended', stepId: '3.1', operation, end, isMissingButDone }, 0).text;

t.test('a unit that is not there is told as what it counts as', async (t) => {
  t.equal(textOf(true), 'wrk-1: kill kubepods.slice: no such unit there: it counts as done');
  t.equal(textOf(false), 'wrk-1: kill kubepods.slice: failed after 40 ms: Unit kubepods.slice not loaded.');
});
