/**
 * What `npm test` runs. Without paths: the static checks (generated files are current, types, lint and format),
 * then every test file. With paths (`npm test -- agent test/nodes/fleet.test.ts`): only the tests there.
 *
 * Ends with the line `N passed, N failed` (`, N skipped` when any), counted from the points of the test files:
 * a top-level test or assertion of a file is one, a file that crashes or runs out of time is one more failure,
 * a static check is one. Exit status 1 when anything failed, when nothing ran, and under CI=true also when
 * anything was skipped. A few that failed run once more, alone: see test/second-try.ts.
 *
 * Each file runs as a process of its own, with tap; its TAP is read by tap-parser.
 */
import { availableParallelism } from 'node:os';
import { relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { findTestFiles } from './test/find-test-files.ts';
import { describeFile, describeSkips } from './test/report.ts';
import { endAllTestFiles, type FileResult, runTestFile } from './test/run-test-file.ts';
import { betterOf, filesToTryAgain } from './test/second-try.ts';
import { runStaticChecks } from './test/static-checks.ts';
import { addFile, closingLine, emptyTally, isGood, type Tally } from './test/tally.ts';
import { type LaneKind, laneKinds, TestQueue } from './test/test-queue.ts';

const root = resolve(import.meta.dirname, '..');

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    /** Files at a time; those beyond the cores boot systems, and mostly wait; with one more of those that only wait. */
    jobs: { type: 'string', default: String(Math.min(2, availableParallelism()) + 1) },
    /** Seconds for one file. */
    timeout: { type: 'string', default: '600' },
  },
});

const paths = positionals.map((path) => relative(root, resolve(path)));
const files = findTestFiles(root, paths);
const queue = new TestQueue(files);

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    queue.clear();
    void endAllTestFiles().finally(() => process.exit(130));
  });
}

const timeLimitMs = Number(options.timeout) * 1000;

async function runFiles(tally: Tally): Promise<Tally> {
  const results: FileResult[] = [];
  const work = async (kind: LaneKind, lane: number): Promise<void> => {
    for (;;) {
      const file = await queue.next(lane, kind);
      if (file === undefined) return;
      const result = await runTestFile(root, file, timeLimitMs);
      results.push(result);
      console.log(describeFile(result, { done: results.length, total: files.length }));
    }
  };
  await Promise.all(laneKinds(Number(options.jobs), Math.min(2, availableParallelism())).map(work));
  for (const file of filesToTryAgain(results)) {
    console.log(`once more, alone: ${file}`);
    const second = await runTestFile(root, file, timeLimitMs);
    console.log(describeFile(second, { done: results.length, total: files.length }));
    const at = results.findIndex((result) => result.file === file);
    const first = results[at];
    if (first) results[at] = betterOf(first, second);
  }
  const skips = describeSkips(results);
  if (skips) console.log(skips);
  for (const { file, isSecondTry } of results)
    if (isSecondTry) console.log(`only at the second try: ${file}`);
  const failed = results.filter((result) => result.failures.length > 0);
  for (const result of failed) console.log(`failed: ${result.file}`);
  return results.reduce(addFile, tally);
}

const checked = paths.length === 0 ? runStaticChecks(root) : emptyTally;
const tally = await runFiles(checked);
if (files.length === 0) console.error(`no test files in ${paths.join(', ') || root}`);
console.log(closingLine(tally));
process.exitCode = files.length > 0 && isGood(tally, process.env.CI === 'true') ? 0 : 1;
