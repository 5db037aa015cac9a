/** What a UPS says of itself that is worth an alert and never a decision. */
import { formatSeconds } from '../../plan/plan-words.ts';
import type { UpsDraft } from './ups-draft.ts';
import type { UpsReading } from './ups-sample.ts';
import { type AlertLevel, mainsBackMs, type UpsState } from './ups-state.ts';

interface StatusAlert {
  readonly key: string;
  readonly isThere: (flags: ReadonlySet<string>) => boolean;
  readonly sentence: string;
}

const statusAlerts: readonly StatusAlert[] = [
  {
    key: 'low-on-mains',
    // Has switched healthy sites off where it was taken for an outage.
    isThere: (flags) => flags.has('LB') && !flags.has('OB'),
    sentence: 'says that its battery is low (LB) and not that it is on battery: only an alert',
  },
  { key: 'replace-battery', isThere: (flags) => flags.has('RB'), sentence: 'asks for a new battery (RB)' },
  {
    key: 'bypass',
    isThere: (flags) => flags.has('BYPASS'),
    sentence: 'is in bypass: its battery does not protect what hangs on it (BYPASS)',
  },
  { key: 'alarm', isThere: (flags) => flags.has('ALARM'), sentence: 'has an alarm (ALARM)' },
  { key: 'overload', isThere: (flags) => flags.has('OVER'), sentence: 'is overloaded (OVER)' },
  {
    key: 'output-off',
    isThere: (flags) => flags.has('OFF'),
    sentence: 'says that its output is off (OFF): after 30 s it counts as no supply',
  },
];

export function alertStatus(draft: UpsDraft, reading: UpsReading): void {
  const flags = new Set(reading.flags);
  for (const { key, isThere, sentence } of statusAlerts) {
    const { ups } = draft.state;
    if (isThere(flags)) draft.raise(key, 'warning', `${ups} ${sentence}`);
    else draft.clear(key, `${ups}: over: ${sentence}`);
  }
}

interface SaidAlert {
  readonly level: AlertLevel;
  readonly sentence: string;
}

/** What was alerted, as it is now: mains that is back ends an outage only when it lasts, and is no outage any more. */
export function alertsNow<Alert extends SaidAlert>(
  alerts: Readonly<Record<string, Alert>>,
  { ups, mainsSinceMs, outage }: Pick<UpsState, 'ups' | 'mainsSinceMs' | 'outage'>,
): Readonly<Record<string, Alert | SaidAlert>> {
  if (!Object.hasOwn(alerts, 'on-battery') || mainsSinceMs === undefined || outage === undefined)
    return alerts;
  const sentence = `${ups}: mains is back; the outage is over when that has lasted for ${formatSeconds(mainsBackMs)}`;
  return { ...alerts, 'on-battery': { level: 'notice', sentence } };
}
