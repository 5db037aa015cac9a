/** What a person reads while the tests run. */
import type { Failure, FileResult } from './run-test-file.ts';

function describeFailure(file: string, failure: Failure): string {
  const title = [file, ...failure.path].join(' › ');
  return `  FAILED ${title}\n${failure.detail.replace(/^/gm, '    ')}`;
}

/** One line for a file, and everything that helps to find out why when it failed. */
export function describeFile(result: FileResult, progress: { done: number; total: number }): string {
  const { file, passed, failures, skips, durationMs, output } = result;
  const counts = [
    `${passed} passed`,
    ...(failures.length > 0 ? [`${failures.length} failed`] : []),
    ...(skips.length > 0 ? [`${skips.length} skipped`] : []),
  ];
  const mark = failures.length > 0 ? 'FAILED' : 'ok';
  const seconds = (durationMs / 1000).toFixed(1);
  const line = `${mark}  [${progress.done}/${progress.total}] ${file}: ${counts.join(', ')} (${seconds} s)`;
  if (failures.length === 0) return line;
  const written = output.trim() === '' ? [] : [`  its output:\n${output.trimEnd().replace(/^/gm, '    | ')}`];
  return [line, ...failures.map((failure) => describeFailure(file, failure)), ...written].join('\n');
}

/** Every skipped test with its reason; '' when there is none. */
export function describeSkips(results: readonly FileResult[]): string {
  return results
    .flatMap(({ file, skips }) =>
      skips.map(({ path, reason }) => `skipped: ${[file, ...path].join(' › ')}: ${reason}`),
    )
    .join('\n');
}
