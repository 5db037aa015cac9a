/** Which release a host goes to, from what is installed and what is offered. */
import { compareVersions } from './package-name.ts';
import type { OfferedPackage } from './release-sums.ts';

export interface ReleaseQuestion {
  /** Package → version, of those that are installed on this host. */
  readonly installed: ReadonlyMap<string, string>;
  /** For this machine. */
  readonly offered: readonly OfferedPackage[];
  /** Releases that did not come up here. */
  readonly refused: readonly string[];
}

export type ReleaseChoice =
  | { readonly type: 'update'; readonly from: string; readonly to: string }
  /** And why, in a sentence. */
  | { readonly type: 'none'; readonly sentence: string }
  /** What is newer did not come up here: somebody has to look. */
  | { readonly type: 'refused'; readonly sentence: string }
  | { readonly type: 'wrong'; readonly sentence: string; readonly remedy: string };

/** The newest release that has every package of this host, is newer than what is here, and has not failed here. */
export function chooseRelease({ installed, offered, refused }: ReleaseQuestion): ReleaseChoice {
  const [from, ...others] = [...new Set(installed.values())].toSorted(compareVersions);
  if (from === undefined)
    return {
      type: 'wrong',
      sentence: 'no package of Hecate is installed here',
      remedy: 'install one first: packaging/install.sh',
    };
  if (others.length > 0) {
    const list = [...installed].map(([name, version]) => `${name} ${version}`).join(', ');
    return {
      type: 'wrong',
      sentence: `the packages here are of several releases: ${list}`,
      remedy: 'install all of one release by hand, then this goes on',
    };
  }
  const names = [...installed.keys()];
  const versions = [...new Set(offered.map(({ version }) => version))].toSorted(compareVersions).toReversed();
  const isWhole = (version: string): boolean => packagesOf(offered, names, version).length === names.length;
  const newer = versions.filter((version) => compareVersions(version, from) > 0);
  const to = newer.find((version) => !refused.includes(version) && isWhole(version));
  if (to !== undefined) return { type: 'update', from, to };
  const failed = newer.filter((version) => refused.includes(version));
  if (failed.length > 0) {
    const again = 'hecate-update --retry tries it again';
    return {
      type: 'refused',
      sentence: `${from} stays: ${failed.join(', ')} did not come up here before (${again})`,
    };
  }
  if (newer.length === 0) return { type: 'none', sentence: `${from} is the newest that is offered` };
  const partial = `of ${newer.join(', ')} not every package of this host is offered`;
  return { type: 'none', sentence: `${from} stays: ${partial}` };
}

/** Of these packages, those of one release. */
export function packagesOf(
  offered: readonly OfferedPackage[],
  names: readonly string[],
  version: string,
): readonly OfferedPackage[] {
  return names.flatMap(
    (name) => offered.find((each) => each.name === name && each.version === version) ?? [],
  );
}
