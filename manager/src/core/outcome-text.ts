/** The sentences of outcomes that the manager gives without the agent: what, why, and what happens next. */
import { createOperationOutcome, type OperationOutcome } from '@hecate/proto/generated/wire.ts';
import type { OperationRequest } from './operations-state.ts';

export const offline = (node: string, why: string): OperationOutcome =>
  createOperationOutcome({
    status: 'offline',
    code: 'HEC_OFFLINE',
    message: `${node} is offline (${why}): nothing was sent`,
    remedy: `hecatectl doctor ${node}`,
  });

export const notRecorded = (why: string): OperationOutcome =>
  createOperationOutcome({
    status: 'refused',
    code: 'HEC_STATE',
    message: `the operation could not be recorded, so it was not sent: ${why}`,
    remedy: 'see to the state directory of the manager (full, read-only?)',
  });

export const tooMany = (max: number): OperationOutcome =>
  createOperationOutcome({
    status: 'refused',
    code: 'HEC_BUSY',
    message: `${max} operations are open already: nothing was sent`,
    remedy: 'wait until some of them have ended',
  });

/** Its node was revoked, or taken out of the site, before its agent could say how it ended. */
export const nodeGone = (request: OperationRequest): OperationOutcome =>
  createOperationOutcome({
    status: 'unknown',
    code: 'HEC_UNKNOWN',
    message: `${request.node} was taken out of the site before it told how this ended`,
    remedy: `look on ${request.node} itself`,
  });

/** The agent told us that it never saw it, and will refuse it from now on. */
export const neverReached = (): OperationOutcome =>
  createOperationOutcome({
    status: 'refused',
    code: 'HEC_EXPIRED',
    message: 'it was lost on the way: the agent never saw it and will not apply it any more',
    remedy: 'ask again if it is still wanted',
  });

export const stillRunning = (request: OperationRequest): OperationOutcome =>
  createOperationOutcome({
    status: 'timeout',
    code: 'HEC_TIMEOUT',
    message:
      request.verb === 'exec'
        ? `the command on ${request.node} has not ended in time; it is being stopped`
        : `systemd on ${request.node} took the job and has not finished it; it was not cancelled`,
    remedy: `hecatectl operation ${request.opId}, or hecatectl status ${request.node} ${request.unit}`,
  });

/**
 * Sent, and the connection was lost. It is begun before its expiry or never: the agent refuses it afterwards
 * by its own clock.
 */
export const cutOff = (request: OperationRequest, wasAccepted: boolean): OperationOutcome =>
  createOperationOutcome({
    status: 'unknown',
    code: 'HEC_UNKNOWN',
    message: wasAccepted
      ? `${request.node} was cut off after systemd took the job: how it ended is not known yet`
      : `${request.node} was cut off while it was sent: whether it was applied is not known yet; if it was not, it never will be`,
    remedy: `when ${request.node} is back the true outcome is recorded: hecatectl operation ${request.opId}`,
  });

/** Sent, the session is there, and nothing came back. */
export const noAnswer = (request: OperationRequest): OperationOutcome =>
  createOperationOutcome({
    status: 'unknown',
    code: 'HEC_UNKNOWN',
    message: `${request.node} has not answered in time: whether it was applied is not known yet; if it was not, it never will be`,
    remedy: `hecatectl operation ${request.opId} shows the true outcome as soon as ${request.node} tells it`,
  });

/** An agent that is newer than we are, or wrong. */
export const withoutStatus = (request: OperationRequest): OperationOutcome =>
  createOperationOutcome({
    status: 'unknown',
    code: 'HEC_PROTOCOL',
    message: `${request.node} gave an outcome that this version does not know`,
    remedy: 'update the manager: it may be at most one minor version behind its agents',
  });

/** A glob cannot be expanded over units that are not known (I12). */
export const unitsNotKnown = (node: string): OperationOutcome =>
  createOperationOutcome({
    status: 'refused',
    code: 'HEC_BUSY',
    message: `the units of ${node} are not all known yet, so the pattern could not be expanded: nothing was sent`,
    remedy: `try again in a moment, or name the units; hecatectl doctor ${node} tells why it takes long`,
  });
