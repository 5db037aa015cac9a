/** A timer for a moment of CLOCK_BOOTTIME, which may run on while timers stand still. */
import t from 'tap';
import { BootTimeTimer } from '../../src/io/boot-time-timer.ts';

/** A clock that a test moves, and a count of looks that it can wait for. */
function lookedAt(lookIntervalMs: number) {
  const clock = { nowMs: 0, bootTimeMs: () => clock.nowMs };
  let looks = 0;
  let onLook = (): void => {};
  const timer = new BootTimeTimer(clock, lookIntervalMs, () => {
    looks += 1;
    onLook();
  });
  const nextLook = () => new Promise<void>((resolve) => (onLook = resolve));
  return { clock, timer, nextLook, looks: () => looks };
}

t.test('it wakes at the moment, once', async (t) => {
  const { timer, nextLook, looks } = lookedAt(60_000);
  timer.arm(5);
  await nextLook();
  t.equal(looks(), 1);
});

t.test('a moment that is past is told of soon, never within the call', async (t) => {
  const { clock, timer, nextLook, looks } = lookedAt(60_000);
  clock.nowMs = 1_000;
  timer.arm(5);
  t.equal(looks(), 0);
  await nextLook();
});

t.test('a far moment is looked at before: the host may have slept', async (t) => {
  const { timer, nextLook } = lookedAt(5);
  timer.arm(3_600_000);
  await nextLook();
  t.pass('woken long before the moment');
});

t.test('armed anew, and disarmed by what is never due', async (t) => {
  const { timer, nextLook, looks } = lookedAt(60_000);
  timer.arm(1);
  timer.arm(Number.POSITIVE_INFINITY);
  const other = lookedAt(60_000);
  other.timer.arm(30);
  await other.nextLook();
  t.equal(looks(), 0, 'what was armed before is gone');
  timer.arm(1);
  timer.stop();
  other.timer.arm(30 + other.clock.nowMs);
  await other.nextLook();
  t.equal(looks(), 0, 'stopped');
  timer.arm(1);
  await nextLook();
  t.equal(looks(), 1, 'it can be armed again');
});
