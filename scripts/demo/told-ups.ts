/** A UPS that says what it is told to: on a real upsd where NUT is installed, else on a fake one. */
import { existsSync } from 'node:fs';
import { type Scope, startUpsd } from '../../test/nut/upsd.ts';
import type { Variables } from '../../test/nut/upsd-files.ts';
import { startFakeUpsd } from './fake-upsd.ts';

export interface ToldUps {
  readonly host: string;
  readonly port: number;
  /** A real upsd with NUT's own dummy driver. */
  readonly isReal: boolean;
  /** From now on. */
  set(changes: Variables): Promise<void>;
}

export const hasUpsd = (): boolean => ['upsd', 'dummy-ups'].every((name) => existsSync(`/lib/nut/${name}`));

export async function startRealUpsd(scope: Scope, ups: string, first: Variables): Promise<ToldUps> {
  const upsd = await startUpsd(scope, { upses: { [ups]: { kind: 'dev', values: first } } });
  return {
    host: upsd.host,
    port: upsd.port,
    isReal: true,
    set: (changes) => upsd.set(ups, changes),
  };
}

/** `HECATE_DEMO_UPSD=fake` takes the fake one in any case: its test does. */
export const startToldUps = (scope: Scope, ups: string, first: Variables): Promise<ToldUps> =>
  hasUpsd() && process.env.HECATE_DEMO_UPSD !== 'fake'
    ? startRealUpsd(scope, ups, first)
    : startFakeUpsd(scope, ups, first);
