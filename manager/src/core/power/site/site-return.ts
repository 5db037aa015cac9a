/**
 * Whether a coordinator that has stayed up starts the site again: mains is back, the supply is good for another outage,
 * and nobody wants the site down. Pure.
 */
import { formatSeconds } from '../../plan/plan-words.ts';
import type { UpsPhase } from '../ups/ups-state.ts';
import { type ShutdownOrStartup, shutDownByHand } from './shut-down-by-hand.ts';
import type { SiteStartup } from './site-startup.ts';

export interface SiteReturnQuestion {
  readonly upses: readonly {
    readonly name: string;
    readonly phase: UpsPhase;
    readonly hasTrigger: boolean;
    /** The run that its last trigger led to; undefined: none is known. */
    readonly runId: string | undefined;
    /** A host was on that this run has powered off; also where nobody knows. */
    readonly hasPoweredOff: boolean;
  }[];
  /** A startup goes on. */
  readonly isStarting: boolean;
  /** Runs that are over. */
  readonly history: readonly ShutdownOrStartup[];
  readonly startup: SiteStartup;
  /** Startups that were asked for since mains is back. */
  readonly attempts: readonly { readonly atMs: number }[];
  readonly nowMs: number;
}

export type SiteReturn =
  /** Nothing to start, or it is being started. */
  | { readonly type: 'none' }
  | {
      readonly type: 'wait';
      readonly sentence: string;
      /** It waits for a person: who has shut it down. */
      readonly isByHand: boolean;
    }
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
  const byHand = whyDownByHand(question);
  if (byHand !== undefined)
    return { type: 'wait', sentence: `${byHand}: start it with hecatectl startup`, isByHand: true };
  if (startup.state !== 'ready') return wait(startup.sentence);
  const pauseMs = Math.min(retryMostMs, retryLeastMs * 2 ** Math.min(attempts.length - 1, 10));
  const leftMs = (attempts.at(-1)?.atMs ?? Number.NEGATIVE_INFINITY) + pauseMs - nowMs;
  if (attempts.length > 0 && leftMs > 0)
    return wait(`a startup has failed, the next one is due in ${formatSeconds(leftMs)}`);
  return { type: 'start', ups: back.name, sentence: `${back.name}: mains is back; ${startup.sentence}` };
}

const wait = (sentence: string): SiteReturn => ({ type: 'wait', sentence, isByHand: false });

/**
 * Undefined: no person has shut it down, or hosts were on all the same when the UPS asked: somebody had switched them
 * on. A rehearsal was not meant to last.
 */
function whyDownByHand({ upses, history }: SiteReturnQuestion): string | undefined {
  const shutdown = shutDownByHand(history);
  if (shutdown === undefined) return undefined;
  const { id, joinedBy, mode, isRehearsal } = shutdown;
  const known = upses.flatMap(({ runId }) => (runId === undefined ? [] : [runId]));
  const newest = known.reduce((latest, runId) => (runId > latest ? runId : latest), '');
  if (id === newest) return `${joinedBy ?? 'somebody'} has asked for the shutdown, too (run ${id})`;
  if (newest !== '' && id > newest) return `the site was shut down by run ${id}, after the outage`;
  const wasUp = mode !== 'cluster-only' && upses.some(({ hasPoweredOff }) => hasPoweredOff);
  return wasUp || isRehearsal === true ? undefined : `the site was shut down by run ${id}, before the outage`;
}
