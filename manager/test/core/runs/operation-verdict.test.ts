/** What an operation's end means to its step, as a table. */
import t from 'tap';
import {
  failureSentence,
  isFailure,
  isOver,
  isRetryable,
  type OperationsAction,
} from '../../../src/core/runs/operation-verdict.ts';
import type { OperationEnd, RunOperation } from '../../../src/core/runs/run.ts';
import { operations, stop } from '../../support/run-plans.ts';

const actionOf = (change: Partial<OperationsAction>): OperationsAction =>
  operations(
    ['a', 'b', 'c', 'd', 'e'].map((name) => stop(name)),
    change,
  ) as OperationsAction;
const endOf = (status: OperationEnd['status'], code: OperationEnd['code'] = ''): OperationEnd => ({
  status,
  result: status,
  code,
  message: '',
  durationMs: 1,
});
const ended = (end: OperationEnd, index = 0): RunOperation => ({
  opId: `op ${index}` as RunOperation['opId'],
  index,
  phase: 'ended',
  end,
});

const rows: readonly [OperationEnd, 'outcome' | 'gate', boolean][] = [
  [endOf('done'), 'outcome', false],
  [endOf('failed'), 'outcome', true],
  [endOf('timeout'), 'outcome', true],
  [endOf('refused'), 'outcome', true],
  [endOf('offline'), 'outcome', true],
  [endOf('unknown'), 'outcome', true],
  [endOf('failed', 'HEC_NO_SUCH_UNIT'), 'outcome', true],
  [endOf('done'), 'gate', false],
  [endOf('failed'), 'gate', true],
  [endOf('timeout'), 'gate', false],
  [endOf('refused'), 'gate', true],
  [endOf('offline'), 'gate', false],
  [endOf('unknown'), 'gate', false],
];

t.test('failures', async (t) => {
  for (const [end, successBy, expected] of rows)
    t.equal(
      isFailure(actionOf({ successBy }), ended(end)),
      expected,
      `${end.status} ${end.code} by ${successBy}`,
    );
  const missing = ended(endOf('failed', 'HEC_NO_SUCH_UNIT'));
  t.notOk(isFailure(actionOf({ isMissingUnitDone: true }), missing));
  t.notOk(isFailure(actionOf({ isMissingUnitDone: true, successBy: 'gate' }), missing));
  t.ok(isFailure(actionOf({ isMissingUnitDone: true }), ended(endOf('failed'))));
});

t.test('over', async (t) => {
  const accepted = { ...ended(endOf('done')), phase: 'accepted', end: undefined } as const;
  t.notOk(isOver(actionOf({ successBy: 'outcome' }), accepted));
  t.ok(isOver(actionOf({ successBy: 'gate' }), accepted));
  t.notOk(isOver(actionOf({ successBy: 'gate' }), { ...accepted, phase: 'sent' }));
});

t.test('tried again', async (t) => {
  const exec = { ...stop('a'), verb: 'exec' } as const;
  for (const [end, expected, operation = stop('a')] of [
    [endOf('failed'), true],
    [endOf('offline', 'HEC_OFFLINE'), true],
    [endOf('unknown', 'HEC_UNKNOWN'), true],
    [endOf('unknown', 'HEC_UNKNOWN'), false, exec],
    [endOf('timeout', 'HEC_TIMEOUT'), false, exec],
    [endOf('failed'), true, exec],
    [endOf('failed', 'HEC_NO_SUCH_UNIT'), false],
    [endOf('refused', 'HEC_POLICY'), false],
    [endOf('refused', 'HEC_BUSY'), true],
    [endOf('refused'), false],
  ] as const)
    t.equal(isRetryable(operation, end), expected, `${operation.verb} ${end.status} ${end.code}`);
});

t.test('a sentence names three', async (t) => {
  const failures = [0, 1, 2, 3, 4].map((index) => ended({ ...endOf('failed'), message: 'exit-code' }, index));
  t.equal(
    failureSentence(actionOf({}), failures),
    '5 of 5 operations failed: a x.service: exit-code; b x.service: exit-code; c x.service: exit-code; and 2 more',
  );
});
