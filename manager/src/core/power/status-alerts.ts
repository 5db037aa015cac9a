/** What a UPS says of itself that is worth an alert and never a decision. */
import type { UpsDraft } from './ups-draft.ts';
import type { UpsReading } from './ups-sample.ts';

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
