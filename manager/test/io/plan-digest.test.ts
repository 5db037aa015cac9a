import { createHash } from 'node:crypto';
import t from 'tap';
import { planBytes } from '../../src/core/plan/canonical-json.ts';
import { compilePlan } from '../../src/core/plan/compile-plan.ts';
import { defaultSequences } from '../../src/core/plan/default-sequences.ts';
import { planDigest } from '../../src/io/plan-digest.ts';
import { clusterInventory } from '../core/plan/support/plan-fixtures.ts';

t.test('the digest of the bytes: another one for another plan', async (t) => {
  const inventory = clusterInventory();
  const plans = defaultSequences(inventory).flatMap((sequence) =>
    (['poweroff', 'cluster-only'] as const).flatMap(
      (mode) => compilePlan({ inventory, sequence, mode }).plan ?? [],
    ),
  );
  const digests = plans.map(planDigest);
  t.equal(new Set(digests).size, 4);
  for (const digest of digests) t.match(digest, /^sha256:[0-9a-f]{64}$/);
  const [first] = plans;
  if (first === undefined) return;
  t.equal(
    digests[0],
    `sha256:${createHash('sha256')
      .update(Buffer.from(planBytes(first)))
      .digest('hex')}`,
  );
  t.not(planDigest({ ...first, site: 'elsewhere' }), digests[0]);
});
