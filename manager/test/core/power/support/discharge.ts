/** Discharges of a battery whose end is known, told by a UPS that refreshes now and then, and is looked at now and then. */
import fc from 'fast-check';
import { thresholdOf } from '../../../../src/core/power/ups/threshold.ts';
import { refreshMaxMs, upsConfig } from '../../../../src/core/power/ups/ups-config.ts';
import type { UpsReading } from '../../../../src/core/power/ups/ups-sample.ts';
import { readingOf, UpsWorld } from './ups-world.ts';

export interface Discharge {
  readonly budgetMs: number;
  readonly refreshMs: number;
  readonly pollIntervalMs: number;
  readonly debouncePolls: number;
  readonly forwardingLatencyMs: number;
  /** What the UPS tells of the truth, from refresh to refresh, again and again. */
  readonly optimism: readonly number[];
  /** Values are told in steps of that. */
  readonly grainMs: number;
  /** Runtime at the beginning of the outage, over the threshold. */
  readonly spareMs: number;
  /** When the driver refreshes, within its interval. */
  readonly phaseMs: number;
  /** Looks that tell nothing, from that time on the battery. */
  readonly silence: { readonly fromMs: number; readonly forMs: number };
  readonly isRefreshTold: boolean;
  /** After that share of the time the load is so many times what it was. */
  readonly load: { readonly afterShare: number; readonly factor: number };
  /** Looks come fast when that is asked for; the promise holds without. */
  readonly isFastHeard: boolean;
}

const steadyLoad = { afterShare: 0, factor: 1 };

/** The declared range that the decision keeps its promises in; `optimism`: how much of the truth is told. */
export const anyDischarge = (
  optimism: fc.Arbitrary<number>,
  load: fc.Arbitrary<Discharge['load']> = fc.constant(steadyLoad),
): fc.Arbitrary<Discharge> =>
  fc
    .record({
      budgetMs: fc.integer({ min: 10_000, max: 900_000 }),
      refreshMs: fc.integer({ min: 1000, max: refreshMaxMs }),
      pollIntervalMs: fc.integer({ min: 200, max: 60_000 }),
      debouncePolls: fc.integer({ min: 2, max: 20 }),
      forwardingLatencyMs: fc.integer({ min: 0, max: 3000 }),
      optimism: fc.array(optimism, { minLength: 1, maxLength: 12 }),
      grainMs: fc.constantFrom(1, 1000, 10_000, 60_000),
      spareMs: fc.integer({ min: 15_000, max: 600_000 }),
      phaseMs: fc.nat(60_000),
      // Once a look has shown the outage: what falls silent with mains stays on mains.
      silence: fc.record({ fromMs: fc.integer({ min: 16_000, max: 600_000 }), forMs: fc.nat(30_000) }),
      isRefreshTold: fc.boolean(),
      load,
      isFastHeard: fc.boolean(),
    })
    .map((each) => {
      const { budgetMs, spareMs, refreshMs, silence, isRefreshTold } = each;
      // More looks say nothing more, and take long.
      const pollIntervalMs = Math.max(each.pollIntervalMs, (budgetMs + spareMs) / 500);
      return {
        ...each,
        pollIntervalMs,
        // Where the driver does not say, it is NUT's default.
        refreshMs: isRefreshTold ? refreshMs : Math.min(refreshMs, 30_000),
        spareMs: spareMs + pollIntervalMs,
        silence: { ...silence, fromMs: silence.fromMs + pollIntervalMs },
      };
    });

export interface Play {
  readonly change?: (reading: UpsReading, look: number) => UpsReading;
  readonly between?: (look: number) => void;
  readonly untilMs?: number;
}

const onlineMs = 120_000;
const fastMs = 1000;

export const thresholdMsOf = (each: Discharge): number =>
  thresholdOf(configOf(each), each.budgetMs, each.isRefreshTold ? each.refreshMs : 30_000).thresholdMs;

/** From a load that rises to the end of the battery: what telemetry, debounce, the way and the shutdown take. */
const neededMsOf = (each: Discharge): number => {
  const { refreshMs, pollIntervalMs, debouncePolls, forwardingLatencyMs, budgetMs } = each;
  return refreshMs + (debouncePolls + 1) * pollIntervalMs + forwardingLatencyMs + budgetMs;
};

