/** Renewal of the operator's own certificate, after a command has done its work. */
import type { Certificate, RenewCertificate } from '@hecate/proto/generated/wire.ts';
import { readIdentity, type StoredIdentity } from '@hecate/proto/io/identity-store.ts';
import { identityRenewalDueAtMs, renewIdentity } from '@hecate/proto/io/renew-identity.ts';

/** The command is done: its user waits for the prompt. */
const renewTimeLimitMs = 5000;

export interface RenewalOptions {
  readonly directory: string;
  /** Wall clock, which certificates live by. */
  readonly nowMs: number;
  ask(request: RenewCertificate, timeLimitMs: number): Promise<Certificate>;
}

/**
 * @returns what is stored now, or undefined when it is not time yet
 * @throws why it could not be renewed; the old identity is still there, and the next command tries again
 */
export async function renewWhenDue({
  directory,
  nowMs,
  ask,
}: RenewalOptions): Promise<StoredIdentity | undefined> {
  const stored = readIdentity(directory);
  if (nowMs < identityRenewalDueAtMs(stored)) return undefined;
  return renewIdentity(directory, stored, (request) => ask(request, renewTimeLimitMs));
}
