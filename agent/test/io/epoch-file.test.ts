import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { memoryEpoch, openEpochFile } from '../../src/io/epoch-file.ts';

t.test('durable, and only ever raised (I6)', async (t) => {
  const path = join(t.testdir(), 'epoch');
  const epoch = await openEpochFile(path);
  t.equal(epoch.highest, 0);
  await Promise.all([epoch.raise(3), epoch.raise(7), epoch.raise(5)]);
  t.equal(epoch.highest, 7);
  t.equal(readFileSync(path, 'utf8'), '7\n');
  t.equal((await openEpochFile(path)).highest, 7);
});

t.test('what is damaged is not guessed', async (t) => {
  const path = join(t.testdir(), 'epoch');
  for (const text of ['', '-1', '7x', '1e3', '9'.repeat(20)]) {
    writeFileSync(path, text);
    await t.rejects(openEpochFile(path), { code: 'HEC_STATE', remedy: /hecatectl health/ }, text);
  }
});

t.test('a disk that refuses: not raised, and tried again', async (t) => {
  const path = join(t.testdir(), 'none', 'epoch');
  const epoch = await openEpochFile(path);
  await t.rejects(epoch.raise(3), { code: 'HEC_STATE' });
  t.equal(epoch.highest, 0);
});

t.test('in memory', async (t) => {
  const epoch = memoryEpoch(2);
  await epoch.raise(1);
  t.equal(epoch.highest, 2);
});
