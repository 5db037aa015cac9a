/**
 * `npm run test:packaged`: the tests of the command line, of the wire, of trust and of faults, with the programs that are
 * in the packages instead of the checkout's: their Node.js, their bundles, their launchers.
 * Usage: node scripts/test-packaged.ts [--essential] [--jobs N] [--compile-hecatectl BUN] [PATH…]
 *
 * With --essential only those that every change is held against. The programs are unpacked below .cache, not installed:
 * what installing does is tested on booted nodes (test/packages).
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const root = resolve(import.meta.dirname, '..');

const essential: readonly string[] = [
  ...['faults', 'list', 'operate'].map((name) => `ctl/test/commands/${name}.test.ts`),
  ...['agent-killed', 'hecatectl-remote', 'identities'].map((name) => `test/e2e/${name}.test.ts`),
];

const all: readonly string[] = [
  ...essential,
  ...globSync('ctl/test/commands/*.test.ts', { cwd: root }),
  ...[
    ...['certificate-renewal', 'cut-while-sending', 'dead-man', 'exec', 'hecatectl-runs', 'interrupts'],
    ...['manager-killed', 'many-at-once', 'metrics', 'questions', 'roles', 'run-sequence', 'second-manager'],
    ...['silent-cut', 'verbs'],
  ].map((name) => `test/e2e/${name}.test.ts`),
];

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    essential: { type: 'boolean', default: false },
    /** Files at a time; without, as many as `npm test` takes. */
    jobs: { type: 'string' },
    'compile-hecatectl': { type: 'string' },
  },
});

const managerLauncher = `#!/bin/sh
folder=$(dirname "$0")
exec "$folder/node" "$folder/hecate-manager.mjs" "$@"
`;

/** Below the checkout, which is what nodes see. @returns the folder of the programs */
function unpack(folder: string): string {
  const compile = options['compile-hecatectl'];
  const more = compile === undefined ? [] : ['--compile-hecatectl', compile];
  const argv = [join(root, 'scripts/package.ts'), '--quick', '--format', 'deb', '--output', folder, ...more];
  execFileSync(process.execPath, argv, { stdio: 'inherit' });
  const tree = join(folder, 'tree');
  for (const path of globSync(join(folder, '*.deb'))) execFileSync('dpkg-deb', ['-x', path, tree]);
  const programs = join(tree, 'usr/lib/hecate/bin');
  // hecatectl looks for the manager's program beside its own, by the name that /usr/bin has for it; what stands there
  // begins with the path of an installed Node.js.
  writeFileSync(join(programs, 'hecate-manager'), managerLauncher, { mode: 0o755 });
  return programs;
}

const cache = join(root, '.cache');
mkdirSync(cache, { recursive: true });
const folder = mkdtempSync(join(cache, 'packaged-'));
try {
  const programs = unpack(folder);
  const chosen = options.essential ? essential : all;
  const files = positionals.length > 0 ? positionals : [...new Set(chosen)].toSorted();
  const env = { ...process.env, HECATE_PACKAGED_PROGRAMS: programs };
  const jobs = options.jobs === undefined ? [] : ['--jobs', options.jobs];
  const { status } = spawnSync(process.execPath, [join(root, 'scripts/test.ts'), ...jobs, ...files], {
    cwd: root,
    env,
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
