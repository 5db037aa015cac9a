import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import t from 'tap';
import { fileOf, files, isFixture, isGenerated, isTest, read, root, specifiersOf } from './sources.ts';

const sources = files('.ts').filter((file) => !isGenerated(file));
const linesMax = 400;

/** Longer files, and why they are. */
const longer: Readonly<Record<string, string>> = {};

t.test(`no file has more than ${linesMax} lines`, async (t) => {
  for (const file of [...sources, ...files('.js', '.mjs', '.sh')]) {
    const lines = read(file).split('\n').length - 1;
    if (longer[file]) t.ok(lines > linesMax, `${file} is short enough by now`);
    else t.ok(lines <= linesMax, `${file}: ${lines} lines`);
  }
});

t.test('file names are kebab-case', async (t) => {
  for (const file of sources) t.match(basename(file), /^[a-z0-9]+(-[a-z0-9]+)*(\.test)?\.ts$/, file);
});

t.test('every import leads to a file', async (t) => {
  for (const file of sources.filter((name) => !isFixture(name))) {
    const targets = specifiersOf(file).map((specifier) => fileOf(file, specifier));
    t.same(
      targets.filter((target) => target !== undefined && !existsSync(join(root, target))),
      [],
      file,
    );
  }
});

/** Names of files as texts mention them, in another way than importing them → who does. */
function mentions(): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const file of [...files('.sh', '.json', '.js', '.service'), ...sources]) {
    for (const [name] of withoutImports(read(file)).matchAll(/[\w.-]+\.ts\b/g)) {
      found.set(name, (found.get(name) ?? new Set()).add(file));
    }
  }
  return found;
}

/** Files that begin something: programs, what package.json's scripts run, what is run by its path. */
function findRoots(): string[] {
  const mentioned = mentions();
  const isNamed = (file: string): boolean =>
    [...(mentioned.get(basename(file)) ?? [])].some((other) => other !== file);
  return sources.filter(
    (file) => isTest(file) || /^[a-z]+\/src\/main\.ts$/.test(file) || isProgram(file) || isNamed(file),
  );
}

/** A script that is run by hand says so in its head. */
const isProgram = (file: string): boolean => read(file).includes(`node ${file}`);

const withoutImports = (text: string): string =>
  text.replace(/\b(?:from|import)\s*\(?\s*'[^'\n]+'/g, '').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');

function reachable(from: readonly string[]): Set<string> {
  const found = new Set<string>();
  const queue = [...from];
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (found.has(file) || !existsSync(join(root, file))) continue;
    found.add(file);
    for (const specifier of specifiersOf(file)) {
      const target = fileOf(file, specifier);
      if (target?.endsWith('.ts')) queue.push(target);
    }
  }
  return found;
}

const roots = findRoots();

t.test('no dead files: everything is reached from a program, a script or a test', async (t) => {
  const alive = reachable(roots);
  t.same(
    sources.filter((file) => !alive.has(file)),
    [],
  );
});

t.test('no source that only tests use', async (t) => {
  const used = reachable(roots.filter((file) => !isTest(file) && !/^test\/(?!bench\/)/.test(file)));
  const isSource = (file: string): boolean => /^[a-z]+\/src\//.test(file);
  t.same(
    sources.filter((file) => isSource(file) && !used.has(file)),
    [],
  );
});
