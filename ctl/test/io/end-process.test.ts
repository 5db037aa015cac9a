/** In a bundle, as hecatectl is shipped: from source, Node sets stdout so that no write ever waits. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import t, { type Test } from 'tap';

t.setTimeout(60_000);
const folder = mkdtempSync(join(tmpdir(), 'hecate-end-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

const source = (name: string): string => JSON.stringify(join(import.meta.dirname, '../../src/io', name));

const contents = `
const { endProcess } = require(${source('end-process.ts')});
const { Output } = require(${source('output.ts')});
const out = new Output({ format: 'table', hasLegend: true, isQuiet: false, hasColour: false });
void out.stream('x'.repeat(Number(process.argv[2])));
setTimeout(() => endProcess(124), 200);`;

const script = join(folder, 'script.cjs');
await build({
  stdin: { contents, resolveDir: import.meta.dirname },
  outfile: script,
  bundle: true,
  platform: 'node',
  format: 'cjs',
});

function start(t: Test, characters: number) {
  const stdio = ['ignore', 'pipe', 'inherit'] as const;
  const child = spawn(process.execPath, [script, String(characters)], { stdio: [...stdio] });
  // It would wait for the end of this one.
  const timer = setTimeout(() => child.kill('SIGKILL'), 20_000);
  t.teardown(() => clearTimeout(timer));
  return child;
}

t.test('it ends with its status although nobody reads what it wrote', async (t) => {
  const child = start(t, 8 * 1024 * 1024);
  const [status] = await once(child, 'exit');
  t.equal(status, 124);
});

t.test('it ends with its status when all was read', async (t) => {
  const child = start(t, 3);
  const [[status], read] = await Promise.all([once(child, 'exit'), child.stdout.toArray()]);
  t.equal(status, 124);
  t.equal(Buffer.concat(read).toString(), 'xxx');
});
