/** What a build of the packages is of: which release, of which moment, for which machines. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Release {
  /** As in lerna.json: 1.2.3 or 1.2.3-beta.1. */
  readonly version: string;
  /** Of the commit; every file of a package bears it, so that the same commit gives the same bytes. */
  readonly epochSeconds: number;
  /** Node's own word: x64, arm64. */
  readonly architecture: string;
}

/** The words of dpkg and of rpm for a machine. */
const architectures: Readonly<Record<string, { debian: string; rpm: string }>> = {
  x64: { debian: 'amd64', rpm: 'x86_64' },
  arm64: { debian: 'arm64', rpm: 'aarch64' },
};

export function architectureWords(architecture: string): { debian: string; rpm: string } {
  const words = architectures[architecture];
  if (words) return words;
  throw new Error(
    `no packages for ${architecture}: there are ones for ${Object.keys(architectures).join(', ')}`,
  );
}

/** dpkg and rpm sort `~` before the end of a version: 1.2.3~beta.1 comes before 1.2.3. */
export const packageVersion = (version: string): string => version.replace('-', '~');

/**
 * @param version other than that of lerna.json: for trials of an update
 * @throws Error when the version is none, or the moment of the commit cannot be known
 */
export function readRelease(root: string, version?: string): Release {
  const lerna = JSON.parse(readFileSync(join(root, 'lerna.json'), 'utf8')) as { version: string };
  const wanted = version ?? lerna.version;
  if (!/^\d+\.\d+\.\d+(-[0-9a-z.]+)?$/.test(wanted))
    throw new Error(`${JSON.stringify(wanted)} is no version: expected 1.2.3 or 1.2.3-beta.1`);
  return { version: wanted, epochSeconds: epochOf(root), architecture: process.arch };
}

/** reproducible-builds.org: SOURCE_DATE_EPOCH, else the moment of the commit. */
function epochOf(root: string): number {
  const given = process.env.SOURCE_DATE_EPOCH;
  const text = given ?? execFileSync('git', ['-C', root, 'log', '-1', '--format=%ct'], { encoding: 'utf8' });
  const seconds = Number(text.trim());
  if (Number.isSafeInteger(seconds) && seconds > 0) return seconds;
  throw new Error(
    `${JSON.stringify(text)} is no moment: set SOURCE_DATE_EPOCH to seconds, or build in a git checkout`,
  );
}
