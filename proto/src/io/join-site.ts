/** Turns a join token into an identity on disk: what `hecate-agent join` and `hecatectl join` share. */
import { setTimeout as sleep } from 'node:timers/promises';
import { asHecateError, HecateError } from '../core/errors.ts';
import { describeIdentity } from '../core/identity.ts';
import type { JoinToken } from '../core/join-token.ts';
import { protocolMax, protocolMin } from '../core/limits.ts';
import { formatManagerAddress, type ManagerAddress, parseManagerAddress } from '../core/manager-address.ts';
import { type Certificate, createHello, createJoin } from '../generated/wire.ts';
import { upgradeToWebSocket } from './dial-websocket.ts';
import { pendingKeyPair, type StoredIdentity, writeIdentity } from './identity-store.ts';
import { connectPinned } from './pinned-tls.ts';
import { type KeyPair, signPossession } from './possession.ts';
import { Session } from './session-host.ts';
import { systemClock } from './system-clock.ts';
import type { FrameTransport } from './transport.ts';

export interface JoinOptions {
  readonly token: JoinToken;
  /** Where the identity goes. */
  readonly directory: string;
  readonly softwareVersion: string;
  /** Tried before those of the token. */
  readonly addresses?: readonly ManagerAddress[];
  /** For each address; default 10 s. */
  readonly timeLimitMs?: number;
}

/**
 * Tries the addresses in order. A join that was interrupted may be repeated with the same token: the key is kept.
 * @throws HEC_TOKEN when the manager refuses it; HEC_TLS when nobody is the pinned manager; HEC_CONNECTION
 */
export async function joinSite(options: JoinOptions): Promise<StoredIdentity> {
  const { token, directory, addresses = [], timeLimitMs = 10_000 } = options;
  const keys = await pendingKeyPair(directory);
  let last = new HecateError('HEC_TOKEN', 'the join token names no address', 'make a new one');
  for (const address of [...addresses, ...token.addresses.map(parseManagerAddress)]) {
    if (!address) continue;
    try {
      const certificate = await askInTurn(address, options, keys, timeLimitMs);
      return await writeIdentity(directory, {
        identity: token.identity,
        managerAddresses: addressesOf(certificate, token),
        privateKeyPem: keys.privateKeyPem,
        certificatePem: certificate.certificatePem,
        authorityPem: certificate.authorityPem,
        authorityFingerprint: token.fingerprint,
      });
    } catch (thrown) {
      last = asHecateError(thrown, 'HEC_CONNECTION');
      // A manager that knows the token and refuses it has spoken for the site.
      if (last.code !== 'HEC_CONNECTION' && last.code !== 'HEC_TLS') break;
    }
  }
  throw last;
}

function addressesOf(certificate: Certificate, token: JoinToken): readonly string[] {
  const given = certificate.managerAddresses.filter((address) => parseManagerAddress(address));
  return given.length > 0 ? given : token.addresses;
}

/** Hosts behind one address join a few at a time; a turn takes milliseconds. */
const turnWaitMs = 500;
const turnsMax = 40;

async function askInTurn(...asking: Parameters<typeof askOne>): Promise<Certificate> {
  for (let turn = 1; ; turn += 1) {
    try {
      return await askOne(...asking);
    } catch (thrown) {
      if (turn >= turnsMax || asHecateError(thrown).code !== 'HEC_BUSY') throw thrown;
      await sleep(turnWaitMs * (0.5 + Math.random()));
    }
  }
}

async function askOne(
  address: ManagerAddress,
  options: JoinOptions,
  keys: KeyPair,
  timeLimitMs: number,
): Promise<Certificate> {
  const { fingerprint } = options.token;
  const socket = await connectPinned({ ...address, fingerprint, timeoutMs: timeLimitMs, nowMs: Date.now() });
  const transport = await upgradeToWebSocket(socket, timeLimitMs, formatManagerAddress(address));
  const session = await greet(transport, options);
  try {
    const outcome = await session.call(
      {
        case: 'join',
        value: createJoin({
          tokenId: options.token.tokenId,
          secret: options.token.secret,
          publicKeySpki: keys.publicKeySpki,
          possessionSignature: signPossession(keys, { purpose: 'join', tokenId: options.token.tokenId }),
        }),
      },
      { timeLimitMs },
    );
    if (outcome.case === 'certificate') return outcome.value;
    throw new HecateError('HEC_PROTOCOL', `the manager answered a join with ${outcome.case}`);
  } finally {
    session.end('HEC_SHUTTING_DOWN', 'joined');
  }
}

function greet(transport: FrameTransport, { token, softwareVersion }: JoinOptions): Promise<Session> {
  return new Promise((resolve, reject) => {
    const session = new Session('dialler', transport, systemClock, {
      onEstablished: () => resolve(session),
      onEnded: ({ code, message }) => {
        const why = `${transport.remote} refused ${describeIdentity(token.identity)}: ${message}`;
        reject(
          new HecateError(code as HecateError['code'], why, 'hecatectl node list tells what is enrolled'),
        );
      },
    });
    session.open(
      createHello({
        peerKind: 'joiner',
        name: token.identity.name,
        softwareVersion,
        protocolMin,
        protocolMax,
        clockMs: Math.floor(systemClock.bootTimeMs()),
        wallClockMs: Math.floor(systemClock.wallMs()),
      }),
    );
  });
}
