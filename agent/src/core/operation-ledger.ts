/**
 * What has become of the operations that ended: so that an OpId is applied at most once (I2), and a manager that
 * comes back learns how it went. Bounded (I14): an hour and at least the last 1,000, at most 10,000.
 */
import type { OperationOutcome } from '@hecate/proto/generated/wire.ts';
import { type FinishedRecord, packOutcome, unpackOutcome } from './operation-record.ts';

interface Remembered {
  readonly packed: string;
  /** Monotonic, of this process; what an earlier process left counts as new. */
  readonly finishedAtMs: number;
  /** The agent's CLOCK_BOOTTIME after which a late frame would be refused as expired anyway. */
  readonly notAfterClockMs: number;
  readonly wasApplied: boolean;
  isReported: boolean;
}

export interface Conclusion {
  readonly outcome: OperationOutcome;
  readonly wasApplied: boolean;
}

export const ledgerLimits = { agesMs: 3_600_000, countMin: 1000, countMax: 10_000 } as const;

type Limits = { readonly [Key in keyof typeof ledgerLimits]: number };

export class OperationLedger {
  /** Up to this OpId nothing can be said of an unknown one. OpIds sort by age. */
  forgottenUpTo = '';
  readonly #limits: Limits;
  /** In the order they ended. */
  readonly #entries = new Map<string, Remembered>();
  readonly #unreported = new Set<string>();

  constructor(sizes: Limits = ledgerLimits) {
    this.#limits = sizes;
  }

  get size(): number {
    return this.#entries.size;
  }

  get unreportedCount(): number {
    return this.#unreported.size;
  }

  get(opId: string): Conclusion | undefined {
    const entry = this.#entries.get(opId);
    return entry && { outcome: unpackOutcome(opId, entry.packed), wasApplied: entry.wasApplied };
  }

  has(opId: string): boolean {
    return this.#entries.has(opId);
  }

  /** Whether an unknown OpId may be one that was dropped. */
  mayHaveForgotten(opId: string): boolean {
    return opId <= this.forgottenUpTo;
  }

  remember(
    outcome: OperationOutcome,
    facts: { nowMs: number; notAfterClockMs: number; wasApplied: boolean; isReported: boolean },
  ): void {
    this.rememberPacked(outcome.opId, packOutcome(outcome), facts);
  }

  rememberPacked(
    opId: string,
    packed: string,
    facts: { nowMs: number; notAfterClockMs: number; wasApplied: boolean; isReported: boolean },
  ): void {
    this.#entries.delete(opId);
    this.#entries.set(opId, {
      packed,
      finishedAtMs: facts.nowMs,
      notAfterClockMs: facts.notAfterClockMs,
      wasApplied: facts.wasApplied,
      isReported: facts.isReported,
    });
    if (facts.isReported) this.#unreported.delete(opId);
    else this.#unreported.add(opId);
  }

  markReported(opId: string): boolean {
    const entry = this.#entries.get(opId);
    if (!entry || entry.isReported) return false;
    entry.isReported = true;
    return this.#unreported.delete(opId);
  }

  /** The oldest outcomes that the manager has not acknowledged, up to a count and a size. */
  unreported(countMax: number, charactersMax: number): OperationOutcome[] {
    const outcomes: OperationOutcome[] = [];
    let characters = 0;
    for (const opId of this.#unreported) {
      const packed = this.#entries.get(opId)?.packed ?? '{}';
      characters += packed.length;
      if (outcomes.length > 0 && (outcomes.length >= countMax || characters > charactersMax)) break;
      outcomes.push(unpackOutcome(opId, packed));
    }
    return outcomes;
  }

  /**
   * Drops what need not be remembered any more.
   * @returns whether there is room for one more operation: what could still be applied by a late frame is never
   *   dropped
   */
  makeRoom(nowMs: number, bootTimeMs: number): boolean {
    const { agesMs, countMin, countMax } = this.#limits;
    for (const [opId, entry] of this.#entries) {
      const isTooMany = this.#entries.size >= countMax;
      const isOld = this.#entries.size > countMin && nowMs - entry.finishedAtMs >= agesMs;
      // Those behind it ended later.
      if (!isOld && !isTooMany) break;
      const canComeBack = entry.notAfterClockMs >= bootTimeMs;
      if (canComeBack || (!isTooMany && !entry.isReported)) continue;
      this.#entries.delete(opId);
      this.#unreported.delete(opId);
      if (opId > this.forgottenUpTo) this.forgottenUpTo = opId;
    }
    return this.#entries.size < countMax;
  }

  /** What a compacted journal must hold. @param bootId that of the clock which expiries are reckoned in */
  *records(bootId: string): Generator<FinishedRecord> {
    for (const [opId, { packed, wasApplied, notAfterClockMs }] of this.#entries) {
      const record = { type: 'finished', opId, outcome: packed, wasApplied, isOpen: false } as const;
      yield notAfterClockMs > 0 ? { ...record, expiry: { bootId, notAfterClockMs } } : record;
    }
  }

  reportedIds(): string[] {
    return [...this.#entries].filter(([, entry]) => entry.isReported).map(([opId]) => opId);
  }
}
