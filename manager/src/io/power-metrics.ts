/**
 * Power for Prometheus: the family that existing dashboards of UPSes read (network_ups_tools_*), and Hecate's own. A
 * series that is stale is not there: a dashboard that shows the last value for ever says that all is well.
 */
import { Counter, Gauge, type Registry } from 'prom-client';

export interface UpsMetrics {
  readonly ups: string;
  /** Of a look that is fresh; undefined: nothing is known of it now. */
  readonly reading:
    | {
        readonly flags: readonly string[];
        readonly runtimeMs: number | undefined;
        readonly chargePercent: number | undefined;
        readonly loadPercent: number | undefined;
        readonly inputVoltage: number | undefined;
        readonly batteryVoltage: number | undefined;
      }
    | undefined;
  readonly device: Readonly<Record<string, string>>;
  readonly phase: string;
  readonly believedRuntimeMs: number | undefined;
  readonly thresholdMs: number;
  /** Undefined: it was never heard. */
  readonly slackMs: number | undefined;
  readonly dataAgeMs: number | undefined;
  readonly triggersByCause: ReadonlyMap<string, number>;
  readonly rejected: readonly {
    readonly variable: string;
    readonly reason: string;
    readonly count: number;
  }[];
}

/** What goes to other sites, and comes from them. */
export interface ForwardMetrics {
  /** By UPS; counts are since the manager started. */
  readonly sent: readonly {
    readonly ups: string;
    readonly sent: number;
    readonly acknowledged: number;
    readonly withdrawn: number;
    readonly local: number;
    /** Of the newest; undefined: none has been acknowledged yet. */
    readonly acknowledgedAfterMs: number | undefined;
  }[];
  /** By peer. */
  readonly received: ReadonlyMap<string, number>;
  readonly peers: readonly { readonly peer: string; readonly isConnected: boolean }[];
}

export interface PowerMetrics {
  readonly upses: readonly UpsMetrics[];
  readonly budgetMs: number;
  readonly budgetSamples: number;
  readonly forwards: ForwardMetrics;
}

/** Each is 0 or 1; one that a driver makes up is 1 while it is there. */
const knownFlags = [
  ...['OL', 'OB', 'LB', 'HB', 'RB', 'CHRG', 'DISCHRG', 'BYPASS', 'CAL', 'OFF'],
  ...['OVER', 'TRIM', 'BOOST', 'FSD', 'ALARM'],
];

/** As core/power/ups/ups-state.ts has them. */
const phases = [
  ...['unknown', 'online', 'on-battery', 'pending', 'blind-online', 'blind-on-battery'],
  ...['triggered', 'committed', 'hosts-off', 'recover'],
];

const causes = ['runtime', 'timer', 'low-battery', 'forced-shutdown', 'output-off', 'silent'];

const deviceLabels = ['manufacturer', 'model', 'serial', 'firmware', 'type'] as const;

/** Our names of what is told → gauge and help. */
const toldGauges = {
  chargePercent: ['network_ups_tools_battery_charge', 'Charge of the battery, in percent.'],
  runtimeMs: ['network_ups_tools_battery_runtime', 'Runtime as the UPS tells it, in seconds.'],
  batteryVoltage: ['network_ups_tools_battery_voltage', 'Voltage of the battery.'],
  inputVoltage: ['network_ups_tools_input_voltage', 'Voltage of the mains.'],
  loadPercent: ['network_ups_tools_ups_load', 'Load, in percent of what it can supply.'],
} as const;
type Told = keyof typeof toldGauges;

