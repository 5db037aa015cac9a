/** What a changed configuration file can change in a manager that runs. Pure. */
import type { ManagerConfig } from './manager-config.ts';

/** Every key of the file and whether SIGHUP takes it up. The text says what changes then, or why it cannot. */
const keys = {
  site: { live: false, text: 'it is in the certificate of the authority' },
  listen: { live: false, text: 'sessions would be cut off' },
  names: { live: true, text: 'the server certificate is issued anew' },
  nodes: { live: true, text: 'sessions of nodes that are no longer listed end' },
  sockets: { live: false, text: 'sockets are opened at the start' },
  plain_loopback_listen: { live: false, text: 'sessions would be cut off' },
  heartbeat_interval: { live: false, text: 'running sessions have agreed on it' },
  'operations.time_limit': { live: true, text: 'for operations that begin afterwards' },
  'operations.log_lines': { live: true, text: 'for operations that begin afterwards' },
  'metrics.enabled': { live: false, text: 'its listener is opened at the start' },
  'metrics.listen': { live: false, text: 'its listener is opened at the start' },
  'log.level': { live: true, text: 'at once' },
  'audit.file': { live: false, text: 'the file is opened at the start' },
  state_directory: { live: false, text: 'it is locked at the start' },
  'trust.certificate_lifetime': { live: true, text: 'for certificates that are issued afterwards' },
  'trust.authority_lifetime': { live: true, text: 'for an authority that is made afterwards' },
  'trust.token_lifetime': { live: true, text: 'for tokens that are issued afterwards' },
  inventory: { live: true, text: 'for plans that are made afterwards: a run that runs keeps its plan' },
  hooks: { live: true, text: 'for plans that are made afterwards: a run that runs keeps its plan' },
  sequences: { live: true, text: 'for plans that are made afterwards: a run that runs keeps its plan' },
  'runs.intent_age_max': { live: true, text: 'for startups that are asked for afterwards' },
  'runs.notifications': { live: true, text: 'for events that happen afterwards' },
  'power.upses': { live: false, text: 'they are watched from the start on' },
  'power.poll_interval': { live: false, text: 'UPSes are watched from the start on' },
  'power.debounce_polls': { live: true, text: 'for what is decided afterwards' },
  'power.runtime_safety_factor': { live: true, text: 'for what is decided afterwards' },
  'power.budget': { live: true, text: 'for what is decided afterwards' },
  'power.forwarding_latency': { live: true, text: 'for what is decided afterwards' },
  'power.on_battery_limit': { live: true, text: 'for what is decided afterwards' },
  'power.silence_limit': { live: true, text: 'for what is decided afterwards' },
  'power.coordinator': { live: true, text: 'for shutdowns that begin afterwards' },
  'power.coordinator_halt': { live: true, text: 'for what is decided afterwards' },
  'power.mode': { live: true, text: 'for shutdowns that begin afterwards' },
  'power.stable_mains': { live: true, text: 'also for what waits for it already' },
  'power.startup_charge': { live: true, text: 'also for what waits for it already' },
  'power.forward': { live: false, text: 'the other site is dialled from the start on' },
  'power.peer_wait': { live: true, text: 'also for what waits for it already' },
} as const satisfies Record<string, { live: boolean; text: string }>;

export type ConfigKey = keyof typeof keys;

/** For the reference page. */
export const reloadBehaviour: Readonly<Record<ConfigKey, { live: boolean; text: string }>> = keys;

export interface ReloadPlan {
  /** What differs and is taken up. */
  readonly applied: readonly ConfigKey[];
  /** What differs and needs a restart, with the reason. */
  readonly refused: readonly { readonly key: ConfigKey; readonly reason: string }[];
  /** The configuration to run with from now on: the old one with what can be taken up. */
  readonly config: ManagerConfig;
}

