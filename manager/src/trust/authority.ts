import { createPrivateKey, X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { HecateError } from '@hecate/proto/core/errors.ts';
import type { Identity } from '@hecate/proto/core/identity.ts';
import { syncDirectory } from '@hecate/proto/io/atomic-file.ts';
import { fingerprintOf, isIssuedBy, parseCertificate, validityOf } from '@hecate/proto/io/certificate.ts';
import { makePrivateFolder, writeNewFile } from '@hecate/proto/io/new-file.ts';
import { createKeyPair } from '@hecate/proto/io/possession.ts';
import { readPrivateKey, readText } from '@hecate/proto/io/private-key-file.ts';
import { emptyLedger } from '../core/trust/ledger.ts';
import { authorityLifetimeMs, validityFrom } from '../core/trust/lifetimes.ts';
import {
  buildAuthorityCertificate,
  buildClientCertificate,
  buildServerCertificate,
  type Issuer,
} from './certificate-builder.ts';
import { formatLedger, ledgerPath } from './ledger-file.ts';

/** The site's certificate authority: `DIR/authority/` with key.pem (0600), certificate.pem and ledger.json. */
export interface Authority {
  readonly certificate: X509Certificate;
  readonly certificatePem: string;
  /** SHA-256 of the certificate (DER), 64 lower-case hexadecimal digits: what join tokens pin. */
  readonly fingerprint: string;
  /** Of the site that it was made for; empty for one that was not made here. */
  readonly siteName: string;
  /** Milliseconds since the Unix epoch. */
  readonly notAfterMs: number;
  /** For this folder's functions only. */
  readonly issuer: Issuer;
}

export interface AuthorityOptions {
  /** 1 to 40 letters, digits, blanks, dots, hyphens; stands in the authority's name for people to read. */
  readonly siteName: string;
  readonly nowMs: number;
  readonly lifetimeMs?: number;
}

/** A certificate, and what of it is recorded. Times are milliseconds since the Unix epoch. */
export interface MadeCertificate {
  readonly certificatePem: string;
  readonly serial: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

const namePrefix = 'Hecate authority ';
const siteNamePattern = /^[A-Za-z0-9]([A-Za-z0-9 .-]{0,38}[A-Za-z0-9])?$/;

export const authorityFolder = (dir: string): string => join(dir, 'authority');

/**
 * Makes the authority and its empty ledger, all in one step: a crash leaves all of it or nothing.
 * @throws HEC_AUTHORITY_EXISTS; a second one would cut off every node of the first
 */
export async function createAuthority(dir: string, options: AuthorityOptions): Promise<Authority> {
  if (!siteNamePattern.test(options.siteName)) {
    const shown = JSON.stringify(options.siteName.slice(0, 80));
    throw new HecateError(
      'HEC_USAGE',
      `${shown} is no site name`,
      'use 1 to 40 letters, digits, blanks, "." and "-"',
    );
  }
  const folder = authorityFolder(dir);
  if (existsSync(folder)) throw existsError(folder);
  const keys = await createKeyPair();
  const validity = validityFrom(
    options.nowMs,
    options.lifetimeMs ?? authorityLifetimeMs,
    Number.MAX_SAFE_INTEGER,
  );
  const certificatePem = await buildAuthorityCertificate(
    `${namePrefix}${options.siteName}`,
    createPrivateKey(keys.privateKeyPem),
    keys.publicKeySpki,
    validity,
  );
  await makePrivateFolder(dir);
  const next = await mkdtemp(join(dir, 'authority.new-'));
  try {
    await writeNewFile(join(next, 'key.pem'), keys.privateKeyPem, 0o600);
    await writeNewFile(join(next, 'certificate.pem'), certificatePem, 0o644);
    await writeNewFile(ledgerPath(next), formatLedger(emptyLedger), 0o600);
    await syncDirectory(next);
    // Renaming onto a folder that is not empty fails: of two at the same time, one wins.
    await rename(next, folder);
    await syncDirectory(dir);
  } catch (error) {
    await rm(next, { recursive: true, force: true });
    throw existsSync(folder) ? existsError(folder) : error;
  }
  return openAuthority(dir);
}

export function hasAuthority(dir: string): boolean {
  return existsSync(authorityFolder(dir));
}

/** @throws HEC_NO_AUTHORITY when none was made; HEC_STATE when its files are damaged or readable to others */
export function openAuthority(dir: string): Authority {
  const folder = authorityFolder(dir);
  if (!existsSync(folder)) {
    throw new HecateError('HEC_NO_AUTHORITY', `${folder} does not exist`, 'make it once: hecatectl ca init');
  }
  const privateKeyPem = readPrivateKey(join(folder, 'key.pem'));
  const certificate = parseCertificate(
    readText(join(folder, 'certificate.pem')),
    `${folder}/certificate.pem`,
  );
  if (!isIssuedBy(certificate, certificate)) throw damagedError(folder, 'certificate.pem is no authority');
  const privateKey = parseKey(folder, privateKeyPem);
  if (!certificate.checkPrivateKey(privateKey)) {
    throw damagedError(folder, 'key.pem does not belong to certificate.pem');
  }
  const certificatePem = certificate.toString();
  return {
    certificate,
    certificatePem,
    fingerprint: fingerprintOf(certificate),
    siteName: siteNameOf(certificate),
    notAfterMs: validityOf(certificate).notAfterMs,
    issuer: { certificatePem, privateKey },
  };
}

/** @param request the public key must have been checked by `verifyPossession` */
export async function issueClientCertificate(
  authority: Authority,
  request: { identity: Identity; publicKeySpki: Uint8Array; lifetimeMs: number; nowMs: number },
): Promise<MadeCertificate> {
  const validity = validityNow(authority, request);
  const { issuer } = authority;
  return made(await buildClientCertificate(issuer, request.publicKeySpki, request.identity, validity));
}

/** A new key pair with a certificate for the names (DNS names and IP addresses) that clients dial. */
export async function issueServerCertificate(
  authority: Authority,
  request: { names: readonly string[]; lifetimeMs: number; nowMs: number },
): Promise<MadeCertificate & { readonly privateKeyPem: string }> {
  const keys = await createKeyPair();
  const validity = validityNow(authority, request);
  const pem = await buildServerCertificate(authority.issuer, keys.publicKeySpki, request.names, validity);
  return { ...made(pem), privateKeyPem: keys.privateKeyPem };
}

function validityNow(authority: Authority, request: { lifetimeMs: number; nowMs: number }) {
  if (request.nowMs >= authority.notAfterMs) {
    const date = new Date(authority.notAfterMs).toISOString();
    const remedy =
      'check the clock; else move the authority folder away, make a new one, and join every node again';
    throw new HecateError('HEC_NO_AUTHORITY', `the authority expired at ${date}`, remedy);
  }
  return validityFrom(request.nowMs, request.lifetimeMs, authority.notAfterMs);
}

function made(certificatePem: string): MadeCertificate {
  const certificate = new X509Certificate(certificatePem);
  return { certificatePem, serial: certificate.serialNumber, ...validityOf(certificate) };
}

function siteNameOf({ subject }: X509Certificate): string {
  const name = /^CN=(.*)$/m.exec(subject)?.[1] ?? '';
  return name.startsWith(namePrefix) ? name.slice(namePrefix.length) : '';
}

function parseKey(folder: string, pem: string) {
  try {
    return createPrivateKey(pem);
  } catch (error) {
    throw damagedError(folder, 'key.pem is no private key', error);
  }
}

function damagedError(folder: string, why: string, cause?: unknown): HecateError {
  return new HecateError(
    'HEC_STATE',
    `${folder} is damaged: ${why}`,
    'restore the folder from a backup',
    cause,
  );
}

function existsError(folder: string): HecateError {
  return new HecateError(
    'HEC_AUTHORITY_EXISTS',
    `${folder} exists already`,
    'to begin anew, stop the manager and move the folder away: every node must then join again',
  );
}
