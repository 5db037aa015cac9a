/** The manager's metrics for Prometheus. Counters count what happens; the fleet is looked at when somebody asks. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { PowerGauges, type PowerMetrics } from './power-metrics.ts';
import { addProcessMetrics } from './process-metrics.ts';

/** The fleet at one moment. */
export interface FleetSnapshot {
  readonly nodes: readonly {
    readonly name: string;
    readonly online: boolean;
    /** Unix time; 0: never seen. */
    readonly lastSeenMs: number;
    /** Of an online node whose list is complete; of others nothing is claimed (I12). */
    readonly unitsByActiveState: Readonly<Record<string, number>>;
  }[];
  readonly sessionsByKind: Readonly<Record<string, number>>;
  readonly epoch: number;
  /** Runs that are going on, by kind of plan. */
  readonly runsByKind?: Readonly<Record<string, number>>;
  /** Undefined: no UPS is watched. */
  readonly power?: PowerMetrics | undefined;
}

export interface ManagerMetrics {
  /** An operation has its first answer, after so many milliseconds. */
  operationEnded(verb: string, status: string, durationMs: number): void;
  /** What became of an operation is known now; the caller was told something vaguer before. */
  operationResolved(verb: string, status: string): void;
  /** A connection did not become a session. `reason` is one of few words, never a text of the peer. */
  connectionRefused(reason: string): void;
  protocolError(): void;
  runEnded(kind: string, outcome: string): void;
  runStageEnded(plan: string, stage: string, durationMs: number): void;
  /** The page that Prometheus reads. */
  text(): Promise<string>;
}

/** From a quick start of a unit (2 ms on the bus) to the default time limit and somewhat beyond. */
const durationBucketsSeconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];

/** Stages, from a few units to an hour of draining. */
const stageBucketsSeconds = [1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600];

/** Different reasons that are told apart (I14); later ones count as `other`. */
const reasonsMax = 40;

class FleetGauges {
  readonly #nodes;
  readonly #online;
  readonly #lastSeen;
  readonly #units;
  readonly #sessions;
  readonly #epoch;
  readonly #runs;

