import { createMetrics } from '@hecate/proto/generated/wire.ts';
import t from 'tap';
import { requireFit } from '../../src/sessions/fitting-answer.ts';

t.test('answers that the other side takes are passed on as they are', async (t) => {
  const outcome = { case: 'metrics', value: createMetrics({ text: 'x'.repeat(190_000) }) } as const;
  t.equal(requireFit(outcome), outcome);
});

t.test('a text over its limit, and an answer over the size of a frame', async (t) => {
  for (const length of [210_000, 300_000])
    t.throws(() => requireFit({ case: 'metrics', value: createMetrics({ text: 'x'.repeat(length) }) }), {
      code: 'HEC_BUSY',
      message: 'the answer (metrics) is larger than one frame may be',
      remedy: /fewer/,
    });
});
