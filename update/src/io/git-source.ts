/**
 * A git remote whose tags are signed: the tree of a tag is a release folder with packages and SHA256SUMS. Of tags only
 * the newest that a key of the keyring has signed counts, and what it is called is what the signed tag says it is. Newer
 * ones that are not signed so are passed over, and nothing but that one is kept here (I14).
 */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HecateError } from '@hecate/proto/core/errors.ts';
import type { PackageFormat } from '../core/package-name.ts';
import { candidateTags } from '../core/release-tags.ts';
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
  /** A bare copy of the tag that counts, kept between updates. */
  readonly repository: string;
  /** A sentence for the journal. */
  readonly tell: (sentence: string) => void;
}

const timeLimitMs = 10 * 60_000;
/** Nothing of the remote is run, and nothing is tidied behind our back. */
const settings = ['-c', 'core.hooksPath=/dev/null', '-c', 'gc.auto=0', '-c', 'maintenance.auto=false'];

export function gitSource(options: GitSourceOptions): UpdateSource {
  const { url, format, scratch, keyring, repository, tell } = options;
  const tree = join(scratch, 'tree');
  const folder = directorySource({
    folder: tree,
    format,
    scratch: join(scratch, 'sums'),
    keyring: undefined,
  });
  const git = (...args: string[]): Promise<string> =>
    runOrThrow(['git', '-C', repository, ...settings, ...args], {
      timeLimitMs,
      env: { GIT_TERMINAL_PROMPT: '0', GIT_CONFIG_NOSYSTEM: '1' },
    });

  async function candidates(): Promise<readonly string[]> {
    const listed = await git('ls-remote', '--quiet', '--tags', '--refs', '--end-of-options', url, 'v*');
    const tags = candidateTags(listed);
    if (tags.length > 0) return tags;
    const expected = 'expected signed tags such as v1.2.3';
    throw new HecateError('HEC_CONFIG', `${url} has no tag of a release`, expected);
  }

  async function fetchTag(tag: string): Promise<void> {
    const ref = `+refs/tags/${tag}:refs/tags/${tag}`;
    const only = ['--quiet', '--no-tags', '--no-write-fetch-head', '--depth=1'];
    await git('fetch', ...only, '--end-of-options', url, ref);
  }

  /** The newest that is signed as it should be; all others go, with what they have brought. */
  async function newestSigned(): Promise<string> {
    let refusal: HecateError | undefined;
    for (const tag of await candidates()) {
      await fetchTag(tag);
      try {
        const commit = await verifyTag(tag);
        await forgetOthers(tag);
        return commit;
      } catch (thrown) {
        if (!(thrown instanceof HecateError) || thrown.code !== 'HEC_POLICY') throw thrown;
        refusal ??= thrown;
        tell(`${tag} is passed over: ${thrown.message}`);
      }
    }
    await forgetOthers('');
    throw refusal ?? new TypeError('there are candidates');
  }

  async function forgetOthers(kept: string): Promise<void> {
    const others = (await git('tag', '--list')).split('\n').filter((tag) => tag !== '' && tag !== kept);
    if (others.length === 0) return;
    await git('tag', '--delete', ...others);
    await git('gc', '--quiet', '--prune=now');
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
      const commit = await newestSigned();
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
