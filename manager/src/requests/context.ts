/** What the answers to operators' requests are made of. */
import type { NodeName, OpId } from '@hecate/proto/core/names.ts';
import type { IncomingRequest, Session } from '@hecate/proto/io/session-host.ts';
import type { Clock } from '@hecate/proto/io/transport.ts';
import type { ManagerConfig } from '../config/manager-config.ts';
import type { Refusal } from '../core/diagnosis.ts';
import type { OperatorRole } from '../core/roles.ts';
import type { Troubles } from '../core/troubles.ts';
import type { FleetStore } from '../fleet-store.ts';
import type { AuditLog } from '../io/audit-log.ts';
import type { OperationRunner } from '../operation-runner.ts';
import type { PowerService } from '../power/power-service.ts';
import type { RunService } from '../runs/run-service.ts';
import type { AcceptedPeer } from '../trust/peer-identity.ts';
import type { TrustService } from '../trust-service.ts';

/** Who asks, and from where. */
export interface Caller {
  readonly who: string;
  readonly from: string;
  readonly role: OperatorRole;
  /** The certificate of a remote operator. */
  readonly peer: AcceptedPeer | undefined;
}

export interface RequestContext {
  readonly clock: Clock;
  readonly fleet: FleetStore;
  readonly operations: OperationRunner;
  readonly runs: RunService;
  readonly power: PowerService;
  readonly trust: TrustService;
  readonly audit: AuditLog;
  readonly startedAtMs: number;
  readonly epoch: number;
  readonly softwareVersion: string;
  config(): ManagerConfig;
  sessionOf(node: NodeName): Session | undefined;
  metricsText(): Promise<string>;
  setLogLevel(level: string): string;
  highestForeignEpoch(): number;
  troubles(): Troubles;
  refusalsOf(node: string): readonly Refusal[];
  refusalsOfStrangers(): number;
  listening(): readonly string[];
  /** Told when nodes or the authority changed, so that listeners and the fleet follow. */
  trustChanged(): Promise<void>;
  /** Ends the sessions of one who was revoked. */
  endSessionsOf(kind: 'node' | 'operator' | 'peer', name: string): void;
  newOpId(): OpId;
}

export interface OperatorRequest<Value> {
  readonly value: Value;
  readonly caller: Caller;
  readonly context: RequestContext;
  /** Time limit, cancellation and the stream of the request. */
  readonly incoming: IncomingRequest;
}
