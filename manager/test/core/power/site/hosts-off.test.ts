import t from 'tap';
import { judgeHostsOff } from '../../../../src/core/power/site/hosts-off.ts';

const hosts = (...online: boolean[]) =>
  online.map((isOnline, index) => ({ name: `node-${index}`, isOnline }));
const loads = (before: number | undefined, now: number | undefined) => ({
  loadBeforePercent: before,
  loadPercent: now,
});

t.test('a session says that a host is up, whatever the load is', async (t) => {
  const verdict = judgeHostsOff({ hosts: hosts(false, true), ...loads(40, 2) });
  t.match(verdict, { verdict: 'up', sentence: 'node-1 still has a session' });
});

t.test('I12: silence alone is none; a load that fell makes it one', async (t) => {
  const of = (before: number | undefined, now: number | undefined) =>
    judgeHostsOff({ hosts: hosts(false, false), ...loads(before, now) });
  t.match(of(40, 28), { verdict: 'off', sentence: 'no host has a session; its load is 28 %, and was 40 %' });
  t.equal(of(40, 29).verdict, 'unknown');
  t.equal(of(40, 40).verdict, 'unknown');
  t.equal(of(undefined, 10).verdict, 'unknown');
  t.match(of(40, undefined), { verdict: 'unknown', sentence: /its load is not told/ });
});

t.test('where no other host hangs on it', async (t) => {
  t.equal(judgeHostsOff({ hosts: [], ...loads(40, 40) }).verdict, 'off');
});
