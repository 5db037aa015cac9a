/**
 * Which certificates are no longer accepted although they are intact and in date.
 *
 * A holder is revoked with everything it was given up to that moment; what is issued to it afterwards is listed
 * as an exception by serial number. So "before" and "after" are the order of events, not of a clock: a wall
 * clock that was wrong when a certificate was made, or that jumps, revives nothing and locks out nobody.
 */
import type { IdentityKind } from '@hecate/proto/core/identity.ts';
import { isSameHolder } from '@hecate/proto/core/identity.ts';

export interface RevokedHolder {
  readonly kind: IdentityKind;
  readonly name: string;
  /** For people; nothing is decided on it. */
  readonly revokedAtMs: number;
  /** Serial numbers issued after the revocation, oldest first. */
  readonly acceptedSerials: readonly string[];
}

export interface RevokedSerial {
  readonly serial: string;
  readonly revokedAtMs: number;
}

export interface Revocations {
  readonly holders: readonly RevokedHolder[];
  readonly serials: readonly RevokedSerial[];
}

export type RevocationInput =
  | {
      readonly type: 'revoke-holder';
      readonly kind: IdentityKind;
      readonly name: string;
      readonly nowMs: number;
    }
  | { readonly type: 'revoke-serial'; readonly serial: string; readonly nowMs: number }
  | {
      readonly type: 'issued';
      readonly kind: IdentityKind;
      readonly name: string;
      readonly serial: string;
    };

export type RevocationEffect =
  | { readonly type: 'persist' }
  | { readonly type: 'refuse'; readonly reason: 'limit' };

export interface RevocationStep {
  readonly state: Revocations;
  readonly effects: readonly RevocationEffect[];
}

/**
 * Entries are never forgotten by age: a clock that jumps ahead by years would revive what was revoked. A list
 * that is full refuses the next revocation aloud; the way out is a new authority.
 */
export const revokedHoldersMax = 2000;
export const revokedSerialsMax = 10_000;
/** Renewal leaves one live certificate, at most two; older exceptions only ever refuse the holder's old ones. */
export const acceptedSerialsMax = 8;

export const noRevocations: Revocations = { holders: [], serials: [] };

export function stepRevocations(state: Revocations, input: RevocationInput): RevocationStep {
  switch (input.type) {
    case 'revoke-holder':
      return revokeHolder(state, input);
    case 'revoke-serial':
      return revokeSerial(state, input);
    case 'issued':
      return accept(state, input);
  }
}

export function isRevoked(
  state: Revocations,
  certificate: { readonly kind: IdentityKind; readonly name: string; readonly serial: string },
): boolean {
  if (state.serials.some((revoked) => revoked.serial === certificate.serial)) return true;
  const holder = state.holders.find((each) => isSameHolder(each, certificate));
  return holder !== undefined && !holder.acceptedSerials.includes(certificate.serial);
}

function revokeHolder(
  state: Revocations,
  input: Extract<RevocationInput, { type: 'revoke-holder' }>,
): RevocationStep {
  const others = state.holders.filter((each) => !isSameHolder(each, input));
  if (others.length >= revokedHoldersMax) return { state, effects: [{ type: 'refuse', reason: 'limit' }] };
  const holder = { kind: input.kind, name: input.name, revokedAtMs: input.nowMs, acceptedSerials: [] };
  return { state: { ...state, holders: [...others, holder] }, effects: [{ type: 'persist' }] };
}

function revokeSerial(
  state: Revocations,
  input: Extract<RevocationInput, { type: 'revoke-serial' }>,
): RevocationStep {
  if (state.serials.some((revoked) => revoked.serial === input.serial)) return { state, effects: [] };
  if (state.serials.length >= revokedSerialsMax) {
    return { state, effects: [{ type: 'refuse', reason: 'limit' }] };
  }
  const revoked = { serial: input.serial, revokedAtMs: input.nowMs };
  return { state: { ...state, serials: [...state.serials, revoked] }, effects: [{ type: 'persist' }] };
}

function accept(state: Revocations, input: Extract<RevocationInput, { type: 'issued' }>): RevocationStep {
  if (!state.holders.some((each) => isSameHolder(each, input))) return { state, effects: [] };
  const holders = state.holders.map((each) =>
    isSameHolder(each, input)
      ? { ...each, acceptedSerials: [...each.acceptedSerials, input.serial].slice(-acceptedSerialsMax) }
      : each,
  );
  return { state: { ...state, holders }, effects: [{ type: 'persist' }] };
}
