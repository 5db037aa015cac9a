/** The start of hecatectl as it is installed: with the code that V8 made of it at an earlier start, or without. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import t, { type Test } from 'tap';

t.setTimeout(120_000);

const launcher = resolve(import.meta.dirname, '../../packaging/launcher/hecatectl.cjs');

/** Of some size, so that damage meets functions. */
const bundleText = (word: string): string => `'use strict';
${Array.from({ length: 50 }, (_, n) => `function lazy${n}(x) { return [x, ${n}, '${n}'.repeat(x)].join('-').length; }`).join('\n')}
const all = [${Array.from({ length: 50 }, (_, n) => `lazy${n}`).join(', ')}];
exports.run = () => {
  const sum = all.reduce((total, each) => total + each(3), 0);
  console.log('${word}', sum, process.argv[2]);
  if (process.argv[2] === 'fails') process.exit(3);
};
`;

interface Installed {
  readonly folder: string;
  readonly bundle: string;
  readonly home: string;
  readonly code: string;
  /** What it says. */
  run(command: string, environment?: Record<string, string>): string;
  commands(): string[];
}

function install(t: Test): Installed {
  const folder = mkdtempSync(join(tmpdir(), 'hecate-launcher-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const start = join(folder, 'hecatectl.cjs');
  const bundle = join(folder, 'hecatectl-bundle.cjs');
  const home = join(folder, 'home');
  const code = join(home, '.cache/hecate/hecatectl.code');
  mkdirSync(home, { mode: 0o755 });
  writeFileSync(start, readFileSync(launcher));
  writeFileSync(bundle, bundleText('one'));
  return {
    folder,
    bundle,
    home,
    code,
    run(command, environment = { HOME: home }) {
      const { stdout, stderr, signal } = spawnSync(process.execPath, [start, command], {
        encoding: 'utf8',
        env: environment,
        // One that waits for ever is killed, and says so.
        timeout: 30_000,
        killSignal: 'SIGKILL',
      });
      return `${stdout}${stderr}${signal ?? ''}`;
    },
    commands: () => JSON.parse(readFileSync(code, 'utf8').slice(0, 2048)).commands,
  };
}

t.test('what was made at the first start is taken at the next, and grows by what is run', async (t) => {
  const { run, code, commands } = install(t);
  t.equal(run('start'), 'one 510 start\n');
  const { ino, mode } = statSync(code);
  t.equal(mode & 0o777, 0o600);
  t.equal(statSync(join(code, '..')).mode & 0o777, 0o700);
  t.equal(run('start'), 'one 510 start\n');
  t.equal(statSync(code).ino, ino, 'it is not written again');
  t.equal(run('list-nodes'), 'one 510 list-nodes\n');
  t.same(commands(), ['start', 'list-nodes']);
  run('fails');
  run('--version');
  t.same(commands(), ['start', 'list-nodes'], 'no more than commands that ended well');
  t.same(readdirSync(join(code, '..')), ['hecatectl.code'], 'nothing is left beside it');
});

t.test('a damaged file is not run, and made anew', async (t) => {
  const { run, code, commands } = install(t);
  run('start');
  const good = readFileSync(code);
  const half = (good.length - 2048) / 2;
  for (const at of [
    0,
    30,
    2048,
    2048 + 20,
    2048 + 100,
    2048 + half / 2,
    2048 + half + 300,
    good.length - 5,
  ]) {
    const bad = Buffer.from(good);
    bad[Math.floor(at)] = (bad[Math.floor(at)] ?? 0) ^ 0x10;
    writeFileSync(code, bad);
    t.equal(run('start'), 'one 510 start\n', `a flipped bit at ${at} of ${good.length}`);
    t.same(commands(), ['start']);
    t.equal(run('start'), 'one 510 start\n');
  }
  for (const bad of [
    good.subarray(0, 3000),
    good.subarray(0, 100),
    Buffer.alloc(0),
    Buffer.alloc(good.length),
  ]) {
    writeFileSync(code, bad);
    t.equal(run('start'), 'one 510 start\n', `${bad.length} bytes`);
    t.same(commands(), ['start']);
  }
});

t.test('another release of the same length does not run the code of the one before', async (t) => {
  const { run, bundle, commands } = install(t);
  run('start');
  run('list-nodes');
  rmSync(bundle);
  writeFileSync(bundle, bundleText('two'));
  t.equal(run('start'), 'two 510 start\n');
  t.same(commands(), ['start']);
});

t.test('a file that others can write is not run', async (t) => {
  const { run, code } = install(t);
  run('start');
  const { ino } = statSync(code);
  chmodSync(code, 0o666);
  t.equal(run('start'), 'one 510 start\n');
  t.not(statSync(code).ino, ino, 'another one is in its place');
  t.equal(statSync(code).mode & 0o777, 0o600);
});

/** Whether the file is run is seen by what it says: it has the code of another bundle, under the key of the present one. */
function plant({ bundle, code, run }: Installed): void {
  writeFileSync(bundle, bundleText('bad'));
  run('start');
  const bad = readFileSync(code);
  writeFileSync(bundle, bundleText('one'));
  run('start');
  writeFileSync(code, Buffer.concat([readFileSync(code).subarray(0, 2048), bad.subarray(2048)]));
}

t.test('a link in place of the file is not followed', async (t) => {
  const installed = install(t);
  const { run, code, folder } = installed;
  plant(installed);
  t.equal(run('start'), 'bad 510 start\n', 'what is planted would be run');
  const elsewhere = join(folder, 'elsewhere');
  renameSync(code, elsewhere);
  symlinkSync(elsewhere, code);
  t.equal(run('start'), 'one 510 start\n');
  t.ok(lstatSync(code).isFile(), 'a file is in its place');
  t.match(readFileSync(elsewhere, 'utf8'), '"start"', 'what it led to is as it was');
});

t.test('a folder that is a link is not used', async (t) => {
  for (const level of ['..', '../..']) {
    const installed = install(t);
    const { run, code, folder, home } = installed;
    plant(installed);
    const elsewhere = join(folder, 'elsewhere');
    renameSync(join(code, level), elsewhere);
    symlinkSync(elsewhere, join(code, level));
    const { ino } = statSync(code);
    t.equal(run('start'), 'one 510 start\n', level);
    t.equal(run('list-nodes'), 'one 510 list-nodes\n');
    const cache = { XDG_CACHE_HOME: `${join(home, '.cache')}/` };
    t.equal(run('list-nodes', cache), 'one 510 list-nodes\n');
    t.equal(statSync(code).ino, ino, 'nothing is written there');
  }
});

t.test('a home that is a link is used', async (t) => {
  const { run, commands, folder, home } = install(t);
  const link = join(folder, 'link');
  symlinkSync(home, link);
  t.equal(run('start', { HOME: link }), 'one 510 start\n');
  t.same(commands(), ['start']);
});

t.test('a FIFO in place of the file is not waited for', async (t) => {
  const { run, code } = install(t);
  mkdirSync(join(code, '..'), { recursive: true, mode: 0o700 });
  execFileSync('mkfifo', ['-m', '600', code]);
  t.equal(run('start'), 'one 510 start\n');
  t.ok(lstatSync(code).isFile(), 'a file is in its place');
});

t.test('a folder that others can write is not used, nor is anything made in it', async (t) => {
  for (const level of ['..', '../..', '../../..']) {
    for (const mode of [0o775, 0o1777]) {
      const installed = install(t);
      const { run, code } = installed;
      plant(installed);
      chmodSync(join(code, level), mode);
      const { ino } = statSync(code);
      t.equal(run('start'), 'one 510 start\n', `${level} ${mode.toString(8)}`);
      t.equal(run('list-nodes'), 'one 510 list-nodes\n');
      t.equal(statSync(code).ino, ino, 'nothing is written there');
    }
  }
  const { run, home } = install(t);
  chmodSync(home, 0o1777);
  t.equal(run('start'), 'one 510 start\n');
  t.equal(run('start', { XDG_CACHE_HOME: home }), 'one 510 start\n');
  t.same(readdirSync(home), [], 'as in /tmp');
});

const isRoot = process.geteuid?.() === 0;

t.test(
  'a folder of another user is not used, nor is anything made in it',
  { skip: isRoot ? false : 'only root can give a folder away' },
  async (t) => {
    for (const level of ['..', '../..', '../../..']) {
      const installed = install(t);
      const { run, code } = installed;
      plant(installed);
      chownSync(join(code, level), 65534, 65534);
      const { ino } = statSync(code);
      t.equal(run('start'), 'one 510 start\n', level);
      t.equal(run('list-nodes'), 'one 510 list-nodes\n');
      t.equal(statSync(code).ino, ino, 'nothing is written there');
    }
    const { run, home } = install(t);
    chownSync(home, 65534, 65534);
    t.equal(run('start'), 'one 510 start\n');
    t.equal(run('start', { XDG_CACHE_HOME: home }), 'one 510 start\n');
    t.same(readdirSync(home), [], 'it is not in the way of the user whose home it is');
  },
);

t.test('what killed processes left half written is removed after a day', async (t) => {
  const { run, code } = install(t);
  run('start');
  const nowS = Date.now() / 1000;
  const left = (name: string, ageS: number): void => {
    const path = join(code, '..', name);
    writeFileSync(path, 'half');
    utimesSync(path, nowS - ageS, nowS - ageS);
  };
  left('hecatectl.code.999999991.writing', 90_000);
  left('hecatectl.code.999999992.writing', 3_600);
  left('other.writing', 90_000);
  run('list-nodes');
  t.same(readdirSync(join(code, '..')).sort(), [
    'hecatectl.code',
    'hecatectl.code.999999992.writing',
    'other.writing',
  ]);
});

t.test('a file that cannot be put in its place leaves nothing beside it', async (t) => {
  const { run, code } = install(t);
  mkdirSync(join(code, 'in-the-way'), { recursive: true, mode: 0o700 });
  t.equal(run('start'), 'one 510 start\n');
  t.same(readdirSync(join(code, '..')), ['hecatectl.code']);
});

t.test('where nothing can be kept, it starts all the same', async (t) => {
  const { run, folder } = install(t);
  t.equal(run('start', {}), 'one 510 start\n', 'no home');
  const missing = join(folder, 'missing');
  t.equal(run('start', { HOME: missing }), 'one 510 start\n');
  t.notOk(existsSync(missing), 'a home that is not there is not made');
  const occupied = join(folder, 'occupied');
  mkdirSync(occupied, { mode: 0o755 });
  writeFileSync(join(occupied, 'hecate'), '');
  t.equal(run('start', { XDG_CACHE_HOME: occupied }), 'one 510 start\n', 'a file in the way');
});

t.test('an empty XDG_CACHE_HOME is none', async (t) => {
  const { run, folder, code } = install(t);
  t.equal(run('start', { HOME: join(folder, 'home'), XDG_CACHE_HOME: '' }), 'one 510 start\n');
  t.ok(existsSync(code));
});
