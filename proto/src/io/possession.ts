import {
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { promisify } from 'node:util';

/**
 * Proof that who asks for a certificate holds the private key: a signature over what is asked, instead of a
 * certificate request, which would put an X.509 library into the agent.
 */
export interface KeyPair {
  /** PKCS #8, PEM. */
  readonly privateKeyPem: string;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKeySpki: Uint8Array;
}

/** What the signature is for, so that one made for a join proves nothing in a renewal. */
export type PossessionPurpose =
  | { readonly purpose: 'join'; readonly tokenId: string }
  | { readonly purpose: 'renew'; readonly name: string };

/** P-256 with SHA-256; the signature as two 32-byte numbers (IEEE P1363), so that it has one length. */
const signatureBytes = 64;
const curve = 'prime256v1';
/**
 * A P-256 key in DER (RFC 5480): this head, ending in 04 for an uncompressed point, and 32 bytes each of x and y.
 * OpenSSL keeps the hybrid form (06, 07) of a point when it exports it again, so the bytes are compared here.
 */
const spkiHead = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d03010703420004', 'hex');
const spkiBytes = 91;
const generate = promisify(generateKeyPair);

export async function createKeyPair(): Promise<KeyPair> {
  const { privateKey } = await generate('ec', { namedCurve: curve });
  return keyPairOf(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
}

/** The pair of a stored private key. @throws when the text is no P-256 key */
export function keyPairOf(privateKeyPem: string): KeyPair {
  const key = createPrivateKey(privateKeyPem);
  if (!isOurCurve(key)) throw new Error('the private key is not of curve P-256');
  const publicKeySpki = createPublicKey(key).export({ type: 'spki', format: 'der' });
  return { privateKeyPem, publicKeySpki: new Uint8Array(publicKeySpki) };
}

export function signPossession(keys: KeyPair, purpose: PossessionPurpose): Uint8Array {
  const message = messageOf(purpose, keys.publicKeySpki);
  return new Uint8Array(sign('sha256', message, { key: keys.privateKeyPem, dsaEncoding: 'ieee-p1363' }));
}

/** Whether the key is an acceptable one (P-256, in its one DER form) and its holder made the signature. */
export function verifyPossession(
  publicKeySpki: Uint8Array,
  signature: Uint8Array,
  purpose: PossessionPurpose,
): boolean {
  if (signature.length !== signatureBytes) return false;
  const key = parsePublicKey(publicKeySpki);
  if (key === undefined) return false;
  return verify('sha256', messageOf(purpose, publicKeySpki), { key, dsaEncoding: 'ieee-p1363' }, signature);
}

/** One key, one spelling: another one would be another key to whoever compares bytes or their hashes. */
function parsePublicKey(spki: Uint8Array): KeyObject | undefined {
  const der = Buffer.from(spki);
  if (der.length !== spkiBytes || !der.subarray(0, spkiHead.length).equals(spkiHead)) return undefined;
  try {
    return createPublicKey({ key: der, format: 'der', type: 'spki' });
  } catch {
    return undefined;
  }
}

function isOurCurve(key: KeyObject): boolean {
  return key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === curve;
}

/** Neither a token's id nor a name can contain NUL, so the parts cannot be shifted against each other. */
function messageOf(purpose: PossessionPurpose, spki: Uint8Array): Buffer {
  const subject = purpose.purpose === 'join' ? purpose.tokenId : purpose.name;
  return Buffer.concat([Buffer.from(`hecate-${purpose.purpose}-v1\0${subject}\0`), spki]);
}
