/**
 * The life of join tokens: issued once, redeemed once, by whoever shows the secret first.
 *
 * Redeeming has two inputs, because the certificate is made in between by code that this machine must not know:
 * `redeem` answers `certify`, the caller makes the certificate and brings it with `certified`, and only after
 * that state is durable (I9) does the certificate leave. A client that lost the answer comes again with the same
 * public key and gets the very same certificate; another key is refused, because one of the two is a thief.
 *
 * All times are milliseconds since the Unix epoch: a token crosses hosts and restarts of the manager.
 */
import type { Identity, IdentityKind } from '@hecate/proto/core/identity.ts';
import { isSameHolder } from '@hecate/proto/core/identity.ts';

export type TokenUse =
  | { readonly state: 'open' }
  | {
      readonly state: 'redeemed';
      readonly atMs: number;
      readonly keyHash: string;
      readonly certificatePem: string;
    }
  /** Too many wrong secrets: somebody guesses, or knows the id from somewhere. */
  | { readonly state: 'burned' }
  /** Withdrawn by an administrator, or replaced by a newer token of the same holder. */
  | { readonly state: 'withdrawn' };

export interface TokenRecord {
  readonly tokenId: string;
  /** SHA-256 of the secret, hexadecimal. */
  readonly secretHash: string;
  readonly identity: Identity;
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
  readonly failedAttempts: number;
  readonly use: TokenUse;
}

export interface Tokens {
  readonly records: readonly TokenRecord[];
}

export type TokenInput =
  | {
      readonly type: 'issue';
      readonly tokenId: string;
      readonly secretHash: string;
      readonly identity: Identity;
      readonly expiresAtMs: number;
      readonly nowMs: number;
    }
  | {
      readonly type: 'redeem';
      readonly tokenId: string;
      readonly secretHash: string;
      /** SHA-256 of the public key (SPKI, DER), hexadecimal. */
      readonly keyHash: string;
      readonly nowMs: number;
    }
  | {
      readonly type: 'certified';
      readonly tokenId: string;
      readonly keyHash: string;
      readonly certificatePem: string;
      readonly nowMs: number;
    }
  /** Every token of the holder, used or not: after a revocation none of them may bring a certificate. */
  | { readonly type: 'withdraw'; readonly kind: IdentityKind; readonly name: string };

export type TokenRefusal =
  | 'limit'
  | 'duplicate'
  | 'unknown'
  | 'expired'
  | 'wrong-secret'
  | 'burned'
  | 'withdrawn'
  | 'redeemed-by-another-key';

/** `persist` always stands first: what follows it may only happen once the state is on disk (I9). */
export type TokenEffect =
  | { readonly type: 'persist' }
  | { readonly type: 'issued' }
  | { readonly type: 'certify'; readonly identity: Identity }
  | { readonly type: 'answer'; readonly identity: Identity; readonly certificatePem: string }
  | { readonly type: 'refuse'; readonly reason: TokenRefusal };

export interface TokenStep {
  readonly state: Tokens;
  readonly effects: readonly TokenEffect[];
}

/** More than ten times the largest site; reached only by a script gone wrong. */
export const tokensMax = 500;
/** Nobody mistypes a pasted token five times; its own checksum catches that first. */
export const failedAttemptsMax = 5;
/** An expired token is remembered for a day, so that "expired" can be told from "never existed". */
export const expiredTokensKeptMs = 24 * 60 * 60 * 1000;

export const noTokens: Tokens = { records: [] };

export function stepTokens(state: Tokens, input: TokenInput): TokenStep {
  switch (input.type) {
    case 'issue':
      return issue(state, input);
    case 'redeem':
      return redeem(state, input);
    case 'certified':
      return certified(state, input);
    case 'withdraw':
      return withdraw(state, input);
  }
}

