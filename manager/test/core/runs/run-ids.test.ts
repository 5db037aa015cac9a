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
  // The first two ids differ by one in their last character: their operations are neighbours.
  t.ok(seen.size >= 1001, `${seen.size} ids`);
  t.notOk(seen.has(runId));
});

t.test('the same every time, sorted by when they were given', async (t) => {
  t.equal(operationIdOf(runId, 3, wallMs), operationIdOf(runId, 3, wallMs));
  t.ok(operationIdOf(runId, 3, wallMs) < operationIdOf(runId, 1, wallMs + 1));
});

t.test('random bits of the run are kept', async (t) => {
  t.equal(operationIdOf(runId, 0, wallMs).slice(10, 19), runId.slice(10, 19));
});
