import { jitterFromHash, renewalDueAtMs } from '@hecate/proto/core/renewal.ts';
import t from 'tap';
import { certificateLifetimeMs, validityFrom } from '../../../src/core/trust/lifetimes.ts';

const never = Number.MAX_SAFE_INTEGER;

t.test('five minutes for clocks that are behind', async (t) => {
  const nowMs = 1e12;
  t.strictSame(validityFrom(nowMs, certificateLifetimeMs, never), {
    notBeforeMs: nowMs - 300_000,
    notAfterMs: nowMs + certificateLifetimeMs,
  });
});

t.test('nothing outlives the authority', async (t) => {
  t.equal(validityFrom(1000, 1000, 1500).notAfterMs, 1500);
});

t.test(
  'a renewal is due after the certificate was made and before it ends, however short its life',
  async (t) => {
    for (const lifetimeMs of [3000, 10_000, 600_000, 3_600_000, certificateLifetimeMs]) {
      for (const hash of ['00000000', 'ffffffff']) {
        const dueAtMs = renewalDueAtMs(validityFrom(1e12, lifetimeMs, never), jitterFromHash(hash));
        t.ok(dueAtMs > 1e12 + lifetimeMs / 2 && dueAtMs < 1e12 + lifetimeMs * 0.8, `${lifetimeMs} ${hash}`);
      }
    }
  },
);
