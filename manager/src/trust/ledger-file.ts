import { join } from 'node:path';
import { HecateError } from '@hecate/proto/core/errors.ts';
import { identityFrom, roles } from '@hecate/proto/core/identity.ts';
import { writeFileAtomically } from '@hecate/proto/io/atomic-file.ts';
import { readText } from '@hecate/proto/io/private-key-file.ts';
import { z } from 'zod';
import { issuedMax } from '../core/trust/issued.ts';
import type { Ledger } from '../core/trust/ledger.ts';
import { acceptedSerialsMax, revokedHoldersMax, revokedSerialsMax } from '../core/trust/revocations.ts';
import { tokensMax } from '../core/trust/tokens.ts';

/**
 * The ledger on disk: `ledger.json` beside the authority's key. It is never made anew when it is missing or
 * damaged, because an empty one would forget every revocation.
 */
const timeMs = z.number();
const hash = z.string().regex(/^[0-9a-f]{64}$/);
const serial = z.string().regex(/^[0-9A-F]{1,40}$/);
const kind = z.enum(['node', 'operator', 'peer']);

const identity = z
  .object({ kind, name: z.string(), role: z.enum(roles).optional() })
  .transform((fields, context) => {
    const parsed = identityFrom(fields.kind, fields.name, fields.role);
    if (parsed !== undefined) return parsed;
    context.addIssue('no valid identity');
    return z.NEVER;
  });

const tokenUse = z.discriminatedUnion('state', [
  z.strictObject({ state: z.literal('open') }),
  z.strictObject({ state: z.literal('burned') }),
  z.strictObject({ state: z.literal('withdrawn') }),
  z.strictObject({ state: z.literal('redeemed'), atMs: timeMs, keyHash: hash, certificatePem: z.string() }),
]);

const tokenRecord = z.strictObject({
  tokenId: z.string(),
  secretHash: hash,
  identity,
  issuedAtMs: timeMs,
  expiresAtMs: timeMs,
  failedAttempts: z.int().min(0),
  use: tokenUse,
});

const revokedHolder = z.strictObject({
  kind,
  name: z.string(),
  revokedAtMs: timeMs,
  acceptedSerials: z.array(serial).max(acceptedSerialsMax),
});

const ledgerSchema = z.strictObject({
  version: z.literal(1),
  tokens: z.strictObject({ records: z.array(tokenRecord).max(tokensMax) }),
  revocations: z.strictObject({
    holders: z.array(revokedHolder).max(revokedHoldersMax),
    serials: z.array(z.strictObject({ serial, revokedAtMs: timeMs })).max(revokedSerialsMax),
  }),
  issued: z
    .array(z.strictObject({ serial, identity, issuedAtMs: timeMs, notAfterMs: timeMs }))
    .max(issuedMax),
});

/** @param folder the authority's */
export const ledgerPath = (folder: string): string => join(folder, 'ledger.json');

export function formatLedger(ledger: Ledger): string {
  return `${JSON.stringify({ version: 1, ...ledger }, null, 1)}\n`;
}

/** @throws HEC_STATE when it is missing, damaged, or of a newer release */
export function readLedger(folder: string): Ledger {
  const path = ledgerPath(folder);
  return parseLedger(path, readText(path));
}

/** @param path for messages. @throws HEC_STATE when it is damaged, or of a newer release */
export function parseLedger(path: string, text: string): Ledger {
  const result = ledgerSchema.safeParse(parseJson(path, text));
  if (!result.success) throw damagedError(path, z.prettifyError(result.error), result.error);
  const { version: _version, ...ledger } = result.data;
  return ledger;
}

export function writeLedger(folder: string, ledger: Ledger): Promise<void> {
  return writeFileAtomically(ledgerPath(folder), formatLedger(ledger), 0o600);
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw damagedError(path, 'it is not JSON', error);
  }
}

function damagedError(path: string, why: string, cause: unknown): HecateError {
  return new HecateError(
    'HEC_STATE',
    `${path} is damaged: ${why}`,
    'restore it from a backup; without it the manager would accept certificates that were revoked',
    cause,
  );
}
