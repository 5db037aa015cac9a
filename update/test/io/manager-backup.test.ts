import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { keepLast } from '../../src/io/manager-backup.ts';

t.test('the last two backups are kept, and nothing else (I14)', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'hecate-backups-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const put = (name: string): string => {
    writeFileSync(join(folder, name), '');
    return join(folder, name);
  };
  const present = (): string[] => readdirSync(folder).toSorted();
  const [first, second, third] = ['20260101T1', '20260102T1', '20260103T1'].map((day) => `${day}-1.0.0.tar`);
  await keepLast(folder, put(first ?? ''));
  await keepLast(folder, put(second ?? ''));
  t.same(present(), [first, second]);
  put('.20260103T1-1.0.0.tar.77-1.writing');
  await keepLast(folder, put(third ?? ''));
  t.same(present(), [second, third], 'what was cut short goes, too');
  const early = '20250101T1-1.0.0.tar';
  await keepLast(folder, put(early));
  t.same(present(), [early, third], 'one that a clock gone back has made just now stays');
});
