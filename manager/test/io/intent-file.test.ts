import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { Intent, RunId } from '../../src/core/runs/run.ts';
import { readIntent, removeIntent, writeIntent } from '../../src/io/intent-file.ts';

const intent: Intent = {
  version: 1,
  runId: '01M7ZH0M95XW64C72NRBQPM8SG' as RunId,
  plan: 'shutdown',
  mode: 'poweroff',
  reason: 'mains gone',
  sinceWallMs: 1_763_744_000_000,
};

t.test('written, read, removed', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'hecate-intent-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'intent.json');
  t.equal(await readIntent(path), undefined);
  await writeIntent(path, intent);
  t.same(await readIntent(path), intent);
  await writeIntent(path, { ...intent, mode: 'cluster-only' });
  t.equal((await readIntent(path))?.mode, 'cluster-only');
  await removeIntent(path);
  t.notOk(existsSync(path));
  await removeIntent(path);
  for (const text of ['', '{', '{}', 'null', JSON.stringify({ ...intent, mode: 'other' })]) {
    writeFileSync(path, text);
    await t.rejects(readIntent(path), { code: 'HEC_STATE', message: /intent\.json: damaged/ }, text);
  }
  const nowhere = join(folder, 'no', 'intent.json');
  await t.rejects(writeIntent(nowhere, intent), { code: 'HEC_STATE' });
  await t.rejects(removeIntent(nowhere), { code: 'HEC_STATE' });
});
