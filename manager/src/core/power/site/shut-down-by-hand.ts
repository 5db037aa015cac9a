/** What a person has shut down stays down until somebody starts it: an outage in between changes nothing of that. Pure. */
import type { PastRun } from '../../runs/past-run.ts';
import type { RunState } from '../../runs/run.ts';

export type ShutdownOrStartup = Pick<PastRun, 'id' | 'kind' | 'outcome' | 'isDryRun'> &
  Partial<Pick<PastRun, 'mode' | 'isRehearsal' | 'triggerId' | 'joinedBy'>>;

/** Whether a person has asked for this run: alone, or too. */
export const isByHand = ({ request, joinedBy }: Pick<RunState, 'request' | 'joinedBy'>): boolean =>
  isOfPerson({ triggerId: request.triggerId, joinedBy });

const isOfPerson = ({
  triggerId = '',
  joinedBy,
}: Pick<PastRun, 'triggerId'> & { joinedBy?: string | undefined }): boolean =>
  triggerId === '' || joinedBy !== undefined;

/**
 * The newest shutdown that a person has asked for, alone or with a UPS, and that no startup has followed.
 * @param history runs that are over; ids are in the order of time
 */
export function shutDownByHand<Run extends ShutdownOrStartup>(history: readonly Run[]): Run | undefined {
  const newest = history.reduce<Run | undefined>(
    (latest, run) => (isOfPersonAndDone(run) && run.id > (latest?.id ?? '') ? run : latest),
    undefined,
  );
  const hasStarted = newest !== undefined && history.some((run) => isStartup(run) && run.id > newest.id);
  return hasStarted ? undefined : newest;
}

const isDone = ({ outcome }: ShutdownOrStartup): boolean => outcome === 'done' || outcome === 'degraded';

const isStartup = (run: ShutdownOrStartup): boolean => run.kind === 'startup' && !run.isDryRun && isDone(run);

/** One of the cluster alone, which a UPS took over to power hosts off, has done what it was to do, too. */
function isOfPersonAndDone(run: ShutdownOrStartup): boolean {
  const { kind, outcome, isDryRun, mode, isRehearsal } = run;
  if (kind !== 'shutdown' || isDryRun) return false;
  const isTakenOver = outcome === 'pre-empted' && mode === 'cluster-only' && isRehearsal !== true;
  return isOfPerson(run) && (isDone(run) || isTakenOver);
}
