/** What the audit log says of an operation that has its outcome. */
import { createHash } from 'node:crypto';
import { systemdResult } from '@hecate/proto/core/systemd-result.ts';
import type { OperationOutcome } from '@hecate/proto/generated/wire.ts';
import { isClaimedName } from './core/admission.ts';
import type { OperationRequest } from './core/operations.ts';
import type { AuditEntry } from './io/audit-log.ts';

/** @param isLate the true outcome of one that was answered before it was known */
export function auditEntryOf(
  request: OperationRequest,
  outcome: OperationOutcome,
  isLate: boolean,
): AuditEntry {
  const { node, unit, verb, opId, requestedBy, requestedFrom, reason } = request;
  const result = systemdResult(outcome);
  return {
    who: requestedBy,
    ...(isClaimedName(requestedBy) ? { claimed: true } : {}),
    from: requestedFrom,
    what: verb,
    node,
    unit,
    opId,
    outcome: outcome.status,
    durationMs: outcome.durationMs,
    ...(verb === 'exec' ? commandOf(request.options?.argv ?? []) : {}),
    ...(outcome.code ? { code: outcome.code } : {}),
    ...(result ? { result } : {}),
    ...(reason ? { reason } : {}),
    ...(isLate ? { late: true } : {}),
  };
}

/**
 * Never the arguments themselves, which may hold secrets: whoever knows what was run can prove it by the digest,
 * `printf '%s\0' COMMAND ARGUMENT… | sha256sum`.
 */
function commandOf(argv: readonly string[]): Pick<AuditEntry, 'command' | 'argc' | 'argvSha256'> {
  const argvSha256 = createHash('sha256')
    .update(argv.map((argument) => `${argument}\0`).join(''))
    .digest('hex');
  return { command: argv[0] ?? '', argc: argv.length, argvSha256 };
}
