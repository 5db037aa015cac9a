import { createHash, randomBytes } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { encodeBase64Url } from '@hecate/proto/core/base64url.ts';
import { formatDuration } from '@hecate/proto/core/duration-text.ts';
import { HecateError } from '@hecate/proto/core/errors.ts';
import { describeIdentity, type Identity, type IdentityKind } from '@hecate/proto/core/identity.ts';
import { formatJoinToken, tokenIdBytes, tokenSecretBytes } from '@hecate/proto/core/join-token.ts';
import { verifyPossession } from '@hecate/proto/io/possession.ts';
import { type HolderStanding, type LedgerInput, standings, stepLedger } from '../core/trust/ledger.ts';
import { certificateLifetimeMs, tokenLifetimeMaxMs, tokenLifetimeMs } from '../core/trust/lifetimes.ts';
import { isRevoked } from '../core/trust/revocations.ts';
import type { TokenEffect, TokenRefusal } from '../core/trust/tokens.ts';
import { type Authority, authorityFolder, issueClientCertificate, openAuthority } from './authority.ts';
import { readLedger, writeLedger } from './ledger-file.ts';
import { type AcceptedPeer, type PeerCheck, peerIdentity } from './peer-identity.ts';

/** The manager's trust, open: what sessions and commands call. One for each state directory. */
export interface Trust {
  readonly authority: Authority;
  /** Makes a join token. An older unused one of the same holder is withdrawn. */
  enrol(request: EnrolRequest): Promise<EnrolAnswer>;
  /** Turns a token into a certificate, once. @throws HEC_TOKEN when it is refused */
  redeem(request: RedeemRequest): Promise<CertificateAnswer>;
  /** A new certificate for who holds a good one. @throws HEC_TLS, HEC_REVOKED */
  renew(peer: RenewingPeer, request: CertificateRequest): Promise<CertificateAnswer>;
  /** Revokes everything that a holder was given, tokens included; it may be enrolled again. The caller ends its sessions. */
  revoke(holder: {
    readonly kind: IdentityKind;
    readonly name: string;
  }): Promise<{ readonly wasKnown: boolean }>;
  /** Revokes one certificate. @param serial hexadecimal, as `list` shows it */
  revokeSerial(serial: string): Promise<void>;
  /** Who is on the other end; to be asked of every connection before it is served. */
  check(socket: TLSSocket): PeerCheck;
  /** Whether an open session's certificate is still good: after a revocation, and as time goes by. */
  isStillGood(peer: Pick<AcceptedPeer, 'identity' | 'serial' | 'notAfterMs'>): boolean;
  list(): readonly HolderStanding[];
}

export interface EnrolRequest {
  readonly identity: Identity;
  /** `host:port`, that the new host will dial, in order; 1 to 8. */
  readonly addresses: readonly string[];
  readonly lifetimeMs?: number;
}
export interface EnrolAnswer {
  /** Secret: to be shown once, never logged. */
  readonly token: string;
  readonly tokenId: string;
  readonly expiresAtMs: number;
}
export interface CertificateRequest {
  readonly publicKeySpki: Uint8Array;
  readonly possessionSignature: Uint8Array;
}
export interface RedeemRequest extends CertificateRequest {
  readonly tokenId: string;
  readonly secret: Uint8Array;
}
export interface CertificateAnswer {
  readonly identity: Identity;
  readonly certificatePem: string;
  readonly authorityPem: string;
}
export type RenewingPeer = Pick<AcceptedPeer, 'identity' | 'serial' | 'notAfterMs'>;

export interface TrustOptions {
  /** Milliseconds since the Unix epoch: certificates and tokens are dated by it. */
  readonly wallMs: () => number;
  /** Asked for each certificate that is made, so that a new configuration counts for the next one. */
  readonly certificateLifetimeMs?: () => number;
}

/** Requests that may wait for their turn; each takes some 10 ms. */
const waitingMax = 64;