function makeGauges(registry: Registry) {
  const registers = [registry];
  const gauge = (name: string, help: string, ...labels: string[]) =>
    new Gauge({ name, help, labelNames: ['ups', ...labels], registers });
  const counter = (name: string, help: string, ...labels: string[]) =>
    new Counter({ name, help, labelNames: ['ups', ...labels], registers });
  const told = Object.entries(toldGauges).map(
    ([key, [name, help]]) => [key as Told, gauge(name, help)] as const,
  );
  return {
    told,
    flags: gauge('network_ups_tools_ups_status', 'Whether ups.status has the flag, 1 or 0.', 'flag'),
    device: gauge('network_ups_tools_device_info', 'Always 1; the labels say what it is.', ...deviceLabels),
    state: gauge('hecate_power_state', 'Whether the decision is in the state, 1 or 0.', 'state'),
    believed: gauge('hecate_power_believed_runtime_seconds', 'How long the supply is believed to last.'),
    threshold: gauge(
      'hecate_power_threshold_seconds',
      'The believed runtime under which a shutdown is asked for.',
    ),
    slack: gauge(
      'hecate_power_slack_seconds',
      'Until a shutdown is asked for, on battery at this load; below zero: it is due.',
    ),
    age: gauge('hecate_power_data_age_seconds', 'Since the UPS was last heard.'),
    triggers: counter(
      'hecate_power_triggers_total',
      'Shutdowns that the UPS has asked for since the manager started.',
      'cause',
    ),
    rejected: counter(
      'hecate_power_rejected_values_total',
      'Values of the UPS that were not believed since the manager started.',
      'variable',
      'reason',
    ),
    forwards: counter(
      'hecate_power_forwards_total',
      'Triggers of the UPS that went to another site since the manager started, by what became of them.',
      'result',
    ),
    acknowledged: gauge(
      'hecate_power_forward_acknowledged_seconds',
      'How long the newest acknowledgement of another site took.',
    ),
    received: new Counter({
      name: 'hecate_power_forwards_received_total',
      help: 'Triggers that another site has forwarded here since the manager started.',
      labelNames: ['peer'],
      registers,
    }),
    peers: new Gauge({
      name: 'hecate_power_peer_connected',
      help: 'Whether there is a session with the manager of another site, 1 or 0.',
      labelNames: ['peer'],
      registers,
    }),
    budget: new Gauge({
      name: 'hecate_power_budget_seconds',
      help: 'How long a shutdown is expected to take.',
      registers,
    }),
    samples: new Gauge({
      name: 'hecate_power_budget_samples',
      help: 'Shutdowns that the budget was learnt from; 0: it is the declared one.',
      registers,
    }),
  };
}

export class PowerGauges {
  readonly #gauges: ReturnType<typeof makeGauges>;

  constructor(registry: Registry) {
    this.#gauges = makeGauges(registry);
  }

  /** What is not in the snapshot is not on the page. */
  show({ upses, budgetMs, budgetSamples, forwards }: PowerMetrics): void {
    const { told, budget, samples, ...others } = this.#gauges;
    for (const gauge of [...told.map(([, each]) => each), ...Object.values(others)]) gauge.reset();
    budget.set(budgetMs / 1000);
    samples.set(budgetSamples);
    for (const ups of upses) {
      this.#showTold(ups);
      this.#showDecided(ups);
    }
    this.#showForwards(forwards);
  }

  #showForwards({ sent, received, peers }: ForwardMetrics): void {
    for (const { ups, acknowledgedAfterMs, ...counts } of sent) {
      for (const [result, count] of Object.entries(counts)) this.#gauges.forwards.inc({ ups, result }, count);
      if (acknowledgedAfterMs !== undefined)
        this.#gauges.acknowledged.set({ ups }, acknowledgedAfterMs / 1000);
    }
    for (const [peer, count] of received) this.#gauges.received.inc({ peer }, count);
    for (const { peer, isConnected } of peers) this.#gauges.peers.set({ peer }, isConnected ? 1 : 0);
  }

  #showTold({ ups, reading, device }: UpsMetrics): void {
    if (reading === undefined) return;
    for (const [name, gauge] of this.#gauges.told) {
      const value = reading[name];
      if (value !== undefined) gauge.set({ ups }, name === 'runtimeMs' ? value / 1000 : value);
    }
    for (const flag of new Set([...knownFlags, ...reading.flags]))
      this.#gauges.flags.set({ ups, flag }, reading.flags.includes(flag) ? 1 : 0);
    const labels = Object.fromEntries(deviceLabels.map((label) => [label, device[label] ?? '']));
    this.#gauges.device.set({ ups, ...labels }, 1);
  }

  #showDecided(metrics: UpsMetrics): void {
    const { ups, phase, believedRuntimeMs, thresholdMs, slackMs, dataAgeMs } = metrics;
    for (const state of phases) this.#gauges.state.set({ ups, state }, state === phase ? 1 : 0);
    this.#gauges.threshold.set({ ups }, thresholdMs / 1000);
    if (believedRuntimeMs !== undefined) this.#gauges.believed.set({ ups }, believedRuntimeMs / 1000);
    if (slackMs !== undefined) this.#gauges.slack.set({ ups }, slackMs / 1000);
    if (dataAgeMs !== undefined) this.#gauges.age.set({ ups }, dataAgeMs / 1000);
    for (const cause of causes)
      this.#gauges.triggers.inc({ ups, cause }, metrics.triggersByCause.get(cause) ?? 0);
    for (const { variable, reason, count } of metrics.rejected)
      this.#gauges.rejected.inc({ ups, variable, reason }, count);
  }
}
