import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { currentVersionFolder, replaceVersion } from '../../src/io/versioned-folder.ts';
import { makeTestFolder } from '../support/openssl-authority.ts';

const pair = (text: string) => ({ one: { text, mode: 0o600 }, two: { text, mode: 0o644 } });

function readPair(dir: string): [string, string] {
  const folder = currentVersionFolder(dir);
  if (folder === undefined) throw new Error('there is no version');
  return [readFileSync(join(folder, 'one'), 'utf8'), readFileSync(join(folder, 'two'), 'utf8')];
}

t.test('replaced as one, permissions exact, only two versions kept', async (t) => {
  const dir = join(makeTestFolder(), 'deep', 'er');
  t.teardown(() => rm(join(dir, '..', '..'), { recursive: true }));
  t.equal(currentVersionFolder(dir), undefined);
  const umask = process.umask(0);
  for (const text of ['a', 'b', 'c', 'd']) {
    await replaceVersion(dir, pair(text));
    t.strictSame(readPair(dir), [text, text]);
  }
  process.umask(umask);
  const folder = currentVersionFolder(dir) ?? '';
  t.equal(statSync(join(folder, 'one')).mode & 0o777, 0o600);
  t.equal(statSync(join(folder, 'two')).mode & 0o777, 0o644);
  t.equal(statSync(dir).mode & 0o777, 0o700);
  t.equal(readdirSync(dir).filter((name) => name.startsWith('version-')).length, 2);
});

t.test('what a crash left between the two writes is not seen, and cleared away', async (t) => {
  const dir = makeTestFolder();
  t.teardown(() => rm(dir, { recursive: true }));
  await replaceVersion(dir, pair('a'));
  const half = 'version-0123456789abcdef';
  mkdirSync(join(dir, half));
  writeFileSync(join(dir, half, 'one'), 'b');
  symlinkSync(half, join(dir, 'current.new'));
  t.strictSame(readPair(dir), ['a', 'a']);
  await replaceVersion(dir, pair('c'));
  t.strictSame(readPair(dir), ['c', 'c']);
  t.notOk(readdirSync(dir).includes(half));
  t.notOk(readdirSync(dir).includes('current.new'));
});

t.test('a link that points elsewhere is not followed', async (t) => {
  const dir = makeTestFolder();
  t.teardown(() => rm(dir, { recursive: true }));
  symlinkSync('/etc', join(dir, 'current'));
  t.equal(currentVersionFolder(dir), undefined);
});

t.test('killed at any moment, a matching pair is left', async (t) => {
  const dir = makeTestFolder();
  t.teardown(() => rm(dir, { recursive: true }));
  await replaceVersion(dir, pair('first'));
  const module = join(import.meta.dirname, '../../src/io/versioned-folder.ts');
  const program = `
    const { replaceVersion } = await import(${JSON.stringify(module)});
    process.stdout.write('begun');
    for (let count = 0; ; count++) {
      const text = process.pid + '-' + count;
      await replaceVersion(process.argv[1], { one: { text, mode: 0o600 }, two: { text, mode: 0o644 } });
    }`;
  const seen = new Set<string>();
  for (let round = 0; round < 12; round++) {
    const child = spawn(process.execPath, ['--input-type=module', '-e', program, dir], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    await new Promise((resolve) => setTimeout(resolve, 5 + round * 7));
    child.kill('SIGKILL');
    await once(child, 'exit');
    const [one, two] = readPair(dir);
    t.equal(one, two);
    seen.add(one);
  }
  t.ok(seen.size > 1, 'the children had written');
});
