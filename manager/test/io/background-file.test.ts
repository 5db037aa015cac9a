import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { BackgroundFile } from '../../src/io/background-file.ts';

t.test('the newest is there when all is written, also after a disk that refused', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'hecate-background-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const inner = join(folder, 'later');
  const path = join(inner, 'file');
  let text = 'first';
  const file = new BackgroundFile(path, () => text);
  await file.written();
  file.changed();
  await file.written();
  t.notOk(existsSync(path), 'refused, and nobody is held up');
  mkdirSync(inner);
  for (text of ['second', 'third', 'fourth']) file.changed();
  await file.written();
  t.equal(readFileSync(path, 'utf8'), 'fourth');
});
