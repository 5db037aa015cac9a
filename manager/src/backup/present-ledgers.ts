/** What a restore must not forget of the state that it takes the place of: whom its authority has revoked. */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { asHecateError } from '@hecate/proto/core/errors.ts';
import { errnoOf, fileError } from '@hecate/proto/io/file-errors.ts';
import type { Ledger } from '../core/trust/ledger.ts';
import { readLedger } from '../trust/ledger-file.ts';
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
  for (const place of places) {
    const certificate = await bytesOf(join(place, statePaths.authorityCertificate));
    const isSame = certificate === undefined || (authority !== undefined && certificate.equals(authority));
    const path = join(place, statePaths.ledger);
    if (!isSame || (await bytesOf(path)) === undefined) continue;
    try {
      ledgers.push(readLedger(dirname(path)));
    } catch (thrown) {
      unread.push(asHecateError(thrown).message);
    }
  }
  return { ledgers, unread };
}

async function bytesOf(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (thrown) {
    if (errnoOf(thrown) === 'ENOENT') return undefined;
    throw fileError('read it', path, thrown);
  }
}
