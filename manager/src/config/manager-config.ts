/** The manager's configuration as the program sees it; docs/config.md has it as the operator writes it. */
import type { ManagerAddress } from '@hecate/proto/core/manager-address.ts';
import type { NodeName } from '@hecate/proto/core/names.ts';
import type { Inventory } from '../core/plan/inventory.ts';
import type { PlanMode } from '../core/plan/plan.ts';
import type { SequenceDeclaration } from '../core/plan/sequence.ts';

/** The names of systemd's and pino's common subset; each says less than the one before it. */
export const logLevels = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];

export const socketRoles = ['viewer', 'operator', 'admin'] as const;
export type SocketRole = (typeof socketRoles)[number];

/** A Unix socket for operators on this host: who may open it has its role. */
export interface OperatorSocket {
  readonly path: string;
  readonly role: SocketRole;
  /** File permissions, 0o600. */
  readonly mode: number;
  /** Name of the group that owns it; undefined: that of the manager. */
  readonly group: string | undefined;
}

/**
 * What a run tells of itself. failed: it ended so, or was aborted · finished: it ended, however. And power: what a UPS
 * gives cause to.
 */
export const notificationEvents = [
  'started',
  'stage-done',
  'degraded',
  'failed',
  'finished',
  'power',
] as const;
export type NotificationEvent = (typeof notificationEvents)[number];

/** Who is told of runs: a web address (POST, JSON), or a command of the coordinator (JSON on its stdin). */
export type Notification = { readonly events: readonly NotificationEvent[] } & (
  | { readonly type: 'webhook'; readonly url: string }
  | { readonly type: 'command'; readonly argv: readonly string[] }
);

export interface RunsConfig {
  /** An intent that is older does not block a startup any more. */
  readonly intentAgeMaxMs: number;
  readonly notifications: readonly Notification[];
}

export const upsTlsModes = ['off', 'optional', 'required'] as const;
/** In a shutdown that a UPS asks for. */
export const coordinatorFates = ['powers-off', 'stays-up'] as const;
export type CoordinatorFate = (typeof coordinatorFates)[number];

export const planModes = ['poweroff', 'cluster-only'] as const satisfies readonly PlanMode[];

/** A UPS of a NUT server. */
export interface UpsDeclaration {
  /** What it is called here. */
  readonly name: string;
  /** What its server calls it. */
  readonly nutName: string;
  readonly host: string;
  readonly port: number;
  readonly tls: (typeof upsTlsModes)[number];
  readonly authorityFile: string | undefined;
  readonly serverName: string | undefined;
  /** For commands; to watch needs none. */
  readonly credentials: { readonly user: string; readonly passwordFile: string } | undefined;
  /** Whether FSD is set past the point of no return. */
  readonly setsForcedShutdown: boolean;
  /** Whether its output is cut before the coordinator powers itself off. */
  readonly cutsPower: boolean;
}

/** The manager of another site, which carries out what UPSes of this one ask for. */
export interface ForwardDeclaration {
  /** Tried in order. */
  readonly to: readonly ManagerAddress[];
  /** Of the certificate that the other site has given to this manager. */
  readonly identityDirectory: string;
  /** A request that takes longer was not answered. */
  readonly acknowledgeWithinMs: number;
  /** A receiver that is silent for so long does not carry it out. */
  readonly progressWithinMs: number;
  /** How long a shutdown takes over there, until the other site has said so itself. */
  readonly budgetMs: number;
  /** Whether this site shuts itself down, where nobody over there sees to it. */
  readonly hasLocalShutdown: boolean;
}

export interface PowerConfig {
  /** Without one there is no power here. */
  readonly upses: readonly UpsDeclaration[];
  readonly pollIntervalMs: number;
  readonly debouncePolls: number;
  readonly runtimeSafetyFactor: number;
  /** How long a shutdown takes, until runs have taught it. */
  readonly budgetMs: number;
  readonly forwardingLatencyMs: number;
  /** The plain timer, where neither runtime nor charge is told. */
  readonly onBatteryLimitMs: number;
  /** How long a UPS that is silent on battery is counted down at most. */
  readonly silenceLimitMs: number;
  readonly mode: PlanMode;
  readonly coordinator: CoordinatorFate;
  /** How long the coordinator takes to power itself off, at most. */
  readonly coordinatorHaltMs: number;
  /** How long mains must have been back until the site is started up again. */
  readonly stableMainsMs: number;
  /** Where no runtime is told, or the load with the site up is not known: until the site is started up again. */
  readonly startupChargePercent: number;
  /** Undefined: what UPSes ask for is carried out here. */
  readonly forward: ForwardDeclaration | undefined;
  /** How long a site that says nothing is waited for, until this one is started up without its word. */
  readonly peerWaitMs: number;
}

export interface ManagerConfig {
  readonly site: string;
  /** TLS listeners for agents and remote operators. Port 0: any free one. */
  readonly listen: readonly ManagerAddress[];
  /** What the server certificate is valid for, and what agents dial: DNS names and IP addresses. */
  readonly names: readonly string[];
  /** Only these may enrol and connect; undefined: any node that an admin enrols. */
  readonly nodes: readonly NodeName[] | undefined;
  readonly sockets: readonly OperatorSocket[];
  /** Unauthenticated agents, on loopback only; undefined: none. */
  readonly plainLoopbackListen: ManagerAddress | undefined;
  readonly heartbeatIntervalMs: number;
  readonly operations: { readonly timeLimitMs: number; readonly logLines: number };
  /** Where Prometheus reads; undefined: nowhere. */
  readonly metrics: { readonly listen: ManagerAddress } | undefined;
  readonly log: { readonly level: LogLevel };
  readonly audit: { readonly file: string };
  readonly stateDirectory: string;
  readonly trust: {
    readonly certificateLifetimeMs: number;
    readonly authorityLifetimeMs: number;
    readonly tokenLifetimeMs: number;
  };
  /** What plans are compiled from; without nodes when the file declares none. */
  readonly inventory: Inventory;
  /** As declared, sorted by name: `startup` and `shutdown` among them replace the built-in ones. */
  readonly sequences: readonly SequenceDeclaration[];
  readonly runs: RunsConfig;
  readonly power: PowerConfig;
}
