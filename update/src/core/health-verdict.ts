/** Whose fault it is that a check does not hold: of the release that was installed here, or maybe of something elsewhere. */

export interface SiteView {
  /** Checks of `hecatectl health` that do not hold: name → why. */
  readonly failedChecks: ReadonlyMap<string, string>;
  readonly onlineNodes: ReadonlySet<string>;
}

export interface Verdict {
  readonly why: string;
  /** Nothing here has failed: a network, a UPS, another node may have. */
  readonly isElsewhere: boolean;
}

/** What these look at is on other hosts, or a UPS. */
const checksOfOthers: ReadonlySet<string> = new Set(['nodes', 'bus', 'power']);

/**
 * @param before as it was before anything was changed; what did not hold then is nobody's fault now
 * @param goingOn a run, or a UPS that is on battery, in a sentence; empty: nothing. Hosts go off then, and what goes on is
 *   not to be disturbed by a way back for that.
 * @returns undefined: nothing speaks against this release
 */
export function judgeSite(before: SiteView, now: SiteView, goingOn: string): Verdict | undefined {
  const failed = [...now.failedChecks].filter(([name]) => !before.failedChecks.has(name));
  const own = failed.find(([name]) => !checksOfOthers.has(name));
  if (own) return { why: `hecatectl health: ${own.join(': ')}`, isElsewhere: false };
  if (goingOn !== '') return undefined;
  const away = [...before.onlineNodes].filter((node) => !now.onlineNodes.has(node));
  if (away.length > 1 && away.length === before.onlineNodes.size)
    return { why: `no node is online that was: ${away.join(', ')}`, isElsewhere: false };
  if (away.length > 0) return { why: `not online any more: ${away.join(', ')}`, isElsewhere: true };
  const others = failed.find(([name]) => name !== 'nodes');
  return others && { why: `hecatectl health: ${others.join(': ')}`, isElsewhere: true };
}

/** @param text of `hecate-agent check`. @returns whether the manager is all that it has not found */
export function isManagerAway(text: string): boolean {
  const failed = text.split('\n').filter((line) => line.startsWith('failed '));
  return failed.length > 0 && failed.every((line) => line.startsWith('failed manager:'));
}
