/**
 * Properties whose cases take long: as many as are asked for, unless the machine is busy; a tenth of them in any case, so
 * that a machine that is slow never makes a property hold by playing next to nothing. It brings the seed along.
 */
import fc from 'fast-check';
import './property-seed.ts';

/** After so long it is enough. */
const enoughAfterMs = 8000;
const leastShare = 0.1;

/** As fc.assert. @param numRuns how many cases are wanted */
export function assertProperty<Case>(property: fc.IProperty<Case>, numRuns: number): void {
  fc.assert(property, { numRuns: Math.ceil(leastShare * numRuns) });
  // The same ones again, and more.
  fc.assert(property, { numRuns, interruptAfterTimeLimit: enoughAfterMs, markInterruptAsFailure: false });
}
