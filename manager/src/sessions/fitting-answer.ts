/** Answers whose size the caller decides: one that no frame can carry is told as an error, and ends nothing. */
import { encodeFrame } from '@hecate/proto/core/codec.ts';
import { HecateError } from '@hecate/proto/core/errors.ts';
import type { Outcome } from '@hecate/proto/core/frames.ts';
import { checkFrame } from '@hecate/proto/core/validate.ts';
import { createResponse } from '@hecate/proto/generated/wire.ts';

/** @throws HEC_BUSY for an answer that the other side would not take */
export function requireFit(outcome: Outcome): Outcome {
  const body = { case: 'response' as const, value: createResponse({ id: 1, outcome }) };
  try {
    encodeFrame(body);
    checkFrame(body, 'manager');
    return outcome;
  } catch (error) {
    throw new HecateError(
      'HEC_BUSY',
      `the answer (${outcome.case}) is larger than one frame may be`,
      'ask for fewer nodes or units at once',
      error,
    );
  }
}
