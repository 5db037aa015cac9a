import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { openLocalListener } from '../../src/io/local-listener.ts';

function folderOf(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'hecate-local-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const open = (path: string, mode = 0o660) =>
  openLocalListener({ path, role: 'admin', mode }, () => undefined);

t.test('what is there and is no socket is left alone', async (t) => {
  const folder = folderOf(t);
  const file = join(folder, 'passwd');
  writeFileSync(file, 'dear');
  await t.rejects(open(file), { code: 'HEC_CONFIG', message: /no socket/ });
  t.equal(readFileSync(file, 'utf8'), 'dear');
  const link = join(folder, 'link');
  symlinkSync(file, link);
  await t.rejects(open(link), { code: 'HEC_CONFIG' });
  t.ok(existsSync(link));
  const directory = join(folder, 'directory');
  mkdirSync(directory);
  await t.rejects(open(directory), { code: 'HEC_CONFIG' });
});

t.test('a socket that a crash left is replaced, one that is answered is not', async (t) => {
  const path = join(folderOf(t), 'manager.sock');
  const first = await open(path);
  await t.rejects(open(path), { code: 'HEC_LOCKED' });
  await first.close();
  const crashed = `const s = require('node:net').createServer(); s.listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'));`;
  spawnSync(process.execPath, ['-e', crashed]);
  t.ok(statSync(path).isSocket(), 'left behind');
  const second = await open(path);
  await second.close();
});

t.test('permissions are as asked for, and the umask of the process is its own', async (t) => {
  const folder = folderOf(t);
  chmodSync(folder, 0o755);
  const before = process.umask(0o022);
  t.teardown(() => process.umask(before));
  const opening = open(join(folder, 'a.sock'), 0o666);
  const turns = [process.umask()];
  const count = async () => {
    for (let i = 0; i < 20; i += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      turns.push(process.umask());
    }
  };
  const [listener] = await Promise.all([opening, count()]);
  t.same([...new Set(turns)], [0o022]);
  t.equal(statSync(join(folder, 'a.sock')).mode & 0o777, 0o666);
  await listener.close();
});

t.test('the socket is private from the moment that it is there', async (t) => {
  const path = join(folderOf(t), 'b.sock');
  const before = process.umask(0o177);
  const server = createServer();
  server.listen(path);
  process.umask(before);
  t.equal(statSync(path).mode & 0o777, 0o600, 'bound before listen() returned, with the umask of then');
  await new Promise<void>((resolve) => server.close(() => resolve()));
});