  constructor(registry: Registry) {
    const gauge = <const Label extends string>(name: string, help: string, ...labelNames: Label[]) =>
      new Gauge({ name, help, labelNames, registers: [registry] });
    this.#nodes = gauge('hecate_nodes', 'Nodes of the site.', 'state');
    this.#online = gauge('hecate_node_online', 'Whether the node is connected, 1 or 0.', 'node');
    this.#lastSeen = gauge(
      'hecate_node_last_seen_timestamp_seconds',
      'When the node was last heard, Unix time in seconds.',
      'node',
    );
    this.#units = gauge('hecate_units', 'Loaded units of nodes that are online.', 'node', 'active_state');
    this.#sessions = gauge('hecate_sessions', 'Open sessions.', 'kind');
    this.#epoch = gauge('hecate_epoch', 'Fencing number of this manager.');
    this.#runs = gauge('hecate_runs_active', 'Runs that are going on.', 'type');
  }

  /** A node that is gone from the snapshot is gone from the page. */
  show({ nodes, sessionsByKind, epoch, runsByKind = {} }: FleetSnapshot): void {
    for (const gauge of [this.#nodes, this.#online, this.#lastSeen, this.#units, this.#sessions])
      gauge.reset();
    const online = nodes.filter((node) => node.online).length;
    this.#nodes.set({ state: 'online' }, online);
    this.#nodes.set({ state: 'offline' }, nodes.length - online);
    for (const node of nodes) {
      this.#online.set({ node: node.name }, node.online ? 1 : 0);
      if (node.lastSeenMs > 0) this.#lastSeen.set({ node: node.name }, node.lastSeenMs / 1000);
      for (const [state, count] of Object.entries(node.unitsByActiveState)) {
        this.#units.set({ node: node.name, active_state: state }, count);
      }
    }
    for (const [kind, count] of Object.entries(sessionsByKind)) this.#sessions.set({ kind }, count);
    this.#epoch.set(epoch);
    for (const kind of ['startup', 'shutdown', 'sequence'])
      this.#runs.set({ type: kind }, runsByKind[kind] ?? 0);
  }
}

function addAuditFailures(registry: Registry, auditFailures: () => number): void {
  new Counter({
    name: 'hecate_audit_write_failures_total',
    help: 'Audit entries that could not be written.',
    registers: [registry],
    collect() {
      this.reset();
      this.inc(auditFailures());
    },
  });
}

class PrometheusMetrics implements ManagerMetrics {
  readonly #registry = new Registry();
  readonly #fleet = new FleetGauges(this.#registry);
  readonly #collect: () => FleetSnapshot;
  readonly #operations = this.#counter(
    'hecate_operations_total',
    'Operations, each once, by the answer that its caller had; what is known later is in hecate_operations_resolved_total.',
    'verb',
    'status',
  );
  readonly #resolved = this.#counter(
    'hecate_operations_resolved_total',
    'Operations that were answered with unknown or timeout and have their true outcome now.',
    'verb',
    'status',
  );
  readonly #durations = new Histogram({
    name: 'hecate_operation_duration_seconds',
    help: 'From the request to the answer that the caller of an operation had.',
    labelNames: ['verb'],
    buckets: durationBucketsSeconds,
    registers: [this.#registry],
  });
  readonly #refused = this.#counter(
    'hecate_refused_connections_total',
    'Connections that did not become a session.',
    'reason',
  );
  readonly #protocolErrors = this.#counter(
    'hecate_protocol_errors_total',
    'Sessions that broke the protocol.',
  );
  readonly #runsEnded = this.#counter(
    'hecate_runs_total',
    'Runs that are over, by outcome.',
    'type',
    'outcome',
  );
  readonly #stages = new Histogram({
    name: 'hecate_run_stage_duration_seconds',
    help: 'How long stages of runs took.',
    labelNames: ['plan', 'stage'],
    buckets: stageBucketsSeconds,
    registers: [this.#registry],
  });
  readonly #reasons = new Set<string>();
  /** Made when a UPS is there: families without one would say that its budget is nothing. */
  #power: PowerGauges | undefined;

  constructor(collect: () => FleetSnapshot, softwareVersion: string, auditFailures?: () => number) {
    this.#collect = collect;
    const buildInfo = new Gauge({
      name: 'hecate_manager_build_info',
      help: 'Always 1; the labels say what runs.',
      labelNames: ['version', 'node_version'],
      registers: [this.#registry],
    });
    buildInfo.set({ version: softwareVersion, node_version: process.version }, 1);
    if (auditFailures) addAuditFailures(this.#registry, auditFailures);
    addProcessMetrics(this.#registry);
  }

  operationEnded(verb: string, status: string, durationMs: number): void {
    this.#operations.inc({ verb, status });
    this.#durations.observe({ verb }, durationMs / 1000);
  }

  operationResolved(verb: string, status: string): void {
    this.#resolved.inc({ verb, status });
  }

  connectionRefused(reason: string): void {
    if (this.#reasons.size < reasonsMax) this.#reasons.add(reason);
    this.#refused.inc({ reason: this.#reasons.has(reason) ? reason : 'other' });
  }

  protocolError(): void {
    this.#protocolErrors.inc();
  }

  runEnded(kind: string, outcome: string): void {
    this.#runsEnded.inc({ type: kind, outcome });
  }

  runStageEnded(plan: string, stage: string, durationMs: number): void {
    this.#stages.observe({ plan, stage }, durationMs / 1000);
  }

  text(): Promise<string> {
    const snapshot = this.#collect();
    this.#fleet.show(snapshot);
    if (snapshot.power) {
      this.#power ??= new PowerGauges(this.#registry);
      this.#power.show(snapshot.power);
    }
    return this.#registry.metrics();
  }

  #counter<const Label extends string>(name: string, help: string, ...labelNames: Label[]): Counter<Label> {
    return new Counter({ name, help, labelNames, registers: [this.#registry] });
  }
}

/**
 * @param collect gives the fleet of the moment; called for each page
 * @param auditFailures the `failures` of the audit log; without it their metric is left out
 */
export function createMetrics(
  collect: () => FleetSnapshot,
  softwareVersion: string,
  auditFailures?: () => number,
): ManagerMetrics {
  return new PrometheusMetrics(collect, softwareVersion, auditFailures);
}
