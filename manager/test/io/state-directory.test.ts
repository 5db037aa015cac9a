import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import t, { type Test } from 'tap';
import { until } from '../../../test/nodes/until.ts';
import { openStateDirectory } from '../../src/io/state-directory.ts';

const holderScript = join(import.meta.dirname, 'state-directory-holder.ts');

interface Answer {
  epoch?: number;
  code?: string;
  message?: string;
  remedy?: string;
}

/** Another process that tries to take the directory. */
async function holder(t: Test, path: string): Promise<{ child: ChildProcess; answer: Answer }> {
  const child = spawn(process.execPath, [holderScript, path], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.teardown(() => child.kill('SIGKILL'));
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  return { child, answer: JSON.parse(line) as Answer };
}

t.test('created private, with an epoch that each start raises', async (t) => {
  const path = join(t.testdir(), 'deep/state');
  for (const epoch of [1, 2, 3]) {
    const state = await openStateDirectory(path);
    t.equal(state.epoch, epoch);
    t.equal(
      JSON.parse(readFileSync(join(path, 'epoch.json'), 'utf8')).epoch,
      epoch,
      'on disk before anybody has it',
    );
    await state.release();
    await state.release();
  }
  t.equal(statSync(path).mode & 0o777, 0o700);
  t.equal(statSync(join(path, 'epoch.json')).mode & 0o777, 0o600);
});

t.test('a directory that systemd or an admin made readable is closed; half-written files go', async (t) => {
  const path = join(t.testdir({ state: { '.epoch.json.1-1.writing': 'x', 'ledger.json': '{}' } }), 'state');
  chmodSync(path, 0o755);
  const state = await openStateDirectory(path);
  t.equal(statSync(path).mode & 0o777, 0o700);
  t.same(readdirSync(path).sort(), ['epoch.json', 'journal', 'ledger.json', 'lock', 'reserve']);
  t.equal(state.journalPath('operations'), join(path, 'journal/operations.records'));
  t.throws(() => state.journalPath('../x'), { code: 'HEC_INTERNAL' });
  await state.release();
});

t.test('the next start is above every epoch that was heard of', async (t) => {
  const path = t.testdir();
  const first = await openStateDirectory(path);
  t.equal(first.highestForeignEpoch, 0);
  await Promise.all([first.noteForeignEpoch(41), first.noteForeignEpoch(7), first.noteForeignEpoch(12)]);
  t.equal(first.highestForeignEpoch, 41);
  t.equal(first.epoch, 1, 'a manager does not change its own number while it runs');
  await t.rejects(first.noteForeignEpoch(Number.NaN), { code: 'HEC_PROTOCOL' });
  await t.rejects(first.noteForeignEpoch(-1), { code: 'HEC_PROTOCOL' });
  await first.release();
  const second = await openStateDirectory(path);
  t.equal(second.epoch, 42);
  t.equal(second.highestForeignEpoch, 41);
  await second.release();
});

t.test('one manager at a time, also through another name of the directory', async (t) => {
  const folder = t.testdir({ state: {} });
  symlinkSync('state', join(folder, 'other-name'));
  const { child, answer } = await holder(t, join(folder, 'state'));
  t.equal(answer.epoch, 1);
  await t.rejects(openStateDirectory(join(folder, 'other-name')), {
    code: 'HEC_LOCKED',
    message: new RegExp(`the manager with pid ${child.pid} holds this state directory$`),
    remedy: /systemctl stop/,
  });
  t.same(
    JSON.parse(readFileSync(join(folder, 'state/epoch.json'), 'utf8')).epoch,
    1,
    'the loser raised nothing',
  );
  child.stdin?.end();
  await once(child, 'exit');
  const state = await openStateDirectory(join(folder, 'state'));
  t.equal(state.epoch, 2);
  await t.rejects(
    openStateDirectory(join(folder, 'state')),
    { code: 'HEC_LOCKED' },
    'nor twice in one process',
  );
  await state.release();
});

t.test('a stopped holder still holds it; a killed one at once no more', async (t) => {
  const path = t.testdir();
  const { child } = await holder(t, path);
  const pid = child.pid ?? 0;
  process.kill(pid, 'SIGSTOP');
  await until(() => / T /.test(readFileSync(`/proc/${pid}/stat`, 'latin1')), {
    what: 'the holder is stopped',
  });
  await t.rejects(openStateDirectory(path), {
    code: 'HEC_LOCKED',
    message: `pid ${pid} holds this state directory, and is stopped (SIGSTOP)`,
    remedy: `kill -CONT ${pid}`,
  });
  child.kill('SIGKILL');
  await once(child, 'exit');
  const state = await openStateDirectory(path);
  t.equal(state.epoch, 2);
  await state.release();
});

t.test('many start at once: one gets it', async (t) => {
  const path = t.testdir();
  const answers = await Promise.all(Array.from({ length: 6 }, () => holder(t, path)));
  t.equal(answers.filter(({ answer }) => answer.epoch === 1).length, 1);
  t.equal(answers.filter(({ answer }) => answer.code === 'HEC_LOCKED').length, 5);
  for (const { child } of answers) child.kill('SIGKILL');
});

t.test('a damaged epoch is refused, never taken for zero', async (t) => {
  const path = t.testdir({ 'epoch.json': '' });
  for (const text of [
    '',
    '{}',
    '{"epoch":-1,"highestForeignEpoch":0}',
    '{"epoch":1.5,"highestForeignEpoch":0}',
    '12',
    'null',
    '{"epoch":9007199254740993,"highestForeignEpoch":0}',
  ]) {
    writeFileSync(join(path, 'epoch.json'), text);
    await t.rejects(
      openStateDirectory(path),
      { code: 'HEC_STATE', message: /epoch\.json: damaged/, remedy: /backup/ },
      text,
    );
    t.equal(readFileSync(join(path, 'epoch.json'), 'utf8'), text);
  }
  writeFileSync(join(path, 'epoch.json'), '{"epoch":5,"highestForeignEpoch":0}');
  const state = await openStateDirectory(path);
  t.equal(state.epoch, 6, 'the lock was let go each time');
  await state.release();
});

t.test('what is in the way', async (t) => {
  const folder = t.testdir({ file: 'x', state: {} });
  await t.rejects(openStateDirectory(join(folder, 'file')), {
    code: 'HEC_STATE',
    message: /file: cannot use it/,
  });
  await t.rejects(openStateDirectory(join(folder, 'file/deeper')), { code: 'HEC_STATE' });
  mkdirSync(join(folder, 'state/lock'));
  await t.rejects(openStateDirectory(join(folder, 'state')), { code: 'HEC_STATE', message: /EISDIR/ });
});

const unshareFlags = process.getuid?.() === 0 ? ['-m'] : ['-Urm'];
const canMount = spawnSync('unshare', [...unshareFlags, 'true']).status === 0;

/** Runs the holder with a tmpfs of a few blocks at `disk`, prepared by a shell command. */
function onSmallDisk(disk: string, prepare: string): Answer {
  const script = `mount -t tmpfs -o size=16k,nr_inodes=20 tmpfs "$1" && ${prepare} && exec "$2" "$3" "$1" </dev/null`;
  const argv = [...unshareFlags, 'sh', '-c', script, 'sh', disk, process.execPath, holderScript];
  const { stdout, stderr } = spawnSync('unshare', argv, { encoding: 'utf8' });
  return stderr === '' ? (JSON.parse(stdout) as Answer) : { message: stderr };
}

t.test(
  'full and read-only disks',
  { skip: canMount ? false : 'unshare -m is not allowed here' },
  async (t) => {
    const disk = join(t.testdir({ disk: {} }), 'disk');
    t.same(onSmallDisk(disk, 'true'), { epoch: 1 });
    const fill = '! dd if=/dev/zero of="$1/fill" bs=1k 2>/dev/null';
    t.match(onSmallDisk(disk, fill), { code: 'HEC_STATE', message: /ENOSPC/, remedy: /free space/ });
    const readOnly = 'mount -o remount,ro "$1"';
    t.match(onSmallDisk(disk, readOnly), { code: 'HEC_STATE', message: /EROFS/, remedy: /read-only/ });
  },
);
