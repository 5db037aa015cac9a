import t from 'tap';
import { jitterFromHash, renewalDueAtMs } from '../../src/core/renewal.ts';

const dayMs = 86_400_000;
const validity = { notBeforeMs: 0, notAfterMs: 90 * dayMs };

t.test('between two thirds and three quarters of the lifetime', async (t) => {
  t.equal(renewalDueAtMs(validity, 0), 60 * dayMs);
  t.equal(renewalDueAtMs(validity, 1), 67.5 * dayMs);
  t.equal(renewalDueAtMs(validity, Number.NaN), 60 * dayMs);
  t.equal(renewalDueAtMs(validity, 9), 67.5 * dayMs);
});

t.test('certificates of seconds, and dates the wrong way round', async (t) => {
  t.equal(renewalDueAtMs({ notBeforeMs: 1000, notAfterMs: 4000 }, 0), 3000);
  t.equal(renewalDueAtMs({ notBeforeMs: 5000, notAfterMs: 4000 }, 1), 5000);
});

t.test('the jitter is a property of the hash', async (t) => {
  t.equal(jitterFromHash('00000000ff'), 0);
  t.equal(jitterFromHash('FFFFFFFF00'), 1);
  t.ok(Math.abs(jitterFromHash('80000000') - 0.5) < 1e-6);
  t.equal(jitterFromHash('no hash!'), 0);
  t.equal(jitterFromHash('ff'), 0);
});
