/** Tells of runs: the log, those who watch, notifications, metrics and the audit log. Decides nothing. */
import { createRunEventLine } from '@hecate/proto/generated/wire.ts';
import type { NotificationEvent } from '../config/manager-config.ts';
import { isClaimedName } from '../core/admission.ts';
import type { RunId, RunState } from '../core/runs/run.ts';
import type { RunEvent } from '../core/runs/runs-state.ts';
import type { AuditLog } from '../io/audit-log.ts';
import type { ManagerLogger } from '../io/logger.ts';
import type { ManagerMetrics } from '../io/metrics.ts';
import type { Notifier } from '../io/notifications.ts';
import { eventLine } from './event-line.ts';
import type { RunWatchers } from './run-watchers.ts';

export interface RunTellerPorts {
  readonly logger: ManagerLogger;
  readonly audit: AuditLog;
  readonly metrics: ManagerMetrics;
  readonly notifier: Notifier;
  readonly watchers: RunWatchers;
  site(): string;
  wallMs(): number;
  runOf(runId: RunId): RunState | undefined;
}

/** Events that are many, or that a gate says at each look. */
const quiet: ReadonlySet<RunEvent['type']> = new Set<RunEvent['type']>(['operation-ended', 'waiting']);

export class RunTeller {
  readonly #ports: RunTellerPorts;

  constructor(ports: RunTellerPorts) {
    this.#ports = ports;
  }

  tell(runId: RunId, event: RunEvent): void {
    const { logger, watchers, wallMs } = this.#ports;
    const line = eventLine(event, wallMs());
    logger[levelOf(event)]({ run: runId, ...(line.step ? { step: line.step } : {}) }, line.text);
    watchers.tell(runId, line);
    const run = this.#ports.runOf(runId);
    if (run) this.#tellOutside(run, event, line.text);
  }

  /** A sentence that is no event of the machine: what could not be told an agent, a hook's output. */
  note(runId: RunId, type: string, text: string, node = ''): void {
    const { logger, watchers, wallMs } = this.#ports;
    logger.info({ run: runId, ...(node ? { node } : {}) }, text);
    watchers.tell(runId, createRunEventLine({ atMs: Math.round(wallMs()), type, text, node }));
  }

  /** It is over. */
  ended(run: RunState, durationMs: number): void {
    const { audit, metrics } = this.#ports;
    const { request, outcome = 'failed', why } = run;
    metrics.runEnded(request.plan.kind, outcome);
    audit.append({
      ...whoOf(run),
      what: `run ${request.plan.name} ended`,
      outcome,
      durationMs: Math.round(durationMs),
      ...(why ? { reason: why } : {}),
    });
    const text = `the run has ended: ${outcome}${why ? `: ${why}` : ''}`;
    if (outcome === 'failed' || outcome === 'aborted') this.#notify(run, 'failed', text);
    this.#notify(run, 'finished', text);
  }

  #tellOutside(run: RunState, event: RunEvent, text: string): void {
    const { metrics, audit } = this.#ports;
    const { request } = run;
    switch (event.type) {
      case 'run-started':
        audit.append({
          ...whoOf(run),
          what: `run ${request.plan.name}`,
          outcome: 'started',
          ...(request.reason ? { reason: request.reason } : {}),
        });
        this.#notify(run, 'started', `${request.plan.name} has started: ${request.requestedBy}`);
        return;
      case 'stage-done':
        metrics.runStageEnded(request.plan.name, event.stage, event.durationMs);
        this.#notify(run, 'stage-done', text);
        return;
      case 'degraded':
        this.#notify(run, 'degraded', text);
        return;
      default:
    }
  }

  #notify({ request }: RunState, event: NotificationEvent, text: string): void {
    const { runId, plan, requestedBy, reason, isRehearsal } = request;
    this.#ports.notifier.tell({
      site: this.#ports.site(),
      event,
      runId,
      plan: plan.name,
      kind: plan.kind,
      mode: plan.mode,
      text,
      requestedBy,
      reason,
      isRehearsal,
      atMs: Math.round(this.#ports.wallMs()),
    });
  }
}

const whoOf = ({ request }: RunState) => ({
  who: request.requestedBy,
  ...(isClaimedName(request.requestedBy) ? { claimed: true } : {}),
  from: request.requestedFrom,
  subject: request.runId,
});

function levelOf(event: RunEvent): 'debug' | 'info' | 'warn' {
  if (event.type === 'degraded' || event.type === 'method-failed') return 'warn';
  if (event.type === 'run-ended' && event.outcome !== 'done') return 'warn';
  if (event.type === 'operation-ended' && event.end.status !== 'done' && !event.isMissingButDone)
    return 'warn';
  return quiet.has(event.type) ? 'debug' : 'info';
}
