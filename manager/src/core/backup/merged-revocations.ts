/**
 * What is revoked after a restore: all that is revoked in the backup, and all that was revoked where it is restored to.
 * The two may be of one manager at two times, either first, or of two managers that went on from one state.
 */
import { type IdentityKind, isSameHolder } from '@hecate/proto/core/identity.ts';
import type { Ledger } from '../trust/ledger.ts';
import {
  acceptedSerialsMax,
  type Revocations,
  type RevokedHolder,
  revokedHoldersMax,
  revokedSerialsMax,
} from '../trust/revocations.ts';

export interface MergedRevocations {
  readonly revocations: Revocations;
  /** Who is revoked now, and was not in the backup, or had a certificate there that is not accepted any more. */
  readonly kept: readonly { readonly kind: IdentityKind; readonly name: string }[];
}

/** @returns undefined when both together are more than a ledger holds (I14) */
export function mergeRevocations(backup: Ledger, present: Ledger): MergedRevocations | undefined {
  const [restored, there] = [backup.revocations, present.revocations];
  const onlyThere = there.holders.filter(
    (each) => !restored.holders.some((other) => isSameHolder(each, other)),
  );
  const both = restored.holders.map((holder) => {
    const other = there.holders.find((each) => isSameHolder(each, holder));
    return other ? mergeHolder({ holder, ledger: backup }, { holder: other, ledger: present }) : holder;
  });
  const known = new Set(restored.serials.map(({ serial }) => serial));
  const newSerials = there.serials.filter(({ serial }) => !known.has(serial));
  const holders = [...both, ...onlyThere];
  const serials = [...restored.serials, ...newSerials];
  if (holders.length > revokedHoldersMax || serials.length > revokedSerialsMax) return undefined;
  const narrowed = both.filter((holder, index) =>
    restored.holders[index]?.acceptedSerials.some((serial) => !holder.acceptedSerials.includes(serial)),
  );
  const kept = [...narrowed, ...onlyThere].map(({ kind, name }) => ({ kind, name }));
  return { revocations: { holders, serials }, kept };
}

interface Side {
  readonly holder: RevokedHolder;
  readonly ledger: Ledger;
}

function mergeHolder(backup: Side, present: Side): RevokedHolder {
  const accepted = [
    ...backup.holder.acceptedSerials.filter((serial) => isAccepted(serial, backup, present)),
    ...present.holder.acceptedSerials.filter(
      (serial) => !backup.holder.acceptedSerials.includes(serial) && isAccepted(serial, present, backup),
    ),
  ];
  const revokedAtMs = Math.max(backup.holder.revokedAtMs, present.holder.revokedAtMs);
  return { ...backup.holder, revokedAtMs, acceptedSerials: accepted.slice(-acceptedSerialsMax) };
}

/**
 * Whether what one side accepts stays so. The other side may have revoked its holder once more: then it knows the
 * certificate and does not accept it, or has forgotten it among newer ones, and its revocation is the later of the two.
 */
function isAccepted(serial: string, own: Side, other: Side): boolean {
  if (other.holder.acceptedSerials.includes(serial)) return true;
  if (other.ledger.issued.some((issued) => issued.serial === serial)) return false;
  return own.holder.revokedAtMs >= other.holder.revokedAtMs;
}
