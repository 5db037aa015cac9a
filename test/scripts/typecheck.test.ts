import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import t from 'tap';

const root = resolve(import.meta.dirname, '../..');
const tsc = join(root, 'node_modules/typescript/bin/tsc');

/** Checks one text as if it stood in a core folder. */
function checkAsCore(t: Tap, text: string): { status: number | null; stdout: string } {
  const folder = mkdtempSync(join(tmpdir(), 'hecate-typecheck-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'core.mts'), text);
  const config = { extends: join(root, 'tsconfig.core.json'), include: ['core.mts'] };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
  return spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' });
}
type Tap = { teardown: (end: () => void) => void };

t.test('what compiles in a core folder', async (t) => {
  const { status, stdout } = checkAsCore(t, 'export const twice = (n: number): number => 2 * n;\n');
  t.equal(status, 0, stdout);
});

t.test('what does not: Node, timers, the process, the console', async (t) => {
  const impure = [
    "import { readFileSync } from 'node:fs';\nexport const x = readFileSync;\n",
    'setTimeout(() => undefined, 1);\nexport {};\n',
    'export const x = process.env;\n',
    "console.log('x');\nexport {};\n",
    'export const x = performance.now();\n',
    'export const x: Buffer | undefined = undefined;\n',
  ];
  for (const text of impure) t.not(checkAsCore(t, text).status, 0, text);
});

t.test('loose code does not compile anywhere', async (t) => {
  const loose = [
    'export const first = (list: string[]): string => list[0];\n',
    'export const f = (x) => x;\n',
    'export enum Colour { Red }\n',
    'export const o: { a?: string } = { a: undefined };\n',
  ];
  for (const text of loose) t.not(checkAsCore(t, text).status, 0, text);
});
