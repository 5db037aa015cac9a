/**
 * An operation of a run that was lost on its way, or came before its agent had found systemd, or was on the way from it to
 * systemd when it was killed, is never applied under its id any more: the agent has promised that. It is asked for again
 * under an id that follows from the first, so that a restart in between finds it (I2).
 */
import { createHash } from 'node:crypto';
import { makeOpId, type OpId } from '@hecate/proto/core/names.ts';
import type { OperationOutcome } from '@hecate/proto/generated/wire.ts';

const timeLength = 10;

/** As old as the first, so that both sort alike; the rest is its digest. */
export function successorOf(opId: OpId): OpId {
  const digest = createHash('sha256').update(`lost ${opId}`).digest();
  const tail = makeOpId(0, digest.subarray(0, 10)).slice(timeLength);
  return (opId.slice(0, timeLength) + tail) as OpId;
}

/** Never applied, and for no fault of its own. */
export const isLost = ({ status, code, result = '' }: Ended): boolean =>
  isInterrupted(status, result) || (status === 'refused' && (code === 'HEC_EXPIRED' || isPremature(code)));

type Ended = Pick<OperationOutcome, 'status' | 'code'> & Partial<Pick<OperationOutcome, 'result'>>;

/** Its agent was killed between its record and systemd, and found by all signs that systemd never had it. */
const isInterrupted = (status: OperationOutcome['status'], result: string): boolean =>
  status === 'failed' && result === 'not-applied';

/** A host that has just booted: its agent is online a moment before it is connected to its systemd. */
const isPremature = (code: string): boolean => code === 'HEC_BUS_GONE';

const pauseMs = 250;

/** Before it is asked for again, after `count` times: 7.75 s in all for one whose agent has no systemd. */
export const pauseBeforeSuccessorMs = ({ code }: Pick<OperationOutcome, 'code'>, count: number): number =>
  isPremature(code) ? pauseMs * 2 ** count : 0;
