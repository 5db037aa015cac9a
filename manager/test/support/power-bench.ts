/** UPSes of a bench: what a real upsd is made to say, and what the manager makes of it. */
import { createGetPower, type UpsReport } from '@hecate/proto/generated/wire.ts';
import { until } from '../../../test/nodes/until.ts';
import type { Upsd } from '../../../test/nut/upsd.ts';
import type { Operator } from './manager-bench.ts';
import { listRuns } from './runs-bench.ts';

/** A UPS with mains, as full as it gets. */
export const full = {
  'ups.status': 'OL',
  'battery.runtime': '3600',
  'battery.charge': '100',
  'ups.load': '20',
};

export const powerOf = (operator: Operator) =>
  operator.get('power', { case: 'getPower', value: createGetPower() });

export async function upsOf(operator: Operator, name = 'rack-a'): Promise<UpsReport> {
  const found = (await powerOf(operator)).upses.find((ups) => ups.name === name);
  if (!found) throw new Error(`no UPS ${name} is watched`);
  return found;
}

export interface MainsFailure {
  /** Its name on its server. */
  readonly ups?: string;
  /** And here. */
  readonly name?: string;
  /** The runtime that it tells then, under the threshold. */
  readonly runtimeSeconds?: number;
}

/** An outage that is believed: one value that falls far is held for a wrong one, and a second one supports it. */
export async function failMains(upsd: Upsd, operator: Operator, failure: MainsFailure = {}): Promise<void> {
  const { ups = 'rack', name = 'rack-a', runtimeSeconds = 20 } = failure;
  const runtime = (seconds: number) => ({ 'battery.runtime': String(seconds) });
  await upsd.set(ups, { 'ups.status': 'OB DISCHRG', 'battery.charge': '12', ...runtime(runtimeSeconds) });
  await until(async () => (await upsOf(operator, name)).toldRuntimeMs?.value === runtimeSeconds * 1000, {
    what: 'the manager has seen the outage',
  });
  await upsd.set(ups, runtime(runtimeSeconds - 1));
}

export const untilPhase = (operator: Operator, ...phases: string[]): Promise<UpsReport> =>
  until(
    async () => {
      const ups = await upsOf(operator);
      return phases.includes(ups.phase) && ups;
    },
    { what: `the UPS is ${phases.join(' or ')}` },
  );

/** The oldest that is remembered. */
export const firstRun = (operator: Operator) =>
  until(async () => (await listRuns(operator)).at(-1), { what: 'a run is there' });
