import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { directorySource } from '../../src/io/directory-source.ts';
import { runScript, SigningKey, skipWithoutGpg } from '../support/signing-key.ts';

const file = 'hecate-agent_1.2.3_all.deb';

async function release(t: Test, key: SigningKey) {
  const root = mkdtempSync(join(tmpdir(), 'hecate-source-'));
  t.teardown(() => rmSync(root, { recursive: true }));
  const [folder, scratch, into] = ['folder', 'scratch', 'into'].map((name) => join(root, name)) as [
    string,
    string,
    string,
  ];
  mkdirSync(folder);
  mkdirSync(into);
  writeFileSync(join(folder, file), 'a package');
  await key.sign(folder);
  const source = directorySource({ folder, scratch, format: 'deb', keyring: key.keyring });
  return { folder, into, source };
}

t.test('a signed folder', { skip: skipWithoutGpg() }, async (t) => {
  const key = await SigningKey.make(t);

  await t.test('what is listed is offered, and brought', async (t) => {
    const { source, into } = await release(t, key);
    const [offered] = await source.offered();
    t.match(offered, { name: 'hecate-agent', version: '1.2.3', file });
    if (!offered) return;
    t.equal(readFileSync(await source.fetch(offered, into), 'utf8'), 'a package');
  });

  await t.test('a list that has expired, and one that has not; any sha256sum reads both', async (t) => {
    const { source, folder } = await release(t, key);
    await key.sign(folder, '2999-01-31');
    t.equal((await source.offered()).length, 1);
    await runScript('cd "$1"; sha256sum --check --strict --quiet SHA256SUMS', folder);
    await key.sign(folder, '2026-01-31');
    await t.rejects(source.offered(), { code: 'HEC_POLICY', message: /expired at 2026-01-31T/ });
  });

  await t.test('a package that was changed after it was signed', async (t) => {
    const { source, into, folder } = await release(t, key);
    const [offered] = await source.offered();
    appendFileSync(join(folder, file), ', changed');
    if (!offered) return;
    await t.rejects(source.fetch(offered, into), {
      code: 'HEC_STATE',
      message: /not the file that was signed/,
    });
    t.throws(() => readFileSync(join(into, file)), /ENOENT/, 'and it is not left there');
  });

  await t.test('a list that was changed, no signature, no list', async (t) => {
    const { source, folder } = await release(t, key);
    appendFileSync(join(folder, 'SHA256SUMS'), `${'0'.repeat(64)}  other.deb\n`);
    await t.rejects(source.offered(), { code: 'HEC_POLICY', message: /BAD signature/ });
    rmSync(join(folder, 'SHA256SUMS.gpg'));
    await t.rejects(source.offered(), { code: 'HEC_CONFIG', message: /no signature/ });
    rmSync(join(folder, 'SHA256SUMS'));
    await t.rejects(source.offered(), { code: 'HEC_STATE', message: /no such file/ });
  });

  await t.test('the signature of somebody else, and no keyring at all', async (t) => {
    const stranger = await SigningKey.make(t);
    const { source, folder } = await release(t, key);
    await stranger.sign(folder);
    await t.rejects(source.offered(), { code: 'HEC_POLICY', message: /nothing was installed/ });
    const without = directorySource({
      folder,
      scratch: `${folder}-look`,
      format: 'deb',
      keyring: '/nonexistent',
    });
    await t.rejects(without.offered(), { code: 'HEC_CONFIG', message: /nobody's signature counts/ });
  });
});
