/** What a restore must not forget of the state that it takes the place of: whom its authority has revoked. */
import { join } from 'node:path';
import { asHecateError } from '@hecate/proto/core/errors.ts';
import { readFileIfThere } from '@hecate/proto/io/atomic-file.ts';
import type { Ledger } from '../core/trust/ledger.ts';
import { parseLedger } from '../trust/ledger-file.ts';
import { statePaths } from './read-state.ts';

export interface PresentLedgers {
  readonly ledgers: readonly Ledger[];
  /** Why others could not be read, a sentence each: a state is often restored because it is damaged. */
  readonly unread: readonly string[];
}

/**
 * @param places folders that hold a state, or part of one
 * @param authority the certificate of the authority that is restored: what another one has given out counts for nothing
 */
export async function presentLedgers(
  places: readonly string[],
  authority: Uint8Array | undefined,
): Promise<PresentLedgers> {
  const ledgers: Ledger[] = [];
  const unread: string[] = [];
  const restored = authority && Buffer.from(authority).toString();
  for (const place of places) {
    const certificate = await readFileIfThere(join(place, statePaths.authorityCertificate));
    if (certificate !== undefined && certificate !== restored) continue;
    const path = join(place, statePaths.ledger);
    const text = await readFileIfThere(path);
    if (text === undefined) continue;
    try {
      ledgers.push(parseLedger(path, text));
    } catch (thrown) {
      unread.push(asHecateError(thrown).message);
    }
  }
  return { ledgers, unread };
}
