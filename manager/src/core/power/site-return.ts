/**
 * Whether a coordinator that has stayed up starts the site again: mains is back, the supply is good for another outage,
 * and nobody has wanted the site down since. Pure.
 */
import { formatSeconds } from '../plan/plan-words.ts';
import type { PastRun } from '../runs/past-run.ts';
import type { SiteStartup } from './site-startup.ts';
import type { UpsPhase } from './ups-state.ts';

export interface SiteReturnQuestion {
  readonly upses: readonly {
    readonly name: string;
    readonly phase: UpsPhase;
    readonly hasTrigger: boolean;
    /** The run that its last trigger led to; undefined: none is known. */
    readonly runId: string | undefined;
  }[];
  /** A startup goes on. */
  readonly isStarting: boolean;
  /** Runs that are over. */
  readonly history: readonly Pick<PastRun, 'id' | 'kind' | 'outcome' | 'isDryRun' | 'triggerId'>[];
  readonly startup: SiteStartup;
  /** Startups that were asked for since mains is back. */
  readonly attempts: readonly { readonly atMs: number }[];
  readonly nowMs: number;
}

export type SiteReturn =
  /** Nothing to start, or it is being started. */
  | { readonly type: 'none' }
  | { readonly type: 'wait'; readonly sentence: string }
  | { readonly type: 'start'; readonly ups: string; readonly sentence: string };

/** After a startup that failed: so long, twice as long each time, at most an hour. */
const retryLeastMs = 60_000;
const retryMostMs = 3_600_000;

export function judgeSiteReturn(question: SiteReturnQuestion): SiteReturn {
  const { upses, isStarting, startup, attempts, nowMs } = question;
  const [back] = upses.filter(({ phase }) => phase === 'recover');
  if (back === undefined || isStarting) return { type: 'none' };
  const wanting = upses.find(({ hasTrigger }) => hasTrigger);
  if (wanting) return wait(`${wanting.name} has asked for a shutdown`);
  const since = shutdownSince(question);
  if (since !== undefined)
    return wait(`the site was shut down by ${since}, after the outage: start it with hecatectl startup`);
  if (startup.state !== 'ready') return wait(startup.sentence);
  const pauseMs = Math.min(retryMostMs, retryLeastMs * 2 ** Math.min(attempts.length - 1, 10));
  const leftMs = (attempts.at(-1)?.atMs ?? Number.NEGATIVE_INFINITY) + pauseMs - nowMs;
  if (attempts.length > 0 && leftMs > 0)
    return wait(`a startup has failed, the next one is due in ${formatSeconds(leftMs)}`);
  return { type: 'start', ups: back.name, sentence: `${back.name}: mains is back; ${startup.sentence}` };
}

type HistoricRun = SiteReturnQuestion['history'][number];

const wait = (sentence: string): SiteReturn => ({ type: 'wait', sentence });

/** A shutdown that no UPS has led to, here or at another site, and that is newer: ids are in the order of time. */
function shutdownSince({ upses, history }: SiteReturnQuestion): string | undefined {
  const known = upses.flatMap(({ runId }) => (runId === undefined ? [] : [runId]));
  const newest = known.reduce((latest, id) => (id > latest ? id : latest), '');
  const isShutdown = ({ kind, outcome, isDryRun, triggerId = '' }: HistoricRun): boolean =>
    kind === 'shutdown' && !isDryRun && triggerId === '' && (outcome === 'done' || outcome === 'degraded');
  const later = newest !== '' && history.find((run) => isShutdown(run) && run.id > newest);
  return later ? `run ${later.id}` : undefined;
}
