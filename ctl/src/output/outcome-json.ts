/** The stable form of an outcome under `-o json`: ctl/schema/outcomes.json. */
import { systemdResult } from '@hecate/proto/core/systemd-result.ts';
import {
  createOperationOutcome,
  type NodeOutcome,
  type OperationOutcome,
} from '@hecate/proto/generated/wire.ts';

/** Texts that are empty on the wire mean "none". */
export const orNull = (text: string): string | null => (text === '' ? null : text);
/** Unix milliseconds, 0 meaning never, as RFC 3339. */
export const timeOrNull = (ms: number): string | null => (ms === 0 ? null : new Date(ms).toISOString());

export function outcomeJson(given: OperationOutcome | undefined): Record<string, unknown> {
  const outcome = given ?? createOperationOutcome({ status: 'unknown' });
  const { evidence, execResult } = outcome;
  return {
    // A status of a newer manager is not known to be good.
    status: outcome.status === 'unspecified' ? 'unknown' : outcome.status,
    op_id: orNull(outcome.opId),
    result: orNull(systemdResult(outcome)),
    code: orNull(outcome.code),
    message: orNull(outcome.message),
    remedy: orNull(outcome.remedy),
    duration_ms: outcome.durationMs,
    is_replayed: outcome.replayed,
    is_inferred: outcome.inferred,
    evidence: evidence
      ? {
          load_state: orNull(evidence.loadState),
          active_state: orNull(evidence.activeState),
          sub_state: orNull(evidence.subState),
          result: orNull(evidence.result),
          exec_main_code: evidence.execMainCode,
          exec_main_status: evidence.execMainStatus,
          invocation_id: orNull(evidence.invocationId),
        }
      : null,
    changes: outcome.changes.map(({ change, file, source }) => ({ change, file, source: orNull(source) })),
    log_lines: outcome.logLines,
    exec: execResult
      ? {
          exit_status: execResult.exitStatus,
          exit_code: execResult.exitCode,
          is_output_truncated: execResult.outputTruncated,
        }
      : null,
  };
}

export const nodeOutcomeJson = (answer: NodeOutcome): Record<string, unknown> => ({
  node: answer.node,
  unit: orNull(answer.unit),
  verb: answer.verb,
  ...outcomeJson(answer.outcome),
});
