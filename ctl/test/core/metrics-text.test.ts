import t from 'tap';
import { readMetrics } from '../../src/core/metrics-text.ts';

t.test('samples with labels, escapes and values that are no numbers', async (t) => {
  const text =
    '# HELP a b\n# TYPE a gauge\na 1\nb{x="1",y="q\\"uo\\\\te\\n"} 2.5e3 1700000000000\nc_bucket{le="+Inf"} +Inf\nnonsense\n';
  t.same(readMetrics(text), [
    { name: 'a', labels: {}, value: 1 },
    { name: 'b', labels: { x: '1', y: 'q"uo\\te\n' }, value: 2500 },
    { name: 'c_bucket', labels: { le: '+Inf' }, value: '+Inf' },
  ]);
});
