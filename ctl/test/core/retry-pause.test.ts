import t from 'tap';
import { retryPauseMs } from '../../src/core/retry-pause.ts';

t.test('twice as long each time, up to an hour', async (t) => {
  t.same(
    [1, 2, 3, 8, 9, 1000].map((failures) => retryPauseMs(failures) / 1000),
    [15, 30, 60, 1920, 3600, 3600],
  );
});