/** The same with a battery that is not empty before its telemetry can say that the load has risen. */
export function lastingDischarge(each: Discharge): Discharge {
  const { afterShare, factor } = each.load;
  const neededMs = (neededMsOf(each) * factor) / (1 - afterShare);
  return { ...each, spareMs: each.spareMs + Math.max(0, neededMs - thresholdMsOf(each)) };
}

const configOf = ({ pollIntervalMs, debouncePolls, forwardingLatencyMs }: Discharge) =>
  upsConfig('rack-a', { pollIntervalMs, debouncePolls, forwardingLatencyMs });

export class DischargeWorld {
  readonly discharge: Discharge;
  readonly world: UpsWorld;
  /** Since the first look, as everything here. */
  readonly emptyAtMs: number;
  readonly outageAtMs = onlineMs;
  private readonly loadAtMs: number;

  constructor(discharge: Discharge) {
    this.discharge = discharge;
    this.world = new UpsWorld({ ...configOf(discharge), budgetMs: discharge.budgetMs });
    const steadyMs = thresholdMsOf(discharge) + discharge.spareMs;
    const { afterShare, factor } = discharge.load;
    this.loadAtMs = onlineMs + afterShare * steadyMs;
    this.emptyAtMs = this.loadAtMs + (onlineMs + steadyMs - this.loadAtMs) / factor;
  }

  /** Until it is empty. */
  leftMs(atMs: number): number {
    return this.emptyAtMs - Math.max(atMs, this.outageAtMs);
  }

  /** At the load of that moment: the best that a UPS can tell. */
  private truthMs(atMs: number): number {
    const { factor } = this.discharge.load;
    if (atMs >= this.loadAtMs) return this.leftMs(atMs);
    return this.loadAtMs - Math.max(atMs, this.outageAtMs) + factor * (this.emptyAtMs - this.loadAtMs);
  }

  /** Whether the load took what the telemetry, its refresh and the debounce would have needed to say so. */
  diedTooFast(): boolean {
    return this.emptyAtMs - this.loadAtMs < neededMsOf(this.discharge);
  }

  /** Flags come at once, values at the last refresh. */
  readingAt(atMs: number): UpsReading {
    const { refreshMs, phaseMs, optimism, grainMs, isRefreshTold } = this.discharge;
    const refreshes = Math.floor((atMs + phaseMs) / refreshMs);
    const refreshedAtMs = refreshes * refreshMs - phaseMs;
    const share = optimism[refreshes % optimism.length] ?? 1;
    const toldMs = Math.max(0, this.truthMs(refreshedAtMs) * share);
    return readingOf(atMs < this.outageAtMs ? 'OL' : 'OB DISCHRG', {
      runtimeMs: Math.floor(toldMs / grainMs) * grainMs,
      loadPercent: 30 * (refreshedAtMs >= this.loadAtMs ? this.discharge.load.factor : 1),
      refreshIntervalMs: isRefreshTold ? refreshMs : undefined,
    });
  }

  /** Until it triggers, or `untilMs`. `change`: what becomes of a look; `between`: what happens behind it. */
  play({
    change = (reading) => reading,
    between = () => undefined,
    untilMs = this.emptyAtMs,
  }: Play = {}): void {
    const { fromMs, forMs } = this.discharge.silence;
    for (let look = 0; ; look += 1) {
      const { nowMs } = this.world;
      const onBatteryMs = nowMs - this.outageAtMs;
      if (onBatteryMs >= fromMs && onBatteryMs < fromMs + forMs) this.world.sample('data-stale');
      else this.world.sample(change(this.readingAt(nowMs), look));
      if (this.world.triggerAtMs !== undefined || nowMs >= untilMs) return;
      between(look);
      const { pollIntervalMs, isFastHeard } = this.discharge;
      const isFast = isFastHeard && this.world.state.isFast;
      this.world.nowMs += isFast ? Math.min(fastMs, pollIntervalMs) : pollIntervalMs;
    }
  }

  /** What is left over the budget when the run begins; undefined: it never triggered. */
  slackMs(): number | undefined {
    const { triggerAtMs } = this.world;
    if (triggerAtMs === undefined) return undefined;
    const { budgetMs, forwardingLatencyMs } = this.discharge;
    return this.leftMs(triggerAtMs + forwardingLatencyMs) - budgetMs;
  }
}
