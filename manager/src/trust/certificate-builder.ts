import { type KeyObject, randomBytes, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import { type Identity, identityUri } from '@hecate/proto/core/identity.ts';
import { clientUsage, serverUsage } from '@hecate/proto/io/certificate.ts';

/**
 * Makes X.509 certificates; the only file that knows the library. It takes some 80 ms to load, so it is loaded
 * when the first certificate is made and never in a manager that only checks them.
 */

type Library = typeof import('@peculiar/x509');
type Extensions = InstanceType<Library['Extension']>[];

/** Times are milliseconds since the Unix epoch; X.509 keeps whole seconds, so they are rounded down. */
export interface Validity {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

export interface Issuer {
  /** PEM. */
  readonly certificatePem: string;
  readonly privateKey: KeyObject;
}

const curve = { name: 'ECDSA', namedCurve: 'P-256' };
const signing = { name: 'ECDSA', hash: 'SHA-256' };

let loaded: Promise<Library> | undefined;

function load(): Promise<Library> {
  loaded ??= (async () => {
    // The library's ASN.1 schemas are decorated classes and need this polyfill before they are evaluated.
    await import('reflect-metadata');
    const library: Library & { default?: Library } = await import('@peculiar/x509');
    // It is CommonJS: in a bundle its exports stand under `default` alone.
    return library.X509CertificateGenerator === undefined && library.default ? library.default : library;
  })();
  return loaded;
}

/** A self-signed authority that may sign certificates of holders, but no further authorities. @returns PEM */
export async function buildAuthorityCertificate(
  commonName: string,
  privateKey: KeyObject,
  publicKeySpki: Uint8Array,
  validity: Validity,
): Promise<string> {
  const x509 = await load();
  const publicKey = await importPublicKey(publicKeySpki);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: randomSerial(),
    name: [{ CN: [commonName] }],
    ...datesOf(validity),
    signingAlgorithm: signing,
    keys: { privateKey: await importPrivateKey(privateKey), publicKey },
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
    ],
  });
  return `${certificate.toString('pem')}\n`;
}

/** @param names DNS names and IP addresses that clients dial. @returns PEM */
export async function buildServerCertificate(
  issuer: Issuer,
  publicKeySpki: Uint8Array,
  names: readonly string[],
  validity: Validity,
): Promise<string> {
  const x509 = await load();
  const alternatives = names.map((value) => ({
    type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const),
    value,
  }));
  // The blank keeps the commonName from being read as a host name by anybody who still looks at it.
  return build(issuer, 'hecate manager', publicKeySpki, validity, [
    new x509.ExtendedKeyUsageExtension([serverUsage]),
    new x509.SubjectAlternativeNameExtension(alternatives),
  ]);
}

/** @returns PEM */
export async function buildClientCertificate(
  issuer: Issuer,
  publicKeySpki: Uint8Array,
  identity: Identity,
  validity: Validity,
): Promise<string> {
  const x509 = await load();
  return build(issuer, identity.name, publicKeySpki, validity, [
    new x509.ExtendedKeyUsageExtension([clientUsage]),
    new x509.SubjectAlternativeNameExtension([{ type: 'url', value: identityUri(identity) }]),
  ]);
}

async function build(
  issuer: Issuer,
  commonName: string,
  publicKeySpki: Uint8Array,
  validity: Validity,
  extensions: Extensions,
): Promise<string> {
  const x509 = await load();
  const authority = new x509.X509Certificate(issuer.certificatePem);
  const publicKey = await importPublicKey(publicKeySpki);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: randomSerial(),
    subject: [{ CN: [commonName] }],
    issuer: authority.subjectName,
    ...datesOf(validity),
    signingAlgorithm: signing,
    publicKey,
    signingKey: await importPrivateKey(issuer.privateKey),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      ...extensions,
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(await authority.publicKey.export()),
    ],
  });
  return `${certificate.toString('pem')}\n`;
}

/**
 * 128 bits, of which the first two are 01: positive, and as long as it is printed, so that its hexadecimal text is
 * the same everywhere. 126 random bits remain; RFC 5280 wants unique, the CA/Browser Forum 64 random ones.
 */
function randomSerial(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString('hex');
}

function datesOf(validity: Validity): { notBefore: Date; notAfter: Date } {
  const second = (ms: number): Date => new Date(Math.floor(ms / 1000) * 1000);
  return { notBefore: second(validity.notBeforeMs), notAfter: second(validity.notAfterMs) };
}

function importPrivateKey(key: KeyObject): Promise<webcrypto.CryptoKey> {
  const der = key.export({ type: 'pkcs8', format: 'der' });
  return webcrypto.subtle.importKey('pkcs8', der, curve, false, ['sign']);
}

function importPublicKey(spki: Uint8Array): Promise<webcrypto.CryptoKey> {
  return webcrypto.subtle.importKey('spki', spki, curve, true, ['verify']);
}