/** @throws HEC_NO_AUTHORITY, HEC_STATE */
export function openTrust(dir: string, options: TrustOptions): Trust {
  const authority = openAuthority(dir);
  const folder = authorityFolder(dir);
  const { wallMs } = options;
  const lifetimeOfCertificatesMs = options.certificateLifetimeMs ?? (() => certificateLifetimeMs);
  let ledger = readLedger(folder);
  const oneAtATime = makeQueue(waitingMax);

  /** Persists, then adopts the new state, then hands out the effect (I9). */
  async function apply(input: LedgerInput): Promise<TokenEffect | undefined> {
    const { state, effects } = stepLedger(ledger, input);
    if (effects.some((effect) => effect.type === 'persist')) await persist(folder, state);
    ledger = state;
    return effects.find((effect) => effect.type !== 'persist');
  }

  /** A revocation is in force at once, even when the disk refuses it; the caller is told that it will not last. */
  async function applyRevocation(input: LedgerInput): Promise<void> {
    const { state, effects } = stepLedger(ledger, input);
    const refusal = effects.find((effect) => effect.type === 'refuse');
    if (refusal !== undefined) {
      throw new HecateError('HEC_BUSY', 'the list of revocations is full', 'make a new authority');
    }
    ledger = state;
    if (effects.length > 0)
      await persist(folder, state, 'the revocation is in force only until the next restart');
  }

  async function certify(
    identity: Identity,
    publicKeySpki: Uint8Array,
    token?: { tokenId: string; keyHash: string },
  ): Promise<CertificateAnswer> {
    const nowMs = wallMs();
    const lifetimeMs = lifetimeOfCertificatesMs();
    const issued = await issueClientCertificate(authority, { identity, publicKeySpki, lifetimeMs, nowMs });
    const { certificatePem, serial, notAfterMs } = issued;
    const certificate = { serial, identity, issuedAtMs: nowMs, notAfterMs };
    return answer(
      await apply({
        type: 'certified',
        certificate,
        certificatePem,
        ...(token === undefined ? {} : { token }),
      }),
    );
  }

  function answer(effect: TokenEffect | undefined): CertificateAnswer {
    if (effect?.type === 'refuse') throw refusalError(effect.reason);
    if (effect?.type !== 'answer')
      throw new Error(`no answer to a request for a certificate: ${effect?.type}`);
    const { identity, certificatePem } = effect;
    return { identity, certificatePem, authorityPem: authority.certificatePem };
  }

  return {
    authority,
    list: () => standings(ledger, wallMs()),
    isStillGood: ({ identity, serial, notAfterMs }) =>
      wallMs() < notAfterMs && !isRevoked(ledger.revocations, { ...identity, serial }),
    check: (socket) =>
      peerIdentity(socket, {
        authority: authority.certificate,
        isRevoked: (identity, serial) => isRevoked(ledger.revocations, { ...identity, serial }),
        nowMs: wallMs(),
      }),

    enrol: (request) =>
      oneAtATime(async () => {
        const { token, record, expiresAtMs } = makeToken(authority.fingerprint, request, wallMs());
        const effect = await apply({ type: 'issue', ...record, nowMs: wallMs() });
        if (effect?.type !== 'issued') {
          throw new HecateError('HEC_BUSY', 'there are too many join tokens', 'wait until some have expired');
        }
        return { token, tokenId: record.tokenId, expiresAtMs };
      }),

    redeem: (request) =>
      oneAtATime(async () => {
        const { tokenId, secret, publicKeySpki, possessionSignature } = request;
        if (!verifyPossession(publicKeySpki, possessionSignature, { purpose: 'join', tokenId })) {
          throw new HecateError('HEC_TOKEN', 'the proof for the new key is not valid', 'join again');
        }
        const keyHash = sha256(publicKeySpki);
        const redemption = {
          type: 'redeem',
          tokenId,
          secretHash: sha256(secret),
          keyHash,
          nowMs: wallMs(),
        } as const;
        const effect = await apply(redemption);
        if (effect?.type !== 'certify') return answer(effect);
        return certify(effect.identity, publicKeySpki, { tokenId, keyHash });
      }),

    renew: ({ identity, serial, notAfterMs }, request) =>
      oneAtATime(async () => {
        // The session may be older than the revocation, and older than its own certificate's end.
        if (isRevoked(ledger.revocations, { ...identity, serial })) {
          throw new HecateError(
            'HEC_REVOKED',
            `the certificate of ${describeIdentity(identity)} was revoked`,
          );
        }
        if (wallMs() >= notAfterMs) throw new HecateError('HEC_TLS', 'the certificate expired', 'join again');
        const { publicKeySpki, possessionSignature } = request;
        if (
          !verifyPossession(publicKeySpki, possessionSignature, { purpose: 'renew', name: identity.name })
        ) {
          throw new HecateError('HEC_TLS', 'the proof for the new key is not valid');
        }
        return certify(identity, publicKeySpki);
      }),

    revoke: ({ kind, name }) =>
      oneAtATime(async () => {
        const wasKnown = standings(ledger, wallMs()).some((each) => each.kind === kind && each.name === name);
        await applyRevocation({ type: 'revoke-holder', kind, name, nowMs: wallMs() });
        return { wasKnown };
      }),

    revokeSerial: (text) =>
      oneAtATime(async () => {
        const serial = text.toUpperCase();
        if (!/^[0-9A-F]{1,40}$/.test(serial)) {
          throw new HecateError('HEC_USAGE', `${JSON.stringify(text.slice(0, 80))} is no serial number`);
        }
        await applyRevocation({ type: 'revoke-serial', serial, nowMs: wallMs() });
      }),
  };
}

