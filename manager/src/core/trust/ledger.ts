/**
 * All that the manager must remember about trust, kept in one piece so that one atomic write keeps it consistent:
 * a token can never be marked used without the certificate it brought, nor the reverse.
 */
import type { IdentityKind, Role } from '@hecate/proto/core/identity.ts';
import { type IssuedCertificate, recordIssued } from './issued.ts';
import { isRevoked, noRevocations, type Revocations, stepRevocations } from './revocations.ts';
import { noTokens, stepTokens, type TokenEffect, type TokenInput, type Tokens } from './tokens.ts';

export interface Ledger {
  readonly tokens: Tokens;
  readonly revocations: Revocations;
  readonly issued: readonly IssuedCertificate[];
}

export const emptyLedger: Ledger = { tokens: noTokens, revocations: noRevocations, issued: [] };

export type LedgerInput =
  | Exclude<TokenInput, { type: 'certified' } | { type: 'withdraw' }>
  /** A certificate was made: for a token, or as a renewal. */
  | {
      readonly type: 'certified';
      readonly certificate: IssuedCertificate;
      readonly certificatePem: string;
      readonly token?: { readonly tokenId: string; readonly keyHash: string };
    }
  | {
      readonly type: 'revoke-holder';
      readonly kind: IdentityKind;
      readonly name: string;
      readonly nowMs: number;
    }
  | { readonly type: 'revoke-serial'; readonly serial: string; readonly nowMs: number };

export interface LedgerStep {
  readonly state: Ledger;
  readonly effects: readonly TokenEffect[];
}

export function stepLedger(state: Ledger, input: LedgerInput): LedgerStep {
  switch (input.type) {
    case 'issue':
    case 'redeem': {
      const step = stepTokens(state.tokens, input);
      return { state: { ...state, tokens: step.state }, effects: step.effects };
    }
    case 'certified':
      return certified(state, input);
    case 'revoke-holder': {
      const step = stepRevocations(state.revocations, input);
      const { kind, name } = input;
      const tokens = stepTokens(state.tokens, { type: 'withdraw', kind, name }).state;
      if (step.effects.some((effect) => effect.type === 'refuse')) return { state, effects: step.effects };
      return { state: { ...state, tokens, revocations: step.state }, effects: step.effects };
    }
    case 'revoke-serial': {
      const step = stepRevocations(state.revocations, input);
      return { state: { ...state, revocations: step.state }, effects: step.effects };
    }
  }
}

function certified(state: Ledger, input: Extract<LedgerInput, { type: 'certified' }>): LedgerStep {
  const { certificate, certificatePem, token } = input;
  const { kind, name } = certificate.identity;
  const { serial, issuedAtMs } = certificate;
  const revocations = stepRevocations(state.revocations, { type: 'issued', kind, name, serial }).state;
  const issued = recordIssued(state.issued, certificate);
  if (token === undefined) {
    const answer: TokenEffect = { type: 'answer', identity: certificate.identity, certificatePem };
    return { state: { ...state, revocations, issued }, effects: [{ type: 'persist' }, answer] };
  }
  const step = stepTokens(state.tokens, { type: 'certified', ...token, certificatePem, nowMs: issuedAtMs });
  return { state: { tokens: step.state, revocations, issued }, effects: step.effects };
}

/** How a holder stands, for `hecatectl node list`. */
export interface HolderStanding {
  readonly kind: IdentityKind;
  readonly name: string;
  /** Absent for nodes, and for an operator of whom only the revocation is remembered. */
  readonly role?: Role;
  /** `enrolled`: has a token that was not used yet, and no valid certificate. */
  readonly state: 'enrolled' | 'joined' | 'revoked' | 'expired';
  /** Of the certificate, the token or the revocation that `state` speaks of; milliseconds since the Unix epoch. */
  readonly issuedAtMs: number;
  readonly notAfterMs: number;
  /** Empty when `state` does not speak of a certificate. */
  readonly serial: string;
}

/** One entry for each holder that the ledger knows, sorted by kind and name. */
export function standings(ledger: Ledger, nowMs: number): readonly HolderStanding[] {
  const found = new Map<string, HolderStanding>();
  const keyOf = (holder: { kind: IdentityKind; name: string }): string => `${holder.kind} ${holder.name}`;
  for (const { kind, name, revokedAtMs } of ledger.revocations.holders) {
    const dates = { issuedAtMs: revokedAtMs, notAfterMs: revokedAtMs };
    found.set(keyOf({ kind, name }), { kind, name, state: 'revoked', serial: '', ...dates });
  }
  // The newest certificate stands last in the list, and so has the last word.
  for (const { identity, serial, issuedAtMs, notAfterMs } of ledger.issued) {
    const isGone = isRevoked(ledger.revocations, { kind: identity.kind, name: identity.name, serial });
    const state = isGone ? 'revoked' : nowMs < notAfterMs ? 'joined' : 'expired';
    found.set(keyOf(identity), { ...identity, state, issuedAtMs, notAfterMs, serial });
  }
  for (const { identity, use, issuedAtMs, expiresAtMs } of ledger.tokens.records) {
    if (use.state !== 'open' || found.get(keyOf(identity))?.state === 'joined') continue;
    const state = nowMs < expiresAtMs ? 'enrolled' : 'expired';
    found.set(keyOf(identity), { ...identity, state, issuedAtMs, notAfterMs: expiresAtMs, serial: '' });
  }
  return [...found.values()].sort((left, right) => (keyOf(left) < keyOf(right) ? -1 : 1));
}
