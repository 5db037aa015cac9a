import { parseOpId } from '@hecate/proto/core/names.ts';
import t from 'tap';
import type { RunId } from '../../../src/core/runs/run.ts';
import { operationIdOf } from '../../../src/core/runs/run-ids.ts';

const runId = '01HF7YAT00ABCDEFGHJKMNPQRS' as RunId;
const wallMs = 1_700_000_000_000;

t.test('valid ids, none of them twice, neither in a run nor over runs', async (t) => {
  const seen = new Set<string>();
  for (const id of [runId, '01HF7YAT00ABCDEFGHJKMNPQRT' as RunId, '01HF7YAT00ZZZZZZZZZZZZZZZZ' as RunId])
    for (let count = 0; count < 500; count += 1) seen.add(parseOpId(operationIdOf(id, count, wallMs)));
  t.equal(seen.size, 1500);
  t.notOk(seen.has(runId));
});

t.test('the same every time, sorted by when they were given', async (t) => {
  t.equal(operationIdOf(runId, 3, wallMs), operationIdOf(runId, 3, wallMs));
  t.ok(operationIdOf(runId, 3, wallMs) < operationIdOf(runId, 1, wallMs + 1));
});

t.test('one of a run shows whose it is', async (t) => {
  t.equal(operationIdOf(runId, 7, wallMs).slice(-9), runId.slice(-9));
});
