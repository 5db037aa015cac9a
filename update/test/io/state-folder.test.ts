import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { idle } from '../../src/core/host-update.ts';
import { StateFolder } from '../../src/io/state-folder.ts';

t.test('the state folder', async (t) => {
  const path = mkdtempSync(join(tmpdir(), 'hecate-state-'));
  t.teardown(() => rmSync(path, { recursive: true }));
  const folder = await StateFolder.open(path);

  t.same(await folder.read(), idle, 'there has been no update yet');
  const state = {
    phase: 'installing',
    from: '1.0.0',
    to: '1.1.0',
    refused: [],
    doubted: [],
    backup: null,
  } as const;
  await folder.write(state);
  t.same(await (await StateFolder.open(path)).read(), state);
  t.ok(existsSync(join(path, 'unfinished')), 'what hecate-update-resume.service looks for');
  await folder.write(idle);
  t.notOk(existsSync(join(path, 'unfinished')));

  t.same(await folder.kept('1.1.0'), []);
  const incoming = await folder.incoming();
  writeFileSync(join(incoming, 'a.deb'), '');
  t.same(await folder.kept('1.1.0'), [], 'what is on its way is not kept yet');
  await folder.keep(incoming, '1.1.0');
  t.same(await folder.kept('1.1.0'), [join(path, 'packages/1.1.0/a.deb')]);
  await folder.forgetOthers(['1.1.0']);
  t.equal((await folder.kept('1.1.0')).length, 1);
  await folder.forgetOthers(['1.2.0']);
  t.same(await folder.kept('1.1.0'), []);
  t.throws(() => folder.folderOf('../../etc'), TypeError);

  writeFileSync(join(path, 'update.json'), '{"phase":');
  await t.rejects(folder.read(), { code: 'HEC_STATE', message: /damaged/ }, 'nothing is guessed');
});

t.test('what is kept of a release is exactly what is installed', async (t) => {
  const path = mkdtempSync(join(tmpdir(), 'hecate-state-'));
  t.teardown(() => rmSync(path, { recursive: true }));
  const folder = await StateFolder.open(path);
  const incoming = await folder.incoming();
  const names = ['hecate-runtime', 'hecate-agent'];
  for (const name of names) writeFileSync(join(incoming, `${name}_1.1.0_all.deb`), '');
  await folder.keep(incoming, '1.1.0');
  t.equal(await folder.keepsOnly('1.1.0', names, 'deb'), true);
  t.equal(
    await folder.keepsOnly('1.1.0', [...names, 'hecate-manager'], 'deb'),
    false,
    'installed since then',
  );
  t.equal(await folder.keepsOnly('1.1.0', ['hecate-runtime'], 'deb'), true);
  t.equal((await folder.kept('1.1.0')).length, 1, 'removed since then');
  t.equal(await folder.keepsOnly('1.2.0', names, 'deb'), false);
});
