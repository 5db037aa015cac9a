import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { openAuditLog } from '../../src/io/audit-log.ts';

const entry = (what: string) => ({ who: 'alice', from: '192.0.2.7:4000', what, outcome: 'done' });
const lines = (path: string): Record<string, unknown>[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>);

t.test('JSON lines with the time, in order, added to what is there', async (t) => {
  const path = join(t.testdir(), 'log/audit.jsonl');
  for (const first of [0, 50]) {
    const log = await openAuditLog(path, { wallMs: () => 1_700_000_000_000 });
    for (let i = first; i < first + 50; i += 1)
      log.append({ ...entry(`verb${i}`), node: 'a', durationMs: i });
    await log.close();
    await log.close();
  }
  t.same(
    lines(path).map(({ what }) => what),
    Array.from({ length: 100 }, (_, i) => `verb${i}`),
  );
  t.strictSame(lines(path)[3], {
    at: '2023-11-14T22:13:20.000Z',
    who: 'alice',
    from: '192.0.2.7:4000',
    what: 'verb3',
    outcome: 'done',
    node: 'a',
    durationMs: 3,
  });
  t.equal(statSync(path).mode & 0o777, 0o640);
});

t.test('a peer cannot forge a line, nor fill the disk with one', async (t) => {
  const path = join(t.testdir(), 'audit.jsonl');
  const log = await openAuditLog(path);
  log.append({ ...entry('connect'), reason: '\n{"who":"root"}\n\u2028\u0000' });
  log.append({ ...entry('connect'), reason: 'x'.repeat(100_000) });
  await log.flush();
  t.equal(lines(path).length, 2);
  t.equal(lines(path)[0]?.who, 'alice');
  t.ok(statSync(path).size < 2000);
  await log.close();
});

t.test('no secret gets into it', async (t) => {
  const path = join(t.testdir(), 'audit.jsonl');
  const log = await openAuditLog(path);
  const pem = '-----BEGIN EC PRIVATE KEY-----\nS3CR3T\n-----END EC PRIVATE KEY-----';
  log.append({ ...entry('join'), who: 'hecate-join-S3CR3T', reason: `${pem} and hecate-join-S3CR3T` });
  log.append({ ...entry('join'), reason: `${'x'.repeat(480)} ${pem}` });
  await log.close();
  t.notMatch(readFileSync(path, 'utf8'), 'S3CR3T');
  t.match(lines(path)[0], { who: '[redacted]', reason: '[redacted] and [redacted]' });
});

t.test('logrotate moves the file away: not one entry is lost', async (t) => {
  const path = join(t.testdir(), 'audit.jsonl');
  const log = await openAuditLog(path);
  log.append(entry('before'));
  await log.flush();
  renameSync(path, `${path}.1`);
  log.append(entry('between'));
  log.reopen();
  await log.flush();
  log.append(entry('after'));
  await log.flush();
  t.same(
    lines(`${path}.1`).map(({ what }) => what),
    ['before', 'between'],
  );
  t.same(
    lines(path).map(({ what }) => what),
    ['after'],
  );
  t.equal(log.failures, 0);
  await log.close();
});

t.test('what cannot be written is counted and told, and nothing throws', async (t) => {
  const folder = t.testdir();
  const path = join(folder, 'audit.jsonl');
  const told: string[] = [];
  const log = await openAuditLog(path, { onFailure: ({ message }) => told.push(message) });
  rmSync(path);
  mkdirSync(path);
  log.reopen();
  await log.flush();
  t.match(told, [/audit\.jsonl: cannot open it again: EISDIR/]);
  log.append(entry('lost'));
  log.append(entry('lost too'));
  await log.flush();
  t.equal(log.failures, 2);
  t.match(told[1], /cannot append to it: EISDIR/);
  rmSync(path, { recursive: true });
  log.append(entry('good again'));
  await log.flush();
  t.same(
    lines(path).map(({ what }) => what),
    ['good again'],
    'without a word from anybody',
  );
  await log.close();
  log.append(entry('after the end'));
  t.equal(log.failures, 3);
});

t.test('a flood is bounded, what waits is written', async (t) => {
  const path = join(t.testdir(), 'audit.jsonl');
  const log = await openAuditLog(path);
  for (let i = 0; i < 12_000; i += 1) log.append(entry(`verb${i}`));
  await log.flush();
  t.equal(log.failures, 2000);
  t.equal(lines(path).length, 10_000);
  await log.close();
});

t.test('a path that cannot be', async (t) => {
  const folder = t.testdir({ taken: '' });
  await t.rejects(openAuditLog(join(folder, 'taken/audit.jsonl')), {
    code: 'HEC_STATE',
    message: /audit log/,
  });
});

const script = join(import.meta.dirname, 'audit-log-full-disk.ts');
const unshareFlags = process.getuid?.() === 0 ? ['-m'] : ['-Urm'];
const canMount = spawnSync('unshare', [...unshareFlags, 'true']).status === 0;

t.test('a full disk', { skip: canMount ? false : 'unshare -m is not allowed here' }, async (t) => {
  const disk = join(t.testdir({ disk: {} }), 'disk');
  const shell = 'mount -t tmpfs -o size=16k tmpfs "$1" && exec "$2" "$3" "$1"';
  const argv = [...unshareFlags, 'sh', '-c', shell, 'sh', disk, process.execPath, script];
  const { stdout, stderr } = spawnSync('unshare', argv, { encoding: 'utf8' });
  t.equal(stderr, '');
  const seen = JSON.parse(stdout);
  t.match(seen.told[0], /ENOSPC/);
  t.match(seen.trouble, /ENOSPC/);
  t.equal(seen.troubleAfter, '', 'over when entries can be written again');
  t.equal(seen.whole + seen.failures, 301, 'every entry is in the file or counted');
  t.ok(seen.failures > 0 && seen.whole > 0);
  t.equal(seen.torn, 1, 'at most the one line that was cut off is not JSON');
  t.equal(seen.last, 'after', 'and what comes after it stands on a line of its own');
});
