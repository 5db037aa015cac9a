/**
 * Two sites under a virtual clock: a wire that loses, delays and repeats, and either side killed at any moment. A
 * forward that was acknowledged leads to its run, once; one that was withdrawn in time leaves nothing behind; and where
 * nobody answers, this host's own shutdown begins before its battery is too low for that (I9, I10).
 */
import fc from 'fast-check';
import t from 'tap';
import { assertProperty } from '../../../../../test/support/property-runs.ts';
import { isForwardOpen } from '../../../../src/core/power/forward/forward-received-state.ts';
import { type Fault, TwoSites } from '../support/two-sites.ts';

const anyFault: fc.Arbitrary<Fault> = fc.record({
  atMs: fc.nat(40_000),
  what: fc.constantFrom('kill-sender', 'kill-receiver', 'cut', 'heal', 'reboot-sender', 'reboot-receiver'),
});
const anyWire = fc.record({
  seed: fc.nat(1_000_000),
  lossShare: fc.double({ min: 0, max: 0.6, noNaN: true }),
  repeatShare: fc.double({ min: 0, max: 0.4, noNaN: true }),
  delayMostMs: fc.integer({ min: 1, max: 4000 }),
});
const anyStory = fc.record({ wire: anyWire, faults: fc.array(anyFault, { maxLength: 8 }) });

t.test('what is acknowledged is carried out, once, whatever dies', async (t) => {
  let acknowledged = 0;
  assertProperty(
    fc.property(anyStory, ({ wire, faults }) => {
      const sites = new TwoSites(wire, { hasLocalShutdown: false });
      sites.trigger('one', 3_600_000);
      sites.play(40_000, faults);
      if (sites.sender.of('acknowledged').length > 0) acknowledged += 1;
      sites.healAll();
      sites.play(200_000, []);
      // Acknowledged means durable there; and in the end, with a wire that works, everything is.
      if (sites.begun.length !== 1) return false;
      return sites.sender.state.forward?.phase === 'ended' && sites.unkeptAcknowledgements === 0;
    }),
    200,
  );
  t.ok(acknowledged > 30, `${acknowledged} were acknowledged while everything failed`);
});

t.test(
  'withdrawn: in the end either nothing is left of it, or it was past its point of no return',
  async (t) => {
    let [taken, finished] = [0, 0];
    const story = fc.record({
      wire: anyWire,
      faults: fc.array(anyFault, { maxLength: 6 }),
      afterMs: fc.nat(30_000),
    });
    assertProperty(
      fc.property(story, ({ wire, faults, afterMs }) => {
        const sites = new TwoSites(wire, { hasLocalShutdown: false });
        sites.trigger('one', 3_600_000);
        sites.play(afterMs, faults);
        sites.reverse('one');
        sites.play(40_000, faults);
        sites.healAll();
        sites.mains();
        sites.play(400_000, []);
        const { sender, receiver } = sites;
        if (sender.state.forward !== undefined || sender.state.leftover !== undefined) return false;
        if (isForwardOpen(receiver.state)) return false;
        if (sites.isFinished) finished += 1;
        else taken += 1;
        return !sites.isRunning;
      }),
      200,
    );
    t.ok(taken > 10 && finished > 10, `${taken} were taken back, ${finished} went on to their end`);
  },
);

t.test('nobody answers: the own shutdown begins at the own threshold, and not before', async (t) => {
  const story = fc.record({ wire: anyWire, reachMs: fc.integer({ min: 5000, max: 60_000 }) });
  assertProperty(
    fc.property(story, ({ wire, reachMs }) => {
      const sites = new TwoSites(wire, { hasLocalShutdown: true });
      sites.cut();
      sites.trigger('one', 3_600_000);
      sites.ownThresholdAtMs = sites.nowMs + reachMs;
      sites.play(reachMs - 1500, []);
      if (sites.sender.of('local').length > 0) return false;
      sites.play(3000, []);
      return new Set(sites.sender.of('local').map(({ triggerId }) => triggerId)).size === 1;
    }),
    100,
  );
  t.pass();
});
