import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { StateReplacement } from '../../src/backup/state-replacement.ts';
import { openStateDirectory } from '../../src/io/state-directory.ts';

const nowMs = Date.UTC(2026, 10, 21, 20);
const epoch = Buffer.from('{"epoch":7,"highestForeignEpoch":9}\n');
const files = new Map([
  ['epoch.json', epoch],
  ['journal/runs.records', Buffer.from('')],
]);

function folderFor(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'hecate-replacement-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);

t.test('what is put there is for its owner alone, under any umask', async (t) => {
  const folder = folderFor(t);
  const state = join(folder, 'state');
  const umask = process.umask(0o177);
  t.teardown(() => process.umask(umask));
  const replacement = await StateReplacement.begin(state, nowMs);
  const config = { path: join(folder, 'etc/hecate.yaml'), bytes: Buffer.from('site: home\n') };
  t.same(await replacement.put(files, config), []);
  await replacement.release();
  t.same(
    ['state', 'state/journal', 'state/epoch.json', 'etc', 'etc/hecate.yaml'].map((path) =>
      modeOf(join(folder, path)),
    ),
    ['700', '700', '600', '755', '644'],
  );
});

t.test('what was there is kept aside, and belongs to whom the directory belongs to', async (t) => {
  const folder = folderFor(t);
  const state = join(folder, 'state');
  const isRoot = process.getuid?.() === 0;
  mkdirSync(state, { mode: 0o700 });
  writeFileSync(join(state, 'runs.json'), 'old');
  writeFileSync(join(state, 'power.json'), 'old');
  mkdirSync(join(state, 'peer'));
  writeFileSync(join(folder, 'hecate.yaml'), 'old', { mode: 0o640 });
  if (isRoot) chownSync(state, 1234, 1234);
  const replacement = await StateReplacement.begin(state, nowMs);
  await t.rejects(replacement.requireEmpty(undefined), { code: 'HEC_STATE', remedy: /--force/ });
  const config = { path: join(folder, 'hecate.yaml'), bytes: Buffer.from('new') };
  const [aside = '', oldConfig = ''] = await replacement.put(files, config);
  t.equal(await replacement.presentEpoch(), 9);
  await replacement.release();
  t.equal(aside, join(state, 'before-restore-20261121T200000.000Z'));
  t.equal(readFileSync(join(aside, 'runs.json'), 'utf8'), 'old');
  t.ok(existsSync(join(aside, 'power.json')), 'also what a restore has nothing for');
  t.ok(existsSync(join(state, 'peer')), 'what is not of the state stays');
  t.equal(readFileSync(oldConfig, 'utf8'), 'old');
  t.same([readFileSync(config.path, 'utf8'), modeOf(config.path)], ['new', '640']);
  for (const name of ['lock', 'epoch.json', 'journal', 'journal/runs.records'])
    t.equal(statSync(join(state, name)).uid, isRoot ? 1234 : process.getuid?.(), name);
});

t.test('a configuration that is there is not written over unasked', async (t) => {
  const folder = folderFor(t);
  const config = join(folder, 'hecate.yaml');
  writeFileSync(config, '');
  const replacement = await StateReplacement.begin(join(folder, 'state'), nowMs);
  await t.resolves(replacement.requireEmpty(undefined));
  await t.rejects(replacement.requireEmpty(config), { code: 'HEC_STATE', remedy: /--keep-config/ });
  await replacement.release();
});

t.test('one at a time, and no manager at the same time', async (t) => {
  const state = join(folderFor(t), 'state');
  const replacement = await StateReplacement.begin(state, nowMs);
  await t.rejects(StateReplacement.begin(state, nowMs), { code: 'HEC_LOCKED' });
  await t.rejects(openStateDirectory(state), { code: 'HEC_LOCKED' });
  await replacement.put(files, undefined);
  await replacement.release();
  const opened = await openStateDirectory(state);
  t.equal(opened.epoch, 10, 'above both of its numbers');
  await opened.release();
});

t.test('no manager starts where a restore was interrupted', async (t) => {
  const state = join(folderFor(t), 'state');
  mkdirSync(state, { mode: 0o700 });
  writeFileSync(join(state, 'restore.unfinished'), '');
  await t.rejects(openStateDirectory(state), { code: 'HEC_STATE', message: /a restore was interrupted/ });
  const replacement = await StateReplacement.begin(state, nowMs);
  await replacement.put(files, undefined);
  await replacement.release();
  t.notOk(existsSync(join(state, 'restore.unfinished')));
  await (await openStateDirectory(state)).release();
});

t.test('what interrupted restores have set aside is a place of the state, too', async (t) => {
  const state = join(folderFor(t), 'state');
  mkdirSync(state, { mode: 0o700 });
  const stamps = ['20261121T180000.000Z', '20261121T190000.000Z'];
  writeFileSync(join(state, 'restore.unfinished'), `${stamps.join('\n')}\n../elsewhere\n`);
  const replacement = await StateReplacement.begin(state, nowMs);
  t.same(replacement.places, [...stamps.map((stamp) => join(state, `before-restore-${stamp}`)), state]);
  // Interrupted once more: the configuration cannot be put where it is to be.
  const impossible = { path: join(state, 'restore.unfinished/hecate.yaml'), bytes: epoch };
  await t.rejects(replacement.put(files, impossible), { code: 'HEC_STATE' });
  t.equal(
    readFileSync(join(state, 'restore.unfinished'), 'utf8'),
    `${[...stamps, '20261121T200000.000Z'].join('\n')}\n`,
  );
  await replacement.release();
});

t.test('a link in the directory leads root nowhere', async (t) => {
  const folder = folderFor(t);
  const [state, other] = [join(folder, 'state'), join(folder, 'other')];
  mkdirSync(state);
  writeFileSync(other, 'root:x:0:0\n');
  symlinkSync(other, join(state, 'lock'));
  await t.rejects(StateReplacement.begin(state, nowMs), { code: 'HEC_STATE' });
  t.equal(readFileSync(other, 'utf8'), 'root:x:0:0\n');
});
