import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { gitSource } from '../../src/io/git-source.ts';
import { runScript, SigningKey, skipWithoutGpg } from '../support/signing-key.ts';

/** Commits a release of one package, and tags it. */
const script = `cd "$1"; export GNUPGHOME=$2 HOME=$2 GIT_CONFIG_NOSYSTEM=1
[ -d .git ] || git init --quiet
git config user.name Release; git config user.email release@hecate.invalid
rm -f *.deb
echo "package $3" >"hecate-agent_$3_all.deb"
sha256sum *.deb >SHA256SUMS
git add .; git commit --quiet -m "$3"
git tag $4 -m "$3" "v$3"`;

t.test('a git remote with signed tags', { skip: skipWithoutGpg() }, async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'hecate-git-'));
  t.teardown(() => rmSync(root, { recursive: true }));
  const [remote, into] = [join(root, 'remote'), join(root, 'into')];
  mkdirSync(remote);
  mkdirSync(into);
  const [key, stranger] = [await SigningKey.make(t), await SigningKey.make(t)];
  const release = (version: string, by: SigningKey, tag: string) =>
    runScript(script, remote, by.home, version, tag);
  const places = {
    scratch: join(root, 'scratch'),
    repository: join(root, 'repository'),
    keyring: key.keyring,
  };
  const told: string[] = [];
  const tell = (sentence: string): void => void told.push(sentence);
  const source = gitSource({ url: remote, format: 'deb', ...places, tell });
  const git = (repository: string, ...args: string[]) =>
    runScript('cd "$1"; shift; git "$@"', repository, ...args);

  await release('1.2.3', key, '--sign');
  await release('1.10.0', key, '--sign');
  const [offered] = await source.offered();
  t.match(offered, { name: 'hecate-agent', version: '1.10.0' }, 'the newest tag by its number');
  if (offered) t.equal(readFileSync(await source.fetch(offered, into), 'utf8'), 'package 1.10.0\n');

  t.same(told, []);

  await release('1.11.0', stranger, '--sign');
  await release('1.12.0', key, '--annotate');
  await git(remote, 'update-ref', 'refs/tags/v1.13.0', 'refs/tags/v1.2.3');
  t.match(await source.offered(), [{ version: '1.10.0' }], 'the newest that is signed as it should be');
  t.match(told, [
    /^v1\.13\.0 is passed over: v1\.13\.0 is not a tag that was signed under this name/,
    /^v1\.12\.0 is passed over: v1\.12\.0 is not a tag that was signed/,
    /^v1\.11\.0 is passed over: the signature is not good/,
  ]);

  await release('1.14.0', key, '--sign');
  t.match(await source.offered(), [{ version: '1.14.0' }]);
  t.equal((await git(places.repository, 'tag', '--list')).trim(), 'v1.14.0', 'no other is kept (I14)');
  const objects = await git(places.repository, 'cat-file', '--batch-all-objects', '--batch-check');
  t.equal(objects.trim().split('\n').length, 5, 'nor what it had: a tag, a commit, a tree, two files');
  t.match(await source.offered(), [{ version: '1.14.0' }], 'again, with what is kept');

  for (const tag of ['v1.14.0', 'v1.10.0', 'v1.2.3']) await git(remote, 'tag', '--delete', tag);
  await t.rejects(source.offered(), { code: 'HEC_POLICY', message: /v1\.13\.0/ }, 'none is signed');
  for (const tag of ['v1.11.0', 'v1.12.0', 'v1.13.0']) await git(remote, 'tag', '--delete', tag);
  await t.rejects(source.offered(), { code: 'HEC_CONFIG', message: /has no tag of a release/ });

  const nowhere = gitSource({ url: join(root, 'nowhere'), format: 'deb', ...places, tell });
  await t.rejects(nowhere.offered(), { code: 'HEC_STATE', message: /git/ });
});
