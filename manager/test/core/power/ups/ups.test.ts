/** The machine as a whole: pure, bounded, and at rest when there is nothing to do. */
import fc from 'fast-check';
import t from 'tap';
import { assertProperty } from '../../../../../test/support/property-runs.ts';
import { nextUpsTickMs, upsStep } from '../../../../src/core/power/ups/ups.ts';
import type { UpsInput } from '../../../../src/core/power/ups/ups-state.ts';
import { readingOf, UpsWorld } from '../support/ups-world.ts';

const runtime = (seconds: number, status = 'OB') => readingOf(status, { runtimeMs: seconds * 1000 });

t.test('no timer at rest (I14)', async (t) => {
  const world = new UpsWorld();
  const next = () => nextUpsTickMs(world.state, 1000);
  t.equal(next(), undefined, 'unknown');
  world.looks(2, runtime(900, 'OL'));
  t.equal(next(), undefined, 'with mains');
  world.looks(2, 'data-stale');
  t.equal(next(), undefined, 'silent with mains before it');
  world.looks(2, runtime(900));
  t.equal(next(), 2000, 'on battery');
  world.looks(1, runtime(900, 'OL'));
  t.equal(next(), undefined, 'with mains again');
  world.looks(1, runtime(900, 'OL FSD'));
  t.equal(next(), 2000, 'while a trigger is open');
  for (const event of ['started', 'past-no-return', 'ended'] as const) world.run(event);
  t.equal(next(), undefined, 'when it is over');
});

const anyInput = fc.oneof(
  fc
    .record({
      status: fc.constantFrom('OL', 'OB', 'OB LB', 'OL FSD', 'OFF', 'OL CAL OB', '', 'OL RB ALARM'),
      runtimeMs: fc.option(fc.nat(900_000), { nil: undefined }),
      chargePercent: fc.option(fc.nat(100), { nil: undefined }),
      isSilent: fc.boolean(),
    })
    .map(
      ({ status, runtimeMs, chargePercent, isSilent }) =>
        (atMs: number): UpsInput => ({
          type: 'sample',
          sample: {
            ups: 'rack-a',
            atMs,
            reading: isSilent ? undefined : readingOf(status, { runtimeMs, chargePercent }),
            failure: isSilent ? 'data-stale' : undefined,
            rejected: [],
          },
        }),
    ),
  fc
    .constantFrom<UpsInput>(
      { type: 'tick' },
      { type: 'resume' },
      { type: 'recovered' },
      { type: 'budget', budgetMs: 300_000 },
    )
    .map((input) => () => input),
  fc.constantFrom('started', 'past-no-return', 'ended', 'failed').map(
    (event) =>
      (_atMs: number, triggerId: string): UpsInput => ({ type: 'run', triggerId, event }),
  ),
);

t.test(
  'any inputs: a trigger past the point of no return stands (I10), the state stays small (I14)',
  async () => {
    assertProperty(
      fc.property(fc.array(fc.tuple(anyInput, fc.nat(40_000)), { maxLength: 80 }), (inputs) => {
        const world = new UpsWorld();
        let committedId: string | undefined;
        for (const [make, afterMs] of inputs) {
          world.nowMs += afterMs;
          const triggerId = world.state.trigger?.triggerId ?? '';
          const input = make(5_000_000 + world.nowMs, triggerId);
          const before = JSON.stringify(world.state);
          const repeated = upsStep(world.state, world.config, input, {
            nowMs: 5_000_000 + world.nowMs,
            bootId: world.bootId,
          });
          if (JSON.stringify(world.state) !== before) return false;
          const effects = world.take(input);
          if (JSON.stringify(repeated.effects) !== JSON.stringify(effects)) return false;
          if (effects.some(({ type }) => type === 'reverse') && committedId !== undefined) return false;
          if (input.type === 'run' && input.event === 'past-no-return' && triggerId !== '')
            committedId = triggerId;
          const isOver = !['committed', 'triggered'].includes(world.state.phase);
          const isEnded = input.type === 'run' && input.event === 'ended';
          if (committedId !== undefined && isOver && !isEnded) return false;
          if (isOver) committedId = undefined;
          if (JSON.stringify(world.state).length > 4000) return false;
        }
        return true;
      }),
      500,
    );
  },
);
