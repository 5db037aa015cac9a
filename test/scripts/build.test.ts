import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import t from 'tap';
import { readProgram } from '../../scripts/build/program.ts';
import { isStale, readRecord, writeOutputs, writeRecord } from '../../scripts/build/record.ts';

const root = resolve(import.meta.dirname, '../..');
const build = (...args: string[]) =>
  spawnSync(process.execPath, ['scripts/build.ts', ...args], { cwd: root, encoding: 'utf8' });

t.test('every program has a bundle, and every bundle runs', async (t) => {
  const { status, stderr } = build('--if-stale');
  t.equal(status, 0, stderr);
  for (const folder of ['agent', 'manager', 'ctl']) {
    const program = readProgram(root, folder);
    if (!t.ok(program, `${folder} has a program`) || !program) continue;
    const bundle = join(root, 'dist', `${program.name}.${program.format === 'cjs' ? 'cjs' : 'mjs'}`);
    const help = spawnSync(process.execPath, [bundle, '--help'], { encoding: 'utf8' });
    t.equal(help.status, 0, `${bundle} --help: ${help.stderr}`);
    t.match(help.stdout + help.stderr, program.name);
  }
});

t.test('what is current is not built again', async (t) => {
  build('--if-stale');
  t.equal(build('--if-stale').stdout, '');
});

t.test('when a bundle is stale', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'hecate-build-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const dist = join(folder, 'dist');
  mkdirSync(join(folder, 'src'));
  writeFileSync(join(folder, 'src/main.ts'), 'one');
  const made = { inputs: ['src/main.ts'], outputs: ['program.mjs'] };
  const buildAnew = async (): Promise<void> => {
    await writeOutputs([{ path: join(dist, 'program.mjs'), contents: Buffer.from('built') }]);
    await writeRecord(folder, dist, 'program', made);
  };
  const stale = (): boolean => {
    const record = readRecord(dist, 'program');
    return record === undefined || isStale(folder, dist, record);
  };
  t.equal(stale(), true, 'never built');
  await buildAnew();
  t.equal(stale(), false, 'just built');
  writeFileSync(join(folder, 'src/main.ts'), 'two, longer');
  t.equal(stale(), true, 'a source has changed');
  await buildAnew();
  utimesSync(join(folder, 'src/main.ts'), 1, 1);
  t.equal(stale(), true, 'a source is another one, even an older');
  await buildAnew();
  rmSync(join(folder, 'src/main.ts'));
  t.equal(stale(), true, 'a source is gone');
  await buildAnew();
  rmSync(join(dist, 'program.mjs'));
  t.equal(stale(), true, 'the bundle is gone');
});
