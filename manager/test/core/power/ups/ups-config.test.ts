import t from 'tap';
import { upsConfig, upsConfigDefaults } from '../../../../src/core/power/ups/ups-config.ts';

t.test('what is not declared is taken by default; one look never decides', async (t) => {
  t.same(upsConfig('a'), { ...upsConfigDefaults, ups: 'a' });
  t.equal(upsConfig('a', { pollIntervalMs: 2000 }).pollIntervalMs, 2000);
  for (const [declared, expected] of [
    [0, 2],
    [1, 2],
    [2.5, 3],
    [7, 7],
  ] as const)
    t.equal(upsConfig('a', { debouncePolls: declared }).debouncePolls, expected, `${declared}`);
});
