/**
 * The one table of errors. Every refusal, failure and bad input anywhere in Hecate carries a code from here;
 * docs/protocol.md lists the table and a test holds the two together.
 */
import type { ExitName } from './exit-codes.ts';

export interface ErrorEntry {
  /** What kind of thing happened, in one sentence. */
  readonly summary: string;
  /** How hecatectl ends when this is the answer. */
  readonly exit: ExitName;
  /** Whether the same request may succeed later without anybody changing anything. */
  readonly retryable: boolean;
}

const entry = (summary: string, exit: ExitName, retryable = false): ErrorEntry => ({
  summary,
  exit,
  retryable,
});

export const errorTable = {
  HEC_USAGE: entry('the command line, or a request, is not well formed', 'usage'),
  HEC_CONFIG: entry('the configuration is not valid', 'usage'),
  HEC_BAD_NAME: entry('a node or unit name is not valid', 'usage'),
  HEC_NO_SUCH_NODE: entry('no such node is allowed in this site', 'notFound'),
  HEC_NO_SUCH_UNIT: entry('no such unit on the node', 'notFound'),
  HEC_NO_SUCH_OPERATION: entry('no operation with this id is remembered', 'notFound'),
  HEC_NO_SUCH_PLAN: entry('no sequence of this name is declared', 'notFound'),
  HEC_NO_SUCH_UPS: entry('no UPS of this name is declared', 'notFound'),
  HEC_NO_SUCH_RUN: entry('no run with this id is remembered', 'notFound'),
  HEC_PLAN: entry('the plan can never work as it is declared', 'usage'),
  HEC_PLAN_CHANGED: entry('the plan is not the one that was looked at', 'refused'),
  HEC_RUN_ACTIVE: entry('another run holds nodes that this one needs', 'unavailable', true),
  HEC_INTENT: entry('a shutdown is in progress: nothing is started up', 'refused'),
  HEC_NO_RETURN: entry('the run is past its point of no return', 'refused'),
  HEC_RUN_FAILED: entry('the run ended before its plan did', 'failed'),
  HEC_NOTHING_MATCHED: entry('a pattern matched nothing', 'notFound'),
  HEC_UNIT_FAILED: entry('systemd carried the operation out and it failed', 'failed'),
  HEC_BUS_ERROR: entry('systemd refused the call', 'failed'),
  HEC_BUS_GONE: entry('the agent has no connection to its D-Bus', 'unavailable', true),
  HEC_EXEC_FAILED: entry('the command could not be run on the node', 'failed'),
  HEC_LOGS_UNAVAILABLE: entry('the journal of the node cannot be read', 'failed'),
  HEC_TIMEOUT: entry('applied, and not finished within the time limit', 'timeout'),
  HEC_EXPIRED: entry('it arrived after its deadline and was not begun', 'timeout', true),
  HEC_POLICY: entry("the node's own policy does not allow this", 'refused'),
  HEC_ROLE: entry('your role does not allow this', 'refused'),
  HEC_EPOCH: entry('a newer manager has been here: this one is refused', 'refused'),
  HEC_OFFLINE: entry('the node is offline: nothing was sent', 'offline', true),
  HEC_UNKNOWN: entry('cut off in flight: whether it was applied is not known yet', 'unknown'),
  HEC_BUSY: entry('a limit is reached', 'unavailable', true),
  HEC_CANCELLED: entry('cancelled by the caller', 'interrupted'),
  HEC_PROTOCOL: entry('a frame broke the protocol', 'protocol'),
  HEC_VERSION: entry('no protocol version in common', 'protocol'),
  HEC_HEARTBEAT: entry('nothing was heard from the other side for too long', 'unavailable', true),
  HEC_REPLACED: entry('a newer session of the same node took over', 'unavailable', true),
  HEC_SHUTTING_DOWN: entry('the other side is shutting down', 'unavailable', true),
  HEC_CONNECTION: entry('the manager cannot be reached', 'unavailable', true),
  HEC_UPS: entry('a UPS, or its NUT server, does not answer', 'unavailable', true),
  HEC_TLS: entry('the certificate does not allow this', 'refused'),
  HEC_REVOKED: entry('this certificate was revoked', 'refused'),
  HEC_TOKEN: entry('the join token is not valid', 'refused'),
  HEC_NO_AUTHORITY: entry('the manager has no certificate authority yet', 'unavailable'),
  HEC_AUTHORITY_EXISTS: entry('there is a certificate authority already', 'failed'),
  HEC_STATE: entry('a file of the state directory is damaged or cannot be written', 'failed'),
  HEC_LOCKED: entry('another manager holds the state directory', 'failed'),
  HEC_UNSUPPORTED: entry('this node or version cannot do that', 'failed'),
  HEC_INTERNAL: entry('a fault in Hecate itself', 'internal'),
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof errorTable;

/** Whether a text from the wire is one of our codes; peers may be newer than we are. */
export const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(errorTable, code);

/** An error with a code of the table; `remedy` is the next step the operator can take. */
export class HecateError extends Error {
  readonly code: ErrorCode;
  readonly remedy: string;

  constructor(code: ErrorCode, message: string, remedy = '', cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'HecateError';
    this.code = code;
    this.remedy = remedy;
  }
}

/**
 * Why a call has no response: the session ended after it was sent. Whatever the code says, and peers end sessions
 * with any of them, it says nothing of the request: it may have been carried out, or may still be (I12).
 */
export class SessionEnded extends HecateError {}

/** Whether this is the end of the session under a call, and not the peer's response to it. */
export const isSessionEnd = (thrown: unknown): boolean => thrown instanceof SessionEnded;

/** Any thrown thing as a HecateError; what is not one of ours is a fault of our own. */
export function asHecateError(thrown: unknown, code: ErrorCode = 'HEC_INTERNAL'): HecateError {
  if (thrown instanceof HecateError) return thrown;
  return new HecateError(code, thrown instanceof Error ? thrown.message : String(thrown), '', thrown);
}

/** The wire's Failure of an error, and back. */
export function failureOf(thrown: unknown): { code: string; message: string; remedy: string } {
  const error = asHecateError(thrown);
  return { code: error.code, message: error.message, remedy: error.remedy };
}

export function errorOfFailure(failure: { code: string; message: string; remedy: string }): HecateError {
  const code = isErrorCode(failure.code) ? failure.code : 'HEC_INTERNAL';
  return new HecateError(code, failure.message, failure.remedy);
}
