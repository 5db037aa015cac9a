/** Which tags of a git remote may be a release. */
import { compareVersions, isVersion } from './package-name.ts';

/**
 * So many are looked at, the newest first (I14). Whoever may push unsigned tags to the remote can hide a release behind
 * that many, as they could by removing its tag; nothing of theirs is installed.
 */
export const candidatesMax = 10;

/** v1.2.3-beta.1 is the release 1.2.3~beta.1. */
const versionOf = (tag: string): string => tag.replace(/^v/, '').replace('-', '~');

/**
 * @param text of `git ls-remote --tags --refs`: a digest, a tab and a name, a line each
 * @returns tags of releases, the newest first
 */
export function candidateTags(text: string): readonly string[] {
  const names = text.split('\n').flatMap((line) => /\trefs\/tags\/(v\S+)$/.exec(line)?.[1] ?? []);
  return names
    .filter((tag) => isVersion(versionOf(tag)))
    .toSorted((a, b) => compareVersions(versionOf(b), versionOf(a)))
    .slice(0, candidatesMax);
}
