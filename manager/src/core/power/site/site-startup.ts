/** Whether a site may be started up as things are: each node needs as many good feeds as it has declared. Pure. */
import { judgeStartup } from '../ups/recovery.ts';
import type { Threshold } from '../ups/threshold.ts';
import type { UpsState } from '../ups/ups-state.ts';

export interface SiteStartupQuestion {
  readonly upses: readonly { readonly state: UpsState; readonly threshold: Threshold }[];
  readonly nodes: readonly {
    readonly node: string;
    readonly feeds: readonly string[];
    readonly minFeeds: number;
  }[];
  /** How long mains must have been back. */
  readonly stableMainsMs: number;
  /** @see StartupQuestion */
  readonly startupChargePercent: number;
  /** Why a startup would be refused, power aside; empty: it would not. */
  readonly refusal: string;
  /** That ends by itself: a run that the manager finishes after a start, or one that is no shutdown. */
  readonly isRefusalPassing: boolean;
  readonly nowMs: number;
}

export interface SiteStartup {
  /** waiting: that may change by itself · refused: somebody wants the site down, or there is nothing to start. */
  readonly state: 'ready' | 'waiting' | 'refused';
  /** Why, with its figures. */
  readonly sentence: string;
}

export function judgeSiteStartup(question: SiteStartupQuestion): SiteStartup {
  const { upses, nodes, refusal, isRefusalPassing } = question;
  const { stableMainsMs, startupChargePercent, nowMs } = question;
  if (refusal !== '') return { state: isRefusalPassing ? 'waiting' : 'refused', sentence: refusal };
  const verdicts = upses.map((ups) => ({
    ups: ups.state.ups,
    ...judgeStartup({ upses: [ups], liveIntent: undefined, stableMainsMs, startupChargePercent, nowMs }),
  }));
  const isGood = (feed: string): boolean => verdicts.find(({ ups }) => ups === feed)?.isAllowed ?? true;
  const short = nodes.find(({ feeds, minFeeds }) => feeds.filter(isGood).length < minFeeds);
  const told = short
    ? verdicts.filter(({ ups, isAllowed }) => short.feeds.includes(ups) && !isAllowed)
    : verdicts;
  const sentence = told.map((verdict) => verdict.sentence).join('; ');
  if (short) return { state: 'waiting', sentence };
  return { state: 'ready', sentence: sentence || 'no UPS to wait for' };
}
