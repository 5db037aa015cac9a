/** Which test files run once more: few, and none that has no clock. */
import t from 'tap';
import type { FileResult } from '../../scripts/test/run-test-file.ts';
import { betterOf, filesToTryAgain } from '../../scripts/test/second-try.ts';

const result = (file: string, failures = 0): FileResult => ({
  file,
  passed: 1,
  failures: Array.from({ length: failures }, () => ({ path: ['it'], detail: 'why' })),
  skips: [],
  durationMs: 1,
  output: '',
});
const failed = (file: string): FileResult => result(file, 1);

t.test('only those that failed', async (t) => {
  const results = [
    result('test/e2e/a.test.ts'),
    failed('test/e2e/b.test.ts'),
    failed('agent/test/io/c.test.ts'),
  ];
  t.same(filesToTryAgain(results), ['test/e2e/b.test.ts', 'agent/test/io/c.test.ts']);
});

t.test('not what has no clock: it fails every time', async (t) => {
  const timeless = ['agent/test/core/a.test.ts', 'test/sim/power.test.ts', 'test/tidy/core.test.ts'];
  t.same(filesToTryAgain(timeless.map(failed)), []);
});

t.test('when many failed it is not chance', async (t) => {
  const many = [1, 2, 3, 4].map((n) => failed(`test/e2e/${n}.test.ts`));
  t.equal(filesToTryAgain(many.slice(1)).length, 3);
  t.same(filesToTryAgain(many), []);
});

t.test('a clean second run counts, and says that it was one; of two failures the first', async (t) => {
  const first = failed('test/e2e/a.test.ts');
  t.same(betterOf(first, result('test/e2e/a.test.ts')), {
    ...result('test/e2e/a.test.ts'),
    isSecondTry: true,
  });
  t.equal(betterOf(first, failed('test/e2e/a.test.ts')), first);
});