function issue(state: Tokens, input: Extract<TokenInput, { type: 'issue' }>): TokenStep {
  if (state.records.some((record) => record.tokenId === input.tokenId)) return refuse(state, 'duplicate');
  const kept = state.records
    .filter((record) => record.expiresAtMs + expiredTokensKeptMs > input.nowMs)
    .map((record) => (isSameHolder(record.identity, input.identity) ? withdrawOpen(record) : record));
  if (kept.length >= tokensMax) return refuse(state, 'limit');
  const record: TokenRecord = {
    tokenId: input.tokenId,
    secretHash: input.secretHash,
    identity: input.identity,
    issuedAtMs: input.nowMs,
    expiresAtMs: input.expiresAtMs,
    failedAttempts: 0,
    use: { state: 'open' },
  };
  return { state: { records: [...kept, record] }, effects: [{ type: 'persist' }, { type: 'issued' }] };
}

function redeem(state: Tokens, input: Extract<TokenInput, { type: 'redeem' }>): TokenStep {
  const record = state.records.find((each) => each.tokenId === input.tokenId);
  if (record === undefined) return refuse(state, 'unknown');
  // Only who knows the secret learns anything more about the token.
  if (record.use.state === 'burned') return refuse(state, 'burned');
  if (!isEqualHash(record.secretHash, input.secretHash)) return countFailure(state, record);
  if (record.use.state === 'withdrawn') return refuse(state, 'withdrawn');
  if (input.nowMs >= record.expiresAtMs) return refuse(state, 'expired');
  const { identity, use } = record;
  if (use.state === 'open') return { state, effects: [{ type: 'certify', identity }] };
  if (!isEqualHash(use.keyHash, input.keyHash)) return refuse(state, 'redeemed-by-another-key');
  return { state, effects: [{ type: 'answer', identity, certificatePem: use.certificatePem }] };
}

function certified(state: Tokens, input: Extract<TokenInput, { type: 'certified' }>): TokenStep {
  const record = state.records.find((each) => each.tokenId === input.tokenId);
  // The caller holds the state from `redeem` to here; anything else is a fault in it, not in the input.
  if (record?.use.state !== 'open') throw new Error('a certificate was made for a token that is not open');
  const { keyHash, certificatePem, nowMs } = input;
  const use: TokenUse = { state: 'redeemed', atMs: nowMs, keyHash, certificatePem };
  return {
    state: replace(state, { ...record, use }),
    effects: [{ type: 'persist' }, { type: 'answer', identity: record.identity, certificatePem }],
  };
}

function withdraw(state: Tokens, holder: { kind: IdentityKind; name: string }): TokenStep {
  const isAffected = (record: TokenRecord): boolean =>
    isSameHolder(record.identity, holder) && record.use.state !== 'withdrawn';
  if (!state.records.some(isAffected)) return { state, effects: [] };
  const records = state.records.map((record) =>
    isAffected(record) ? { ...record, use: { state: 'withdrawn' as const } } : record,
  );
  return { state: { records }, effects: [{ type: 'persist' }] };
}

function countFailure(state: Tokens, record: TokenRecord): TokenStep {
  // A redeemed token is not burned by later guesses: its rightful client may still have to come again.
  if (record.use.state !== 'open') return refuse(state, 'wrong-secret');
  const failedAttempts = record.failedAttempts + 1;
  const use: TokenUse = failedAttempts >= failedAttemptsMax ? { state: 'burned' } : record.use;
  return {
    state: replace(state, { ...record, failedAttempts, use }),
    effects: [{ type: 'persist' }, { type: 'refuse', reason: 'wrong-secret' }],
  };
}

function withdrawOpen(record: TokenRecord): TokenRecord {
  return record.use.state === 'open' ? { ...record, use: { state: 'withdrawn' } } : record;
}

function replace(state: Tokens, record: TokenRecord): Tokens {
  return { records: state.records.map((each) => (each.tokenId === record.tokenId ? record : each)) };
}

function refuse(state: Tokens, reason: TokenRefusal): TokenStep {
  return { state, effects: [{ type: 'refuse', reason }] };
}

/** Takes the same time wherever the two differ. */
function isEqualHash(left: string, right: string): boolean {
  let difference = left.length ^ right.length;
  for (let index = 0; index < left.length; index++) {
    difference |= left.charCodeAt(index) ^ right.charCodeAt(index % (right.length || 1));
  }
  return difference === 0;
}
