import { spawnSync } from 'node:child_process';
import { emptyTally, type Tally } from './tally.ts';

/** Each counts as one test. */
const checks: readonly { readonly name: string; readonly argv: readonly string[] }[] = [
  { name: 'generated files are current', argv: ['scripts/generate.ts', '--check'] },
  { name: 'types', argv: ['scripts/typecheck.ts'] },
  {
    name: 'lint and format',
    argv: ['node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.'],
  },
];

function runCheck(root: string, check: (typeof checks)[number]): boolean {
  const { status } = spawnSync(process.execPath, check.argv, { cwd: root, stdio: 'inherit' });
  console.log(`${status === 0 ? 'ok' : 'FAILED'}  ${check.name}`);
  return status === 0;
}

export function runStaticChecks(root: string): Tally {
  const passed = checks.filter((check) => runCheck(root, check)).length;
  return { ...emptyTally, passed, failed: checks.length - passed };
}