/** The value behind each key of the file. `metrics.enabled` is whether there is a listener at all. */
const values: Record<ConfigKey, (config: ManagerConfig) => unknown> = {
  site: (config) => config.site,
  listen: (config) => config.listen,
  names: (config) => config.names,
  nodes: (config) => config.nodes,
  sockets: (config) => config.sockets,
  plain_loopback_listen: (config) => config.plainLoopbackListen,
  heartbeat_interval: (config) => config.heartbeatIntervalMs,
  'operations.time_limit': (config) => config.operations.timeLimitMs,
  'operations.log_lines': (config) => config.operations.logLines,
  'metrics.enabled': (config) => config.metrics !== undefined,
  'metrics.listen': (config) => config.metrics?.listen,
  'log.level': (config) => config.log.level,
  'audit.file': (config) => config.audit.file,
  state_directory: (config) => config.stateDirectory,
  'trust.certificate_lifetime': (config) => config.trust.certificateLifetimeMs,
  'trust.authority_lifetime': (config) => config.trust.authorityLifetimeMs,
  'trust.token_lifetime': (config) => config.trust.tokenLifetimeMs,
  inventory: (config) => config.inventory.nodes,
  hooks: (config) => config.inventory.hooks,
  sequences: (config) => config.sequences,
  'runs.intent_age_max': (config) => config.runs.intentAgeMaxMs,
  'runs.notifications': (config) => config.runs.notifications,
  'power.upses': (config) => config.power.upses,
  'power.poll_interval': (config) => config.power.pollIntervalMs,
  'power.debounce_polls': (config) => config.power.debouncePolls,
  'power.runtime_safety_factor': (config) => config.power.runtimeSafetyFactor,
  'power.budget': (config) => config.power.budgetMs,
  'power.forwarding_latency': (config) => config.power.forwardingLatencyMs,
  'power.on_battery_limit': (config) => config.power.onBatteryLimitMs,
  'power.silence_limit': (config) => config.power.silenceLimitMs,
  'power.coordinator': (config) => config.power.coordinator,
  'power.coordinator_halt': (config) => config.power.coordinatorHaltMs,
  'power.mode': (config) => config.power.mode,
  'power.stable_mains': (config) => config.power.stableMainsMs,
  'power.startup_charge': (config) => config.power.startupChargePercent,
  'power.forward': (config) => config.power.forward,
  'power.peer_wait': (config) => config.power.peerWaitMs,
};

/** Where something stands in the file is not what it is: a line of comment above it changes nothing. */
const textOf = (value: unknown): string | undefined =>
  JSON.stringify(value, (key, inner: unknown) => (key === 'place' ? undefined : inner));

/** Plain data, made by one parser: the same value has the same text. */
const same = (a: unknown, b: unknown): boolean => textOf(a) === textOf(b);

function changed(before: ManagerConfig, after: ManagerConfig): ConfigKey[] {
  const differing = (Object.keys(values) as ConfigKey[]).filter(
    (key) => !same(values[key](before), values[key](after)),
  );
  // Switching metrics on or off is one change, not two.
  return differing.includes('metrics.enabled')
    ? differing.filter((key) => key !== 'metrics.listen')
    : differing;
}

export function planReload(before: ManagerConfig, after: ManagerConfig): ReloadPlan {
  const differing = changed(before, after);
  return {
    applied: differing.filter((key) => keys[key].live),
    refused: differing
      .filter((key) => !keys[key].live)
      .map((key) => ({
        key,
        reason: `${keys[key].text}; it takes a restart: systemctl restart hecate-manager`,
      })),
    config: {
      ...before,
      names: after.names,
      nodes: after.nodes,
      operations: after.operations,
      log: after.log,
      trust: after.trust,
      // With the places of the new file, that errors of plans name; of the site that it was started for.
      inventory: { ...after.inventory, site: before.inventory.site },
      sequences: after.sequences,
      runs: after.runs,
      power: {
        ...after.power,
        upses: before.power.upses,
        pollIntervalMs: before.power.pollIntervalMs,
        forward: before.power.forward,
      },
    },
  };
}
