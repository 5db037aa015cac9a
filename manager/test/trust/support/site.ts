import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  type ConnectionOptions,
  connect,
  createServer,
  type Server,
  type TLSSocket,
  type TlsOptions,
} from 'node:tls';
import type { Identity } from '@hecate/proto/core/identity.ts';
import { type JoinToken, parseJoinToken } from '@hecate/proto/core/join-token.ts';
import { createKeyPair, type KeyPair, signPossession } from '@hecate/proto/io/possession.ts';
import type { Test } from 'tap';
import { type Made, makeTestFolder } from '../../../../proto/test/support/openssl-authority.ts';
import { type Authority, authorityFolder, createAuthority } from '../../../src/trust/authority.ts';
import type { PeerCheck } from '../../../src/trust/peer-identity.ts';
import { ensureServerCertificate } from '../../../src/trust/server-certificate.ts';
import { type ServerTlsMaterial, serverTlsOptions } from '../../../src/trust/server-tls.ts';
import {
  type CertificateAnswer,
  openTrust,
  type Trust,
  type TrustOptions,
} from '../../../src/trust/trust.ts';

/** A site with a real authority in a folder of its own, and a clock that the test moves. */
export interface Site {
  readonly dir: string;
  readonly authority: Authority;
  readonly trust: Trust;
  readonly clock: { offsetMs: number };
  /** Trust as a manager finds it after a crash: from the disk alone. */
  reopen(): Trust;
  /** The authority's own key, for certificates that our code would never make. */
  forger(): Made;
}

export async function makeSite(t: Test, options: Partial<TrustOptions> = {}): Promise<Site> {
  const dir = makeTestFolder();
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  const clock = { offsetMs: 0 };
  const reopen = () => openTrust(dir, { wallMs: () => Date.now() + clock.offsetMs, ...options });
  const authority = await createAuthority(dir, { siteName: 'test', nowMs: Date.now() });
  const read = (name: string) => readFileSync(join(authorityFolder(dir), name), 'utf8');
  const forger = () => ({ certificatePem: read('certificate.pem'), privateKeyPem: read('key.pem') });
  return { dir, authority, trust: reopen(), clock, reopen, forger };
}

/** What a joining host does with a token. */
export function redeem(trust: Trust, token: JoinToken, keys: KeyPair, part: { secret?: Uint8Array } = {}) {
  const { tokenId, secret } = token;
  const possessionSignature = signPossession(keys, { purpose: 'join', tokenId });
  return trust.redeem({ tokenId, secret, publicKeySpki: keys.publicKeySpki, possessionSignature, ...part });
}

export async function enrol(trust: Trust, identity: Identity, lifetimeMs?: number): Promise<JoinToken> {
  const request = {
    identity,
    addresses: ['127.0.0.1:2020'],
    ...(lifetimeMs === undefined ? {} : { lifetimeMs }),
  };
  return parseJoinToken((await trust.enrol(request)).token);
}

/** From nothing to a certificate. */
export async function joinSite(trust: Trust, identity: Identity): Promise<CertificateAnswer & Made> {
  const keys = await createKeyPair();
  const answer = await redeem(trust, await enrol(trust, identity), keys);
  return { ...answer, privateKeyPem: keys.privateKeyPem };
}

export async function serverMaterial(
  site: Site,
  names = ['127.0.0.1', 'localhost'],
): Promise<ServerTlsMaterial> {
  const request = { names, lifetimeMs: 86_400_000, nowMs: Date.now() };
  const { certificatePem, privateKeyPem } = await ensureServerCertificate(site.dir, site.authority, request);
  return { certificatePem, privateKeyPem, authorityPem: site.authority.certificatePem };
}

export interface Listening {
  readonly port: number;
  readonly server: Server;
  /** The verdict on the next connection, in order of arrival. */
  next(): Promise<PeerCheck>;
}

/** A real TLS server that asks `check` about every connection, and says good-bye. */
export async function listen(
  t: Test,
  check: (socket: TLSSocket) => PeerCheck,
  material: ServerTlsMaterial,
  options: TlsOptions = {},
): Promise<Listening> {
  const verdicts: PeerCheck[] = [];
  const waiting: ((verdict: PeerCheck) => void)[] = [];
  const server = createServer({ ...serverTlsOptions(material), ...options }, (socket) => {
    const verdict = check(socket);
    const first = waiting.shift();
    if (first === undefined) verdicts.push(verdict);
    else first(verdict);
    socket.on('error', () => undefined).end(randomBytes(4));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const next = () =>
    new Promise<PeerCheck>((resolve) => {
      const verdict = verdicts.shift();
      if (verdict === undefined) waiting.push(resolve);
      else resolve(verdict);
    });
  return { port: address.port, server, next };
}

/** Connects, hears the server out and closes. @returns what the handshake was like */
export async function visit(port: number, options: ConnectionOptions = {}) {
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options });
  let session: Buffer | undefined;
  socket.on('session', (bytes) => {
    session = bytes;
  });
  await once(socket, 'secureConnect');
  const isReused = socket.isSessionReused();
  const fingerprint = socket.getPeerX509Certificate()?.fingerprint256;
  socket.resume();
  await once(socket, 'close');
  return { isReused, fingerprint, session };
}
