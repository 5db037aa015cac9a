/** What one look at a UPS told: the only thing that the power decision knows of the world. */

/** The words of `ups.status` that NUT defines; others are kept, and mean nothing. */
export type StatusFlag = string;

/** The values of one `LIST VAR`, read strictly: what is not a sane number is not there, and is counted. */
export interface UpsReading {
  /** As told, in order: OL, OB, LB, FSD, CAL, OFF, RB, BYPASS, ALARM, OVER, CHRG, DISCHRG, TEST … */
  readonly flags: readonly StatusFlag[];
  /** `battery.runtime`. */
  readonly runtimeMs: number | undefined;
  /** `battery.charge`, 0 to 100. */
  readonly chargePercent: number | undefined;
  /** `battery.charge.low` or the UPS's own idea of low; undefined: not told. */
  readonly lowChargePercent: number | undefined;
  /** `ups.load`, 0 to several 100. */
  readonly loadPercent: number | undefined;
  readonly inputVoltage: number | undefined;
  readonly batteryVoltage: number | undefined;
  /** `driver.parameter.pollfreq`: how old a runtime may be; undefined: not told, 30 s is assumed. */
  readonly refreshIntervalMs: number | undefined;
  /** For the metrics' `device_info`: manufacturer, model, serial, firmware. */
  readonly device: Readonly<Record<string, string>>;
}

/** A value that was told and not believed. */
export interface RejectedValue {
  readonly variable: string;
  /** At most 40 characters of it. */
  readonly value: string;
  readonly reason: 'not-a-number' | 'out-of-range' | 'known-nonsense' | 'empty';
}

/** Why a look told nothing of the UPS itself. */
export type LookFailure =
  | 'data-stale'
  | 'driver-not-connected'
  | 'unknown-ups'
  | 'access-denied'
  /** upsd cannot be reached, does not answer in time, or breaks the protocol. */
  | 'server-lost';

export interface UpsSample {
  /** As configured: `ups@host:port`, or the operator's own name for it. */
  readonly ups: string;
  /** CLOCK_BOOTTIME of the coordinator when the answer was there. */
  readonly atMs: number;
  readonly reading: UpsReading | undefined;
  /** Set exactly when there is no reading. */
  readonly failure: LookFailure | undefined;
  readonly rejected: readonly RejectedValue[];
}
