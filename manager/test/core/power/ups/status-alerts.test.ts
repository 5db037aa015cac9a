/** What a UPS says of itself, as alerts. */
import t from 'tap';
import { alertStatus, alertsNow } from '../../../../src/core/power/ups/status-alerts.ts';
import { upsConfig } from '../../../../src/core/power/ups/ups-config.ts';
import { UpsDraft } from '../../../../src/core/power/ups/ups-draft.ts';
import { initialUps, type UpsState } from '../../../../src/core/power/ups/ups-state.ts';
import { readingOf, UpsWorld } from '../support/ups-world.ts';

const config = upsConfig('rack-a');

/** Keys that are being alerted after looks with these flags. */
function alertedAfter(...looks: readonly string[]): { keys: string[]; state: UpsState } {
  let state = initialUps('rack-a', 'boot', 1000);
  for (const [index, flags] of looks.entries()) {
    const draft = new UpsDraft(state, config, { nowMs: index * 1000, bootId: 'boot' });
    alertStatus(draft, readingOf(flags));
    state = draft.step().state;
  }
  return { keys: Object.keys(state.alerts), state };
}

t.test('by flags', async (t) => {
  const rows: readonly [string, string[]][] = [
    ['OL CHRG', []],
    ['OL LB', ['low-on-mains']],
    ['OB LB', []],
    ['OL RB', ['replace-battery']],
    ['BYPASS', ['bypass']],
    ['ALARM OL RB', ['alarm', 'replace-battery']],
    ['OL OVER', ['overload']],
    ['OFF', ['output-off']],
    ['OL OFFLINE BYPASSED', []],
  ];
  for (const [flags, keys] of rows) t.same(alertedAfter(flags).keys, keys, flags);
});

t.test('over when the flag is gone', async (t) => {
  t.same(alertedAfter('OL RB ALARM', 'OL ALARM').keys, ['alarm']);
});

t.test('on battery, and mains that has only just come back', async (t) => {
  const world = new UpsWorld();
  const alerts = { 'on-battery': { level: 'warning', sentence: 'rack-a is on battery' } } as const;
  world.looks(2, readingOf('OB'));
  t.equal(alertsNow(alerts, world.state), alerts);
  world.looks(2, readingOf('OL'));
  t.match(alertsNow(alerts, world.state), {
    'on-battery': {
      level: 'notice',
      sentence: 'rack-a: mains is back; the outage is over when that has lasted for 1 min',
    },
  });
  t.same(alertsNow({}, world.state), {});
  world.looks(1, readingOf('OB'));
  t.equal(alertsNow(alerts, world.state), alerts, 'it has failed again');
});
