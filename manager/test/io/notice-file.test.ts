import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { keyOfTarget, NoticeFile } from '../../src/io/notice-file.ts';
import type { RunNotice } from '../../src/io/notifications.ts';

const notice: RunNotice = {
  id: 'R1-finished',
  site: 'bench',
  event: 'finished',
  runId: 'R1',
  plan: 'shutdown',
  kind: 'shutdown',
  mode: 'poweroff',
  text: 'it is over',
  requestedBy: 'alice',
  reason: '',
  isRehearsal: false,
  atMs: 1_763_744_000_000,
};

t.test('kept, read again, and forgotten', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'hecate-notices-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'notices.json');
  const file = await NoticeFile.open(path);
  t.same(file.get('one'), []);
  file.set('one', [notice]);
  file.set('other', [notice, notice]);
  await file.written();
  t.equal(statSync(path).mode & 0o777, 0o600);
  const again = await NoticeFile.open(path);
  t.same(again.get('one'), [notice]);
  t.equal(again.keepOnly(new Set(['one'])), 2, 'those of the other');
  t.equal(again.keepOnly(new Set(['one'])), 0);
  again.set('one', []);
  await again.written();
  t.same(JSON.parse(readFileSync(path, 'utf8')), { version: 1, waiting: {} });
  const texts = [
    '',
    '{',
    'null',
    '{"waiting":3}',
    JSON.stringify({ waiting: { one: [{ ...notice, id: 1 }] } }),
  ];
  for (const text of texts) {
    writeFileSync(path, text);
    t.same((await NoticeFile.open(path)).get('one'), [], `nothing is told of ${text}`);
  }
});

t.test('a target has a name that keeps its secret', async (t) => {
  const webhook = (url: string, events: ('started' | 'failed')[] = ['started', 'failed']) =>
    keyOfTarget({ type: 'webhook', url, events });
  t.notMatch(webhook('https://ntfy.example/secret'), 'secret');
  t.not(webhook('https://a/'), webhook('https://b/'));
  t.equal(webhook('https://a/'), webhook('https://a/', ['failed']), 'whatever it is told of');
});
