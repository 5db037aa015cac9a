import { epochLeadMax } from '@hecate/proto/core/limits.ts';
import t from 'tap';
import {
  endingRecords,
  epochLeap,
  isIntentKept,
  restoredEpoch,
  withoutOpenTokens,
} from '../../../src/core/backup/restored-state.ts';
import { openRuns } from '../../../src/core/runs/fold-records.ts';
import { intentOf } from '../../../src/core/runs/intent.ts';
import type { RunRecord } from '../../../src/core/runs/run-record.ts';
import { runsStep } from '../../../src/core/runs/runs.ts';
import { emptyLedger } from '../../../src/core/trust/ledger.ts';
import type { TokenUse } from '../../../src/core/trust/tokens.ts';
import { node, planOf, requestOf, step, stopAll } from '../../support/run-plans.ts';

const plan = planOf([[step(stopAll('a'))]]);
const accepted = (number: number): RunRecord => {
  const request = requestOf(plan, number);
  return { type: 'run-accepted', runId: request.runId, atMs: 5, request, bootId: 'before' };
};
const first = accepted(1);
const second = accepted(2);
const over: RunRecord = { type: 'run-ended', runId: first.runId, atMs: 9, outcome: 'done', why: '' };

t.test('the epoch is above all that are known, and two restores differ (I6)', async (t) => {
  t.equal(restoredEpoch([], 0), epochLeap);
  t.equal(restoredEpoch([7, 12, 3], 0), epochLeap + 12);
  t.ok(restoredEpoch([7], 0.25) !== restoredEpoch([7], 0.75));
  let epoch = 1;
  for (let restore = 0; restore < 19; restore += 1) epoch = restoredEpoch([epoch], 0.9999);
  t.ok(epoch < 1 + epochLeadMax, 'an agent that was away for all of them follows');
});

t.test('what was going on is over, and what was over stays as it was', async (t) => {
  const records = [first, over, second];
  const ending = endingRecords(records, '2026-11-21');
  t.same(ending.ended, [second.runId]);
  const { runs } = openRuns({ records: [...records, ...ending.records], intent: undefined, bootId: 'now' });
  t.same(
    [...runs.values()].map(({ outcome }) => outcome),
    ['done', 'failed'],
  );
  t.match(runs.get(second.runId)?.why, /backup of 2026-11-21 .* a restore resumes nothing/);
  t.same(endingRecords([first, over], ''), { ended: [], records: [] });
});

t.test(
  'the intent of a run that is ended goes with it; of one that nobody knows it stays (I12)',
  async (t) => {
    if (first.type !== 'run-accepted') throw new Error('it is');
    const intent = intentOf(first.request);
    t.equal(isIntentKept(intent, [first]), false);
    t.equal(isIntentKept(intent, [second]), true);
    t.equal(isIntentKept(undefined, [first]), false);
  },
);

t.test('no token that was open lets anybody in', async (t) => {
  const token = (tokenId: string, use: TokenUse) => ({
    tokenId,
    secretHash: '',
    identity: { kind: 'node', name: tokenId } as never,
    issuedAtMs: 1,
    expiresAtMs: 2,
    failedAttempts: 0,
    use,
  });
  const records = [
    token('a', { state: 'open' }),
    token('b', { state: 'burned' }),
    token('c', { state: 'open' }),
  ];
  const { ledger, withdrawn } = withoutOpenTokens({ ...emptyLedger, tokens: { records } });
  t.equal(withdrawn, 2);
  t.same(
    ledger.tokens.records.map(({ use }) => use.state),
    ['withdrawn', 'burned', 'withdrawn'],
  );
});

t.test('a node that holds an order of such a run is told to drop it as soon as it is there', async (t) => {
  const arming: RunRecord = { type: 'arming', runId: second.runId, atMs: 6, nodes: [node('a')] };
  const records = [second, arming];
  const ending = endingRecords(records, '2026-11-21');
  const opened = openRuns({ records: [...records, ...ending.records], intent: undefined, bootId: 'now' });
  const at = { nowMs: 100, wallMs: 100 } as never;
  const { state } = runsStep(opened, { type: 'resume' }, at);
  const { effects } = runsStep(state, { type: 'node-online', node: node('a') }, at);
  t.same(effects, [{ type: 'withdraw', runId: second.runId, node: 'a' }]);
});
