import { existsSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { errorTable } from '@hecate/proto/core/errors.ts';
import t from 'tap';
import { documents, files, packageNames, read, root } from './sources.ts';

/** GitHub's way to make an anchor of a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/`/g, '')
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .trim()
    .replaceAll(' ', '-');

const anchorsOf = (file: string): Set<string> =>
  new Set([...read(file).matchAll(/^#{1,6} (.+)$/gm)].map((match) => anchorOf(match[1] ?? '')));

const withoutCode = (text: string): string => text.replace(/```[\s\S]*?```/g, '').replace(/`[^`\n]*`/g, '');

t.test('links lead somewhere', async (t) => {
  for (const file of documents) {
    for (const match of withoutCode(read(file)).matchAll(/\]\(([^)\s]+)\)/g)) {
      const [path = '', anchor] = (match[1] ?? '').split('#');
      if (/^[a-z]+:/.test(path)) continue;
      const target = path === '' ? file : normalize(join(dirname(file), path));
      const isThere = existsSync(join(root, target));
      t.ok(isThere, `${file}: ${match[1]}`);
      if (isThere && anchor) t.ok(anchorsOf(target).has(anchor), `${file}: ${match[1]}`);
    }
  }
});

t.test(
  'invariants that are cited are there, and every one of the table is cited or said to be for later',
  async (t) => {
    const rows = [...read('docs/invariants.md').matchAll(/^\| (I\d+) \|(.*)\|$/gm)];
    const known = new Map(rows.map((row) => [row[1] ?? '', row[2] ?? '']));
    t.equal(known.size, 15);
    const cited = new Set<string>();
    for (const file of files('.ts', '.proto', '.sh')) {
      for (const match of read(file).matchAll(/\bI([1-9]\d?)\b/g)) {
        cited.add(match[0]);
        t.ok(known.has(match[0]), `${file} cites ${match[0]}`);
      }
    }
    for (const [name, row] of known) {
      if (!row.includes('not yet')) t.ok(cited.has(name), `${name} is cited where it is enforced`);
    }
  },
);

t.test('files that the invariants name are there', async (t) => {
  const paths = [...read('docs/invariants.md').matchAll(/`([a-z]+\/[^`*]+\.(?:ts|sh))`/g)].map(
    (match) => match[1] ?? '',
  );
  t.ok(paths.length > 10);
  for (const path of paths) t.ok(existsSync(join(root, path)), path);
});

t.test('error codes are documented, and no others exist', async (t) => {
  const listed = [...read('docs/protocol.md').matchAll(/^\| `(HEC_[A-Z_]+)` \|/gm)].map((match) => match[1]);
  t.same(listed, Object.keys(errorTable), 'docs/protocol.md lists the table');
  for (const file of [...documents, ...files('.ts')]) {
    for (const match of read(file).matchAll(/\bHEC_[A-Z]+(?:_[A-Z]+)*\b/g)) {
      if (match[0].endsWith('FUTURE')) continue;
      if (!Object.hasOwn(errorTable, match[0])) t.fail(`${file} names ${match[0]}`);
    }
  }
});

t.test('every code of the table is used', async (t) => {
  const texts = files('.ts')
    .filter((file) => file.includes('/src/') && file !== 'proto/src/core/errors.ts')
    .map(read);
  for (const code of Object.keys(errorTable))
    t.ok(
      texts.some((text) => text.includes(`'${code}'`)),
      code,
    );
});

t.test('scripts that documents name are there', async (t) => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  for (const file of documents) {
    for (const match of read(file).matchAll(/\bnpm run ([a-z]+(?:[:-][a-z]+)*)/g))
      t.ok(scripts[match[1] ?? ''], `${file}: ${match[0]}`);
    for (const match of read(file).matchAll(/\bnode ((?:scripts|test)\/[\w./-]+)/g)) {
      t.ok(existsSync(join(root, match[1] ?? '')), `${file}: ${match[0]}`);
    }
  }
});

t.test('programs are there and can be run', async (t) => {
  for (const name of packageNames) {
    const { bin = {} } = JSON.parse(read(`${name}/package.json`)) as { bin?: Record<string, string> };
    for (const file of Object.values(bin)) {
      const path = join(root, name, file);
      if (!t.ok(existsSync(path), `${name}/${file}`)) continue;
      t.equal(statSync(path).mode & 0o111, 0o111, `${name}/${file} is executable`);
      t.match(read(`${name}/${file}`), /^#!\/usr\/bin\/env (-S )?node( --[a-z0-9=-]+)*\n/);
    }
  }
});
