/**
 * A git remote whose tags are signed: the tree of a tag is a release folder with packages and SHA256SUMS. Of tags only
 * the newest that a key of the keyring has signed counts, and what it is called is what the signed tag says it is.
 */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HecateError } from '@hecate/proto/core/errors.ts';
import { compareVersions, isVersion, type PackageFormat } from '../core/package-name.ts';
import { splitTag } from '../core/signed-tag.ts';
import { directorySource } from './directory-source.ts';
import { runOrThrow } from './run-command.ts';
import { verifySignature } from './signature.ts';
import type { UpdateSource } from './update-source.ts';

export interface GitSourceOptions {
  readonly url: string;
  readonly format: PackageFormat;
  readonly scratch: string;
  readonly keyring: string;
  /** A bare copy of the remote, kept between updates. */
  readonly repository: string;
}

const timeLimitMs = 10 * 60_000;

export function gitSource(options: GitSourceOptions): UpdateSource {
  const { url, format, scratch, keyring, repository } = options;
  const tree = join(scratch, 'tree');
  const folder = directorySource({
    folder: tree,
    format,
    scratch: join(scratch, 'sums'),
    keyring: undefined,
  });
  const git = (...args: string[]): Promise<string> =>
    runOrThrow(['git', '-C', repository, '-c', 'core.hooksPath=/dev/null', ...args], {
      timeLimitMs,
      env: { GIT_TERMINAL_PROMPT: '0', GIT_CONFIG_NOSYSTEM: '1' },
    });
  const versionOf = (tag: string): string => tag.replace(/^v/, '').replace('-', '~');

  async function newestTag(): Promise<string> {
    const tags = (await git('tag', '--list', 'v*')).split('\n').filter((tag) => isVersion(versionOf(tag)));
    const [newest] = tags.toSorted((a, b) => compareVersions(versionOf(b), versionOf(a)));
    if (newest !== undefined) return newest;
    throw new HecateError(
      'HEC_CONFIG',
      `${url} has no tag of a release`,
      'expected signed tags such as v1.2.3',
    );
  }

  async function verifyTag(tag: string): Promise<string> {
    const parts = splitTag(await git('cat-file', 'tag', tag));
    if (parts?.name !== tag)
      throw new HecateError(
        'HEC_POLICY',
        `${tag} is not a tag that was signed under this name`,
        'git tag --sign',
      );
    const [payload, signature] = [join(scratch, 'tag'), join(scratch, 'tag.asc')];
    await writeFile(payload, parts.payload, { mode: 0o600 });
    await writeFile(signature, parts.signature, { mode: 0o600 });
    await verifySignature(payload, signature, keyring);
    return parts.commit;
  }

  return {
    async offered() {
      await rm(scratch, { recursive: true, force: true });
      await mkdir(tree, { recursive: true, mode: 0o700 });
      await mkdir(repository, { recursive: true, mode: 0o700 });
      await git('init', '--quiet', '--bare');
      await git(
        'fetch',
        '--quiet',
        '--force',
        '--depth=1',
        '--end-of-options',
        url,
        'refs/tags/v*:refs/tags/v*',
      );
      const commit = await verifyTag(await newestTag());
      const archive = join(scratch, 'tree.tar');
      await git('archive', '--format=tar', `--output=${archive}`, commit);
      await runOrThrow(['tar', '--extract', '--no-same-owner', `--directory=${tree}`, `--file=${archive}`], {
        timeLimitMs,
      });
      return folder.offered();
    },
    fetch: (offered, into) => folder.fetch(offered, into),
  };
}
