import { spawnSync } from 'node:child_process';
import { rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { HecateError } from '@hecate/proto/core/errors.ts';
import { fileError } from '@hecate/proto/io/file-errors.ts';
import t from 'tap';
import { DiskReserve, isDiskFull } from '../../src/io/disk-reserve.ts';

t.test('an error of a full disk, however it is told', async (t) => {
  const errno = (code: string) => Object.assign(new Error(code), { code });
  t.equal(isDiskFull(errno('ENOSPC')), true);
  t.equal(isDiskFull(errno('EDQUOT')), true);
  t.equal(isDiskFull(fileError('append to it', '/x', errno('ENOSPC'))), true);
  t.equal(isDiskFull(errno('EROFS')), false);
  t.equal(isDiskFull(new HecateError('HEC_BUSY', 'too much waits')), false);
  t.equal(isDiskFull(undefined), false);
});

t.test('it is told why it cannot be made, where that is not for want of room', async (t) => {
  const folder = t.testdir({ reserve: {} });
  const reserve = await DiskReserve.open(folder);
  t.match(reserve.trouble?.message, /its disk is full/);
  t.equal(await reserve.restore(), false, 'a directory stands in its place');
  t.match(reserve.trouble?.message, /reserve: cannot write it: E/);
  rmdirSync(join(folder, 'reserve'));
  t.equal(await reserve.restore(), true);
  t.equal(reserve.trouble, undefined);
});

const script = join(import.meta.dirname, 'disk-reserve-full-disk.ts');
const unshareFlags = process.getuid?.() === 0 ? ['-m'] : ['-Urm'];
const canMount = spawnSync('unshare', [...unshareFlags, 'true']).status === 0;

t.test('a disk that fills up', { skip: canMount ? false : 'unshare -m is not allowed here' }, async (t) => {
  const disk = join(t.testdir({ disk: {} }), 'disk');
  const shell = 'mount -t tmpfs -o size=4m tmpfs "$1" && exec "$2" "$3" "$1"';
  const argv = [...unshareFlags, 'sh', '-c', shell, 'sh', disk, process.execPath, script];
  const { stdout, stderr } = spawnSync('unshare', argv, { encoding: 'utf8' });
  t.equal(stderr, '');
  const seen = JSON.parse(stdout);
  const whole = 1024 * 1024;

  t.equal(seen.sizeAtStart, whole);
  t.ok(seen.blocksAtStart * 512 >= whole, 'really written');
  t.match(seen.newRun, /ENOSPC/, 'a run that is asked for has no claim to it');
  t.equal(seen.sizeAfterRefusal, whole);
  t.equal(seen.decided, '', 'what was decided has');
  t.equal(seen.sizeAfterDecided, 0);
  t.match(seen.newRunThen, /its disk is full/, 'nobody else may take what it left');
  t.equal(seen.stillNoRoom, false);
  t.equal(seen.newRunWithRoom, '', 'with room, runs begin');
  t.equal(seen.sizeWithRoom, whole, 'and the reserve is there again');
  t.match(seen.told[0], /its disk is full/);
  t.equal(seen.told[1], null, 'over');

  t.same(seen.epochs, [1, 2], 'a manager starts on a full disk');
  t.equal(seen.sizeAfterStart, 0);
  t.match(seen.trouble, /its disk is full/);
  t.match(seen.thirdStart, /ENOSPC/, 'once: then there is nothing left to give');
  t.equal(seen.sizeAfterRoom, whole);
  t.same(seen.kept, ['never begun', 'decided', 'new at last']);
});
