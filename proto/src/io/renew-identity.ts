/** Renewal of a certificate over a session that is open with the old one: the same for agents and operators. */
import { parseManagerAddress } from '../core/manager-address.ts';
import { jitterFromHash, renewalDueAtMs } from '../core/renewal.ts';
import { type Certificate, createRenewCertificate, type RenewCertificate } from '../generated/wire.ts';
import { pendingKeyPair, type StoredIdentity, writeIdentity } from './identity-store.ts';
import { signPossession } from './possession.ts';

/** When this certificate is to be renewed; milliseconds since the Unix epoch. */
export const identityRenewalDueAtMs = (stored: StoredIdentity): number =>
  renewalDueAtMs(stored, jitterFromHash(stored.fingerprint));

/**
 * @param ask sends the request and waits for the certificate
 * @returns what is stored now
 * @throws what `ask` throws; HEC_TLS when the answer does not fit the identity; HEC_STATE
 */
export async function renewIdentity(
  directory: string,
  stored: StoredIdentity,
  ask: (request: RenewCertificate) => Promise<Certificate>,
): Promise<StoredIdentity> {
  const keys = await pendingKeyPair(directory);
  const { certificatePem, authorityPem, managerAddresses } = await ask(
    createRenewCertificate({
      publicKeySpki: keys.publicKeySpki,
      possessionSignature: signPossession(keys, { purpose: 'renew', name: stored.identity.name }),
    }),
  );
  const given = managerAddresses.filter((address) => parseManagerAddress(address));
  return writeIdentity(directory, {
    identity: stored.identity,
    managerAddresses: given.length > 0 ? given : stored.managerAddresses,
    privateKeyPem: keys.privateKeyPem,
    certificatePem,
    authorityPem,
    authorityFingerprint: stored.authorityFingerprint,
  });
}
