import { encodeRecordLine, scanRecordLines } from '@hecate/proto/io/record-line.ts';
import t from 'tap';
import { restoredState } from '../../src/backup/restored-files.ts';
import { emptyLedger, stepLedger } from '../../src/core/trust/ledger.ts';
import { formatLedger, parseLedger } from '../../src/trust/ledger-file.ts';
import { planOf, requestOf, step, stopAll } from '../support/run-plans.ts';

const member = (path: string, content: string | Uint8Array) => ({
  path: `state/${path}`,
  mode: 0o600,
  bytes: Buffer.from(content),
});
const facts = { madeAtMs: 0, nowWallMs: 0, chance: 0, presentEpoch: 0, presentLedgers: [] };
const request = requestOf(planOf([[step(stopAll('a'))]]));
const accepted = { type: 'run-accepted', runId: request.runId, atMs: 1, request, bootId: 'before' };
const epoch = member('epoch.json', '{"epoch":3,"highestForeignEpoch":8}\n');
const journal = member(
  'journal/runs.records',
  Buffer.concat([encodeRecordLine([accepted]), Buffer.from('0123')]),
);
const intent = member('intent.json', JSON.stringify({ version: 1, runId: request.runId }));
const ledger = member('authority/ledger.json', formatLedger(emptyLedger));
const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString();

t.test(
  'a torn end is cut, the run that goes on is ended behind it, and its intent goes with it',
  async (t) => {
    const { files, endedRuns } = restoredState([epoch, journal, intent], facts);
    t.same(endedRuns, [request.runId]);
    const { values, damage } = scanRecordLines(Buffer.from(files.get('journal/runs.records') ?? []));
    t.equal(damage, undefined);
    t.match(values.flat(), [{ type: 'run-accepted' }, { type: 'run-ended', outcome: 'failed' }]);
    t.equal(files.has('intent.json'), false);
    t.equal(
      restoredState([epoch, intent], facts).files.has('intent.json'),
      true,
      'of a run that nobody knows it stays',
    );
  },
);

t.test('the epoch is above every one that is known (I6)', async (t) => {
  t.equal(restoredState([epoch], facts).epoch, 10_008);
  const { files, epoch: above } = restoredState([epoch], { ...facts, presentEpoch: 20_000 });
  t.equal(above, 30_000);
  t.equal(text(files.get('epoch.json')), '{"epoch":30000,"highestForeignEpoch":0}\n');
});

t.test('what is not what its name says is refused', async (t) => {
  t.throws(() => restoredState([member('epoch.json', 'three')], facts), {
    code: 'HEC_STATE',
    message: /epoch\.json/,
  });
  t.throws(() => restoredState([epoch, member('authority/ledger.json', '{}')], facts), { code: 'HEC_STATE' });
  t.throws(() => restoredState([epoch, member('lock', '1')], facts), {
    message: /state\/lock, which no manager keeps/,
  });
  t.match(restoredState([epoch, ledger], facts), { withdrawnTokens: 0, nodes: [] });
});

t.test('whom the state that is there has revoked stays revoked', async (t) => {
  const revoke = { type: 'revoke-holder', kind: 'node', name: 'a', nowMs: 5 } as const;
  const present = stepLedger(emptyLedger, revoke).state;
  const { files, keptRevocations } = restoredState([epoch, ledger], { ...facts, presentLedgers: [present] });
  t.same(keptRevocations, ['node a']);
  const written = parseLedger('', text(files.get('authority/ledger.json')));
  t.match(written.revocations.holders, [{ kind: 'node', name: 'a' }]);
});
