import { decodeBase64Url, encodeBase64Url } from './base64url.ts';
import { HecateError } from './errors.ts';
import { type Identity, identityFrom } from './identity.ts';
import { parseManagerAddress } from './manager-address.ts';

/**
 * A join token: what an administrator carries from the manager to a new host, once.
 *
 * It says whom to dial, how to know the right manager (the authority's fingerprint, so that nobody in between
 * can answer in its place), and proves the right to one certificate for one identity.
 *
 * Text: `hecate-join-` + base64url of the ASCII JSON array
 * `[1, kind, name, role | "", tokenId, secret, fingerprint, [address, …], expiresAtMs]`,
 * followed by four bytes of CRC-32, which tells a token that was cut or mistyped from one that was refused.
 */
export interface JoinToken {
  readonly identity: Identity;
  /** Base64url, 12 random bytes: finds the token at the manager; not secret. */
  readonly tokenId: string;
  /** 16 random bytes. The manager keeps only their hash. */
  readonly secret: Uint8Array;
  /** SHA-256 of the authority's certificate (DER), 64 lower-case hexadecimal digits. */
  readonly fingerprint: string;
  /** `host:port`, tried in order; 1 to 8. */
  readonly addresses: readonly string[];
  /** Milliseconds since the Unix epoch. */
  readonly expiresAtMs: number;
}

export const joinTokenPrefix = 'hecate-join-';
export const tokenIdBytes = 12;
export const tokenSecretBytes = 16;
const version = 1;
const addressesMax = 8;
/** Eight longest addresses fit; a larger text is no token, and is not decoded. */
const textLengthMax = 4096;

/** @throws HEC_USAGE when the token breaks its own rules, before it is printed */
export function formatJoinToken(token: JoinToken): string {
  const problem = problemOf(token);
  if (problem !== undefined) {
    throw new HecateError('HEC_USAGE', `no join token can be made: ${problem}`, 'check names and addresses');
  }
  const { identity } = token;
  const fields = [
    version,
    identity.kind,
    identity.name,
    identity.kind === 'operator' ? identity.role : '',
    token.tokenId,
    encodeBase64Url(token.secret),
    token.fingerprint,
    token.addresses,
    token.expiresAtMs,
  ];
  const bytes = Uint8Array.from(JSON.stringify(fields), (character) => character.charCodeAt(0));
  const checksum = crc32(bytes);
  const tail = [checksum >>> 24, (checksum >>> 16) & 0xff, (checksum >>> 8) & 0xff, checksum & 0xff];
  return joinTokenPrefix + encodeBase64Url(Uint8Array.from([...bytes, ...tail]));
}

/**
 * Reads a token as a person pasted it: white space around it, and line breaks inside it, are dropped.
 * @throws HEC_TOKEN; the message never quotes the token
 */
export function parseJoinToken(text: string): JoinToken {
  if (text.length > textLengthMax) throw refusal('the text is far too long for a join token');
  const compact = text.replace(/\s+/g, '');
  if (!compact.startsWith(joinTokenPrefix)) throw refusal(`a join token begins with "${joinTokenPrefix}"`);
  const bytes = decodeBase64Url(compact.slice(joinTokenPrefix.length));
  if (bytes === undefined || bytes.length < 5 || !isIntact(bytes)) {
    throw refusal('the join token is incomplete or mistyped: copy the whole line again');
  }
  const fields = parseJsonArray(String.fromCharCode(...bytes.subarray(0, -4)));
  if (fields === undefined) throw refusal('the join token does not hold what a token holds');
  if (fields[0] !== version) {
    throw refusal('the join token is of a newer kind: install the same release of Hecate as on the manager');
  }
  return tokenFrom(fields);
}

/** Hides every join token in a text that is about to be logged or shown. */
export function redactJoinTokens(text: string): string {
  return text.replace(/hecate-join-[A-Za-z0-9_-]+/g, `${joinTokenPrefix}[hidden]`);
}

function tokenFrom(fields: readonly unknown[]): JoinToken {
  const [, kind, name, role, tokenId, secret, fingerprint, addresses, expiresAtMs, ...rest] = fields;
  const identity = identityFrom(kind, name, role === '' ? undefined : role);
  if (identity === undefined) throw refusal('the join token names no valid identity');
  if (rest.length > 0 || !isTextList(addresses))
    throw refusal('the join token does not hold what a token holds');
  const secretBytes = typeof secret === 'string' ? decodeBase64Url(secret) : undefined;
  const token = { identity, tokenId, secret: secretBytes, fingerprint, addresses, expiresAtMs };
  if (isJoinToken(token)) return token;
  throw refusal(`the join token is malformed: ${problemOf(token)}`);
}

function isJoinToken(token: Loose): token is JoinToken {
  return problemOf(token) === undefined;
}

type Loose = { readonly [key in keyof JoinToken]: unknown } & Pick<JoinToken, 'identity' | 'addresses'>;

function problemOf(token: Loose): string | undefined {
  if (!isIdentity(token.identity)) return 'its identity is malformed';
  if (!isTokenId(token.tokenId)) return 'its id is malformed';
  if (!(token.secret instanceof Uint8Array) || token.secret.length !== tokenSecretBytes) {
    return 'its secret is malformed';
  }
  if (typeof token.fingerprint !== 'string' || !/^[0-9a-f]{64}$/.test(token.fingerprint)) {
    return "the authority's fingerprint is malformed";
  }
  const { addresses } = token;
  if (addresses.length < 1 || addresses.length > addressesMax)
    return `it has not 1 to ${addressesMax} addresses`;
  if (addresses.some((address) => parseManagerAddress(address) === undefined))
    return 'an address is not host:port';
  if (!Number.isSafeInteger(token.expiresAtMs) || Number(token.expiresAtMs) < 0)
    return 'its expiry is malformed';
  return undefined;
}

function isIdentity(identity: Identity): boolean {
  const role = identity.kind === 'operator' ? identity.role : undefined;
  return identityFrom(identity.kind, identity.name, role) !== undefined;
}

function isTokenId(text: unknown): boolean {
  return typeof text === 'string' && text.length <= 64 && decodeBase64Url(text)?.length === tokenIdBytes;
}

function isTextList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function parseJsonArray(text: string): readonly unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isIntact(bytes: Uint8Array): boolean {
  const tail = bytes.subarray(-4).reduce((sum, byte) => ((sum << 8) | byte) >>> 0, 0);
  return tail === crc32(bytes.subarray(0, -4));
}

/** CRC-32 as in gzip and PNG (polynomial 0xEDB88320). */
function crc32(bytes: Uint8Array): number {
  let sum = 0xffffffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
  }
  return (sum ^ 0xffffffff) >>> 0;
}

function refusal(problem: string): HecateError {
  return new HecateError('HEC_TOKEN', problem, 'make a new one on the manager: hecatectl node enroll NAME');
}
