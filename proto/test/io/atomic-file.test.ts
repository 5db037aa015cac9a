import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { readFileIfThere, removeFileDurably, writeFileAtomically } from '../../src/io/atomic-file.ts';

t.test('creates and replaces, with the mode asked for whatever the umask', async (t) => {
  const folder = t.testdir();
  const path = join(folder, 'state.json');
  const umask = process.umask(0o077);
  t.teardown(() => process.umask(umask));
  await writeFileAtomically(path, 'one', 0o640);
  t.equal(readFileSync(path, 'utf8'), 'one');
  t.equal(statSync(path).mode & 0o777, 0o640);
  await writeFileAtomically(path, Buffer.from('two'));
  t.equal(readFileSync(path, 'utf8'), 'two');
  t.equal(statSync(path).mode & 0o777, 0o600, 'private unless said otherwise');
  t.same(readdirSync(folder), ['state.json']);
});

t.test('writers at the same time: one of the texts, whole, and nothing left over', async (t) => {
  const folder = t.testdir();
  const path = join(folder, 'state.json');
  const texts = Array.from({ length: 20 }, (_, i) => String(i).repeat(50_000));
  await Promise.all(texts.map((text) => writeFileAtomically(path, text)));
  t.ok(texts.includes(readFileSync(path, 'utf8')));
  t.same(readdirSync(folder), ['state.json']);
});

t.test('a failure names the file and leaves the old text', async (t) => {
  const folder = t.testdir({ taken: { inside: '' } });
  const error = { code: 'HEC_STATE', message: /taken: cannot write it/ };
  await t.rejects(writeFileAtomically(join(folder, 'taken'), 'x'), error);
  t.same(readdirSync(folder), ['taken'], 'no temporary file is left');
  await t.rejects(writeFileAtomically(join(folder, 'no/such'), 'x'), {
    code: 'HEC_STATE',
    message: /ENOENT/,
  });
});

t.test('a file that need not be there: read, and removed', async (t) => {
  const folder = t.testdir({ 'state.json': 'one', taken: { inside: '' } });
  const path = join(folder, 'state.json');
  t.equal(await readFileIfThere(path), 'one');
  await removeFileDurably(path);
  t.notOk(existsSync(path));
  t.equal(await readFileIfThere(path), undefined);
  await removeFileDurably(path);
  const folderThere = join(folder, 'taken');
  await t.rejects(readFileIfThere(folderThere), { code: 'HEC_STATE', message: /taken: cannot read it/ });
  await t.rejects(removeFileDurably(folderThere), { code: 'HEC_STATE', message: /taken: cannot remove it/ });
});
