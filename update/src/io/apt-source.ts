/** Repositories of apt: it verifies them by its own keys (Signed-By), and tells the digest of every package. */
import { join } from 'node:path';
import { HecateError } from '@hecate/proto/core/errors.ts';
import { isVersion, packageNames } from '../core/package-name.ts';
import type { OfferedPackage } from '../core/release-sums.ts';
import { runOrThrow } from './run-command.ts';
import type { UpdateSource } from './update-source.ts';

const timeLimitMs = 10 * 60_000;

/** What is not signed by a key of apt's is refused, whatever apt.conf says; [trusted=yes] of a source is beyond that. */
const verified = [
  '-o',
  'APT::Get::AllowUnauthenticated=false',
  '-o',
  'Acquire::AllowInsecureRepositories=false',
];

export function aptSource(): UpdateSource {
  return {
    async offered() {
      await runOrThrow(['apt-get', ...verified, 'update', '--quiet', '--error-on=any'], { timeLimitMs });
      const offered: OfferedPackage[] = [];
      for (const name of packageNames) offered.push(...recordsOf(await recordsText(name)));
      return offered;
    },
    async fetch({ name, version, file }, folder) {
      await runOrThrow(
        ['apt-get', ...verified, '-o', 'APT::Sandbox::User=root', 'download', `${name}=${version}`],
        {
          timeLimitMs,
          cwd: folder,
        },
      );
      return join(folder, file);
    },
  };
}

/** Ends with 100 when no repository has it. */
const recordsText = (name: string): Promise<string> =>
  runOrThrow(['apt-cache', 'show', '--no-generate', name]).catch((thrown: unknown) => {
    if (thrown instanceof HecateError && /No packages found/.test(thrown.message)) return '';
    throw thrown;
  });

/** Those without a digest are only installed, and nowhere offered. */
export function recordsOf(text: string): readonly OfferedPackage[] {
  return text.split('\n\n').flatMap((record) => {
    const field = (key: string): string => new RegExp(`^${key}: (.*)$`, 'm').exec(record)?.[1] ?? '';
    const [name, version, sha256, path] = [
      field('Package'),
      field('Version'),
      field('SHA256'),
      field('Filename'),
    ];
    if (!packageNames.includes(name) || !isVersion(version) || sha256 === '') return [];
    // apt-get download names it so.
    const file = `${name}_${version}_${field('Architecture')}.deb`;
    return path === '' ? [] : [{ name, version, file, sha256 }];
  });
}
