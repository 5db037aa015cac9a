/**
 * How hecatectl could ship, measured: node test/packages/measure-shipping.ts BUN
 * BUN is a program `bun` (npm package bun). Whole commands against one manager and one agent, in turns. Raw figures go to bench/results/shipping.json; what follows from them is in docs/packages.md.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { repository } from '../site/manager-process.ts';
import { startSite } from '../site/site.ts';

const rounds = 60;
const warmUpRounds = 5;
const bun = process.argv[2] ?? '';
const folder = mkdtempSync(join(tmpdir(), 'hecate-shipping-'));

/** @returns the folder of the programs */
function pack(name: string, more: readonly string[]): string {
  const output = join(folder, name);
  const script = join(repository, 'scripts/package.ts');
  const argv = [script, '--quick', '--format', 'deb', '--output', output, ...more];
  execFileSync(process.execPath, argv, { stdio: 'inherit' });
  for (const path of globSync(join(output, '*.deb')))
    execFileSync('dpkg-deb', ['-x', path, join(output, 'tree')]);
  return join(output, 'tree/usr/lib/hecate/bin');
}

/** Without blocking this process: the node's way to its manager leads through it. */
async function time(argv: readonly string[], env: Record<string, string>): Promise<number> {
  const [command = '', ...args] = argv;
  const begin = performance.now();
  const child = spawn(command, args, { env, stdio: 'ignore' });
  const [status] = (await once(child, 'exit')) as [number | null];
  const tookMs = performance.now() - begin;
  if (status !== 0) throw new Error(`${argv.join(' ')} ended with ${status}`);
  return Math.round(tookMs * 1000) / 1000;
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

const onNode = pack('node', []);
const onBun = pack('bun', ['--compile-hecatectl', bun]);
const node = join(onNode, 'node');
const site = await startSite({
  names: ['host'],
  units: { 'bench.service': '[Service]\nType=oneshot\nExecStart=/bin/true\n' },
});
const took: Record<string, number[]> = {};
try {
  const home = join(folder, 'home');
  mkdirSync(home);
  const env = { ...site.manager.ctlEnvironment(), HOME: home };
  const start = ['start', 'host', 'bench'];
  const commands: Record<string, readonly string[]> = {
    'empty process': ['/bin/true'],
    'empty Node.js': [node, '-e', '0'],
    'Node.js, bundle': [node, join(onNode, 'hecatectl-bundle.cjs'), ...start],
    'Node.js, bundle, compiled once': [node, join(onNode, 'hecatectl.cjs'), ...start],
    'compiled by Bun': [join(onBun, 'hecatectl'), ...start],
  };
  for (let round = 0; round < rounds + warmUpRounds; round += 1) {
    for (const [name, argv] of Object.entries(commands)) {
      const tookMs = await time(argv, env);
      took[name] ??= [];
      if (round >= warmUpRounds) took[name].push(tookMs);
    }
  }
} finally {
  await site.destroy();
  rmSync(folder, { recursive: true, force: true });
}
const floor = median(took['empty Node.js'] ?? []);
const ratios = Object.fromEntries(
  Object.entries(took).map(([name, values]) => [
    `${name} ÷ empty Node.js`,
    Math.round((median(values) / floor) * 100) / 100,
  ]),
);
for (const [name, values] of Object.entries(took))
  console.log(`${name.padEnd(32)} p50 ${median(values).toFixed(1)} ms`);
console.log(ratios);
const result = { ratios, tookMs: took, load: loadavg()[0], at: new Date().toISOString() };
writeFileSync(join(repository, 'bench/results/shipping.json'), `${JSON.stringify(result)}\n`);
