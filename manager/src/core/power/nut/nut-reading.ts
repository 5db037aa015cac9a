/** One LIST VAR → what the power decision may believe of it, and what it must not. */

import type { RejectedValue, UpsReading } from '../ups/ups-sample.ts';
import { type NumberRule, readNumber } from './nut-number.ts';
import type { NutVariables } from './nut-reply.ts';

const percent: NumberRule = { min: 0, max: 100 };
const volts: NumberRule = { min: 0, max: 1000 };

const rules = {
  /**
   * Seconds. 65535 and 32767 are the largest 16-bit numbers, 3932100 is 65535 minutes, 4294967295 and 2147483647
   * the largest 32-bit ones, 16777215 the largest of 24 bits: all stand for "not known". No battery lasts a week.
   */
  'battery.runtime': {
    min: 0,
    max: 7 * 24 * 3600,
    nonsense: new Set([32_767, 65_535, 3_932_100, 16_777_215, 2_147_483_647, 4_294_967_295]),
  },
  'battery.charge': percent,
  'battery.charge.low': percent,
  /** An overload is short: the largest one in public device dumps is under 200. */
  'ups.load': { min: 0, max: 500 },
  'input.voltage': volts,
  'battery.voltage': volts,
  /** Seconds. */
  'driver.parameter.pollfreq': { min: 1, max: 3600 },
} as const satisfies Record<string, NumberRule>;

type NumericVariable = keyof typeof rules;

/** Of a value that is not believed, so much is kept. */
const rejectedLengthMax = 40;
/** More words than NUT has flags are no status. */
const flagsMax = 32;
const flagLengthMax = 16;
const deviceTextLengthMax = 100;

/** Our names → NUT's variables for them, the first that is there. */
const deviceVariables = {
  manufacturer: ['device.mfr', 'ups.mfr'],
  model: ['device.model', 'ups.model'],
  serial: ['device.serial', 'ups.serial'],
  firmware: ['ups.firmware', 'ups.firmware.aux'],
  type: ['device.type'],
} as const;

export interface ReadVariables {
  readonly reading: UpsReading;
  readonly rejected: readonly RejectedValue[];
}

export function readVariables(variables: NutVariables): ReadVariables {
  const rejected: RejectedValue[] = [];
  const reject = (variable: string, reason: RejectedValue['reason']): undefined => {
    const value = (variables.get(variable) ?? '').slice(0, rejectedLengthMax);
    rejected.push({ variable, value, reason });
  };
  const number = (variable: NumericVariable): number | undefined => {
    const text = variables.get(variable);
    if (text === undefined) return undefined;
    const { value, reason } = readNumber(text, rules[variable]);
    return reason === undefined ? value : reject(variable, reason);
  };

  const flags = flagsOf(variables.get('ups.status') ?? '');
  if (flags.length === 0 && variables.has('ups.status')) reject('ups.status', 'empty');
  const chargePercent = number('battery.charge');
  const lowChargePercent = number('battery.charge.low');
  let runtimeSeconds = number('battery.runtime');
  if (runtimeSeconds === 0 && !isNearlyEmpty(flags, chargePercent, lowChargePercent)) {
    runtimeSeconds = reject('battery.runtime', 'known-nonsense');
  }
  const refreshSeconds = number('driver.parameter.pollfreq');
  const reading: UpsReading = {
    flags,
    runtimeMs: milliseconds(runtimeSeconds),
    chargePercent,
    lowChargePercent,
    loadPercent: number('ups.load'),
    inputVoltage: number('input.voltage'),
    batteryVoltage: number('battery.voltage'),
    refreshIntervalMs: milliseconds(refreshSeconds),
    device: deviceOf(variables),
  };
  return { reading, rejected };
}

const milliseconds = (seconds: number | undefined): number | undefined =>
  seconds === undefined ? undefined : Math.round(seconds * 1000);

function flagsOf(status: string): string[] {
  const words = status.toUpperCase().split(/\s+/);
  return words.filter((word) => word !== '' && word.length <= flagLengthMax).slice(0, flagsMax);
}

/** Batteries are called low by the device at 10 to 20 %. */
const nearlyEmptyPercent = 10;

/** Devices that do not reckon say 0 all the time: it is believed only with another sign of an empty battery. */
function isNearlyEmpty(
  flags: readonly string[],
  chargePercent: number | undefined,
  lowChargePercent = 0,
): boolean {
  if (flags.includes('LB')) return true;
  return chargePercent !== undefined && chargePercent <= Math.max(nearlyEmptyPercent, lowChargePercent);
}

function deviceOf(variables: NutVariables): Readonly<Record<string, string>> {
  const entries = Object.entries(deviceVariables).map(([name, candidates]) => {
    const told = candidates.map((candidate) => variables.get(candidate)?.trim()).find((text) => text);
    return [name, told?.slice(0, deviceTextLengthMax)] as const;
  });
  return Object.fromEntries(
    entries.filter((entry): entry is [keyof typeof deviceVariables, string] => !!entry[1]),
  );
}