function makeToken(fingerprint: string, request: EnrolRequest, nowMs: number) {
  const lifetimeMs = request.lifetimeMs ?? tokenLifetimeMs;
  if (!(lifetimeMs >= 1000 && lifetimeMs <= tokenLifetimeMaxMs)) {
    const message = `a join token cannot live for ${formatDuration(lifetimeMs)}`;
    throw new HecateError('HEC_USAGE', message, 'give it between 1 second and 7 days');
  }
  const { identity, addresses } = request;
  const tokenId = encodeBase64Url(randomBytes(tokenIdBytes));
  const secret = new Uint8Array(randomBytes(tokenSecretBytes));
  const expiresAtMs = Math.floor(nowMs + lifetimeMs);
  const token = formatJoinToken({ identity, tokenId, secret, fingerprint, addresses, expiresAtMs });
  return { token, expiresAtMs, record: { tokenId, secretHash: sha256(secret), identity, expiresAtMs } };
}

/**
 * A plain hash is right here: the secret is 128 random bits, not a word that somebody chose, so there is nothing
 * to guess that a slow hash would protect, and a slow one would let strangers keep the manager busy.
 */
function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

const newToken = 'make a new token: hecatectl node enroll NAME';

/** Who does not know the secret is not told whether the token exists. */
function refusalError(reason: TokenRefusal): HecateError {
  switch (reason) {
    case 'limit':
      return new HecateError('HEC_BUSY', 'there are too many join tokens', 'wait until some have expired');
    case 'duplicate':
    case 'unknown':
    case 'wrong-secret':
    case 'burned':
      return new HecateError('HEC_TOKEN', 'this manager has no such join token', newToken);
    case 'expired':
      return new HecateError('HEC_TOKEN', 'the join token has expired', newToken);
    case 'withdrawn':
      return new HecateError(
        'HEC_TOKEN',
        'the join token was withdrawn or replaced by a newer one',
        newToken,
      );
    case 'redeemed-by-another-key':
      return new HecateError(
        'HEC_TOKEN',
        'the join token was used already, with another key',
        `if it was not used by you, revoke the node: hecatectl node revoke NAME; then ${newToken}`,
      );
  }
}

async function persist(
  folder: string,
  ledger: Parameters<typeof writeLedger>[1],
  consequence = 'nothing was changed',
) {
  try {
    await writeLedger(folder, ledger);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const message = `the ledger cannot be written: ${why}; ${consequence}`;
    throw new HecateError('HEC_STATE', message, 'make room or repair the disk, then try again', error);
  }
}

/** Runs tasks one after the other, so that each decides on the state that the one before left. */
function makeQueue(limit: number): <T>(task: () => Promise<T>) => Promise<T> {
  let tail: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  return async (task) => {
    if (waiting >= limit)
      throw new HecateError('HEC_BUSY', 'too many requests for certificates', 'try again');
    waiting += 1;
    const turn = tail.then(task);
    tail = turn.then(
      () => undefined,
      () => undefined,
    );
    try {
      return await turn;
    } finally {
      waiting -= 1;
    }
  };
}
