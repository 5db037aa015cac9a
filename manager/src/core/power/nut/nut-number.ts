/** Numbers of UPS variables, read strictly: a wrong number switches a site off, no number is only a warning. */
import type { RejectedValue } from '../ups/ups-sample.ts';

export interface NumberRule {
  readonly min: number;
  readonly max: number;
  /** Values that firmware sends when it has none. */
  readonly nonsense?: ReadonlySet<number>;
}

export type NumberResult =
  | { readonly value: number; readonly reason?: never }
  | { readonly value?: never; readonly reason: RejectedValue['reason'] };

/** Plain decimals, leading zeros too (`00687` is what one driver's printf makes of 687). No signs but minus. */
const decimal = /^-?[0-9]{1,15}(\.[0-9]{1,15})?$/;

/** `36:00`, `1e3`, `12,5`, `0x20`, `NA`, `100 %` are no numbers here, whatever they may have meant. */
export function readNumber(text: string, rule: NumberRule): NumberResult {
  const trimmed = text.trim();
  if (trimmed === '') return { reason: 'empty' };
  if (!decimal.test(trimmed)) return { reason: 'not-a-number' };
  const value = Number(trimmed);
  if (rule.nonsense?.has(value)) return { reason: 'known-nonsense' };
  if (value < rule.min || value > rule.max) return { reason: 'out-of-range' };
  // Not minus zero: it would be written as such.
  return { value: value === 0 ? 0 : value };
}
