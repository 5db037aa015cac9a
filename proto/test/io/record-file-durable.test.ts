/** I9: what is acknowledged was synced before. The real calls are watched, not replaced. */
import fs from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { openRecordFile, type RecordFile } from '../../src/io/record-file.ts';

const events: string[] = [];

type Synced = 'write' | 'datasync' | 'sync' | 'truncate';

/** Notes the end of each call of the class that every open file of this process belongs to. */
async function watch(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  const shared = Object.getPrototypeOf(handle) as Record<Synced, (...args: unknown[]) => Promise<unknown>>;
  await handle.close();
  for (const name of ['write', 'datasync', 'sync', 'truncate'] as const) {
    const original = shared[name];
    shared[name] = async function (this: FileHandle, ...args: unknown[]) {
      const result = await original.apply(this, args);
      events.push(name);
      return result;
    };
  }
  const { writeSync } = fs;
  fs.writeSync = ((...args: Parameters<typeof writeSync>) => {
    events.push('write');
    return writeSync(...args);
  }) as typeof writeSync;
  syncBuiltinESMExports();
}

const begin = async (t: Test): Promise<RecordFile<unknown>> => {
  const file = await openRecordFile(join(t.testdir(), 'journal'), { parse: (value) => value });
  events.length = 0;
  return file;
};

t.before(() => watch(import.meta.dirname));

t.test('an append is acknowledged after its fdatasync', async (t) => {
  const file = await begin(t);
  await file.append(1);
  events.push('acknowledged');
  t.same(events, ['write', 'datasync', 'acknowledged']);
  await file.close();
});

t.test('appends that come together share one, those that come meanwhile the next', async (t) => {
  const file = await begin(t);
  const first = Promise.all([1, 2, 3].map((n) => file.append(n)));
  first.then(() => events.push('first'));
  await new Promise(setImmediate);
  await Promise.all([4, 5, 6].map((n) => file.append(n)));
  events.push('second');
  t.same(events, ['write', 'datasync', 'first', 'write', 'datasync', 'second']);
  await file.close();
});

t.test('a lazy record costs no fdatasync of its own', async (t) => {
  const file = await begin(t);
  file.appendLazily(1);
  await file.close();
  t.same(events, ['write']);
});

t.test('a compaction syncs the file, then its directory', async (t) => {
  const file = await begin(t);
  await file.rewrite([1]);
  events.push('acknowledged');
  t.same(events, ['write', 'sync', 'sync', 'acknowledged']);
  await file.close();
});
