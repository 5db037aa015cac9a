/** What the operator declares of one UPS, and what the decision takes where nothing is declared. */

export interface UpsConfig {
  /** Its name, as in samples. */
  readonly ups: string;
  /** Of the budget: what telemetry may be too optimistic by, and the next run longer than those before it. */
  readonly runtimeSafetyFactor: number;
  /** Between two looks while there is nothing to decide. */
  readonly pollIntervalMs: number;
  /** Looks in a row under the threshold until it counts, at least 2: one wrong look never decides. */
  readonly debouncePolls: number;
  /** From the decision until the run begins, where another manager carries it out. */
  readonly forwardingLatencyMs: number;
  /** On battery for so long, where neither runtime nor charge are told: it triggers. */
  readonly onBatteryTimerMs: number;
  /** A UPS that falls silent on battery is counted down from what it told last, for so long at most. */
  readonly blindLimitMs: number;
  /** How long those take that stay up when a shutdown is over, the coordinator above all; undefined: nobody does. */
  readonly remainingMs: number | undefined;
}

export const upsConfigDefaults: Omit<UpsConfig, 'ups'> = {
  runtimeSafetyFactor: 1.1,
  pollIntervalMs: 5000,
  debouncePolls: 3,
  forwardingLatencyMs: 0,
  onBatteryTimerMs: 120_000,
  blindLimitMs: 300_000,
  remainingMs: undefined,
};

/** A UPS as declared, over the defaults; fewer than two looks are taken as two. */
export function upsConfig(ups: string, declared: Partial<Omit<UpsConfig, 'ups'>> = {}): UpsConfig {
  const config = { ...upsConfigDefaults, ...declared, ups };
  return { ...config, debouncePolls: Math.max(2, Math.ceil(config.debouncePolls)) };
}

/** NUT's default `pollfreq`: how old a runtime may be when the driver does not say. */
export const assumedRefreshMs = 30_000;

/** A driver that claims to look more seldom is not believed: the threshold would grow without end. */
export const refreshMaxMs = 300_000;

/** A watcher that has said nothing at all for so long is as silent as a UPS. */
const silentPolls = 3;
const silentLeastMs = 15_000;

export const silentAfterMs = ({ pollIntervalMs }: UpsConfig): number =>
  Math.max(silentLeastMs, silentPolls * pollIntervalMs);
