/** Trust as sessions and requests use it: the wire's words on one side, trust/ on the other. */
import type { TLSSocket } from 'node:tls';
import { asHecateError, HecateError } from '@hecate/proto/core/errors.ts';
import { type Identity, identityFrom } from '@hecate/proto/core/identity.ts';
import { formatManagerAddress } from '@hecate/proto/core/manager-address.ts';
import { type NodeName, parseNodeName } from '@hecate/proto/core/names.ts';
import {
  type Authority,
  type Certificate,
  createCertificate,
  createIdentityInfo,
  type Enroll,
  type IdentityInfo,
  type IdentityKind,
  type Join,
  type JoinToken,
  type RenewCertificate,
  type Role,
} from '@hecate/proto/generated/wire.ts';
import type { ManagerConfig } from './config/manager-config.ts';
import { createAuthority, hasAuthority, type Authority as SiteAuthority } from './trust/authority.ts';
import type { AcceptedPeer, PeerCheck } from './trust/peer-identity.ts';
import { ensureServerCertificate, type ServerCertificate } from './trust/server-certificate.ts';
import { type CertificateAnswer, openTrust, type Trust } from './trust/trust.ts';

const noAuthority = (): HecateError =>
  new HecateError('HEC_NO_AUTHORITY', 'this site has no certificate authority yet', 'hecatectl ca init');

export class TrustService {
  readonly #folder: string;
  readonly #config: () => ManagerConfig;
  readonly #wallMs: () => number;
  readonly #onLedger: (trouble: HecateError | undefined) => void;
  #trust: Trust | undefined;

  /**
   * @param folder of the state directory
   * @param onLedger the ledger could not be written; or it could again
   * @throws HEC_STATE when what is there is damaged
   */
  constructor(
    folder: string,
    config: () => ManagerConfig,
    wallMs: () => number,
    onLedger: (trouble: HecateError | undefined) => void = () => undefined,
  ) {
    this.#onLedger = onLedger;
    this.#folder = folder;
    this.#config = config;
    this.#wallMs = wallMs;
    if (hasAuthority(folder)) this.#trust = this.#open();
  }

  #open(): Trust {
    const certificateLifetimeMs = () => this.#config().trust.certificateLifetimeMs;
    return openTrust(this.#folder, { wallMs: this.#wallMs, certificateLifetimeMs });
  }

  #opened(): Trust {
    if (!this.#trust) throw noAuthority();
    return this.#trust;
  }

  /** Whatever else a change is refused for, the ledger has nothing to do with it. */
  async #changing<T>(change: Promise<T>): Promise<T> {
    try {
      const result = await change;
      this.#onLedger(undefined);
      return result;
    } catch (error) {
      const failure = asHecateError(error);
      if (failure.code === 'HEC_STATE') this.#onLedger(failure);
      throw error;
    }
  }

  hasAuthority(): boolean {
    return this.#trust !== undefined;
  }

  /** The certificate in PEM, for TLS servers. @throws HEC_NO_AUTHORITY */
  authorityPem(): string {
    return this.#opened().authority.certificatePem;
  }

  /**
   * The one that is there, when it is of this site and in date: whoever asks once more is told what the first time would
   * have told. @throws HEC_AUTHORITY_EXISTS
   */
  async initAuthority(site: string): Promise<Authority> {
    if (this.#trust) return this.#existing(this.#trust.authority, site);
    const { authorityLifetimeMs: lifetimeMs } = this.#config().trust;
    await createAuthority(this.#folder, { siteName: site, nowMs: this.#wallMs(), lifetimeMs });
    this.#trust = this.#open();
    return this.authorityInfo();
  }

  #existing({ siteName, notAfterMs }: SiteAuthority, site: string): Authority {
    const isExpired = this.#wallMs() >= notAfterMs;
    if (siteName === site && !isExpired) return { ...this.authorityInfo(), existed: true };
    const which = isExpired
      ? `expired at ${new Date(notAfterMs).toISOString()}`
      : `is of the site ${siteName}, not ${site}`;
    throw new HecateError(
      'HEC_AUTHORITY_EXISTS',
      `there is an authority already, which ${which}; nothing was changed`,
      'to begin anew, stop the manager and move the folder authority of its state directory away: every node must then join again',
    );
  }

  authorityInfo(): Authority {
    const { fingerprint, notAfterMs } = this.#opened().authority;
    return { fingerprint, notAfterMs, names: [...this.#config().names], existed: false };
  }

  /** The manager's own certificate, made anew when its names changed or its time has come. */
  serverCertificate(): Promise<ServerCertificate> {
    const { names, trust } = this.#config();
    const request = { names, lifetimeMs: trust.certificateLifetimeMs, nowMs: this.#wallMs() };
    return ensureServerCertificate(this.#folder, this.#opened().authority, request);
  }

  /** Who is on the other end of a TLS connection. */
  check(socket: TLSSocket): PeerCheck {
    return this.#opened().check(socket);
  }

  isStillGood(peer: AcceptedPeer): boolean {
    return this.#opened().isStillGood(peer);
  }

  /** A one-time token. @throws HEC_NO_AUTHORITY, HEC_BAD_NAME */
  async enroll(request: Enroll): Promise<JoinToken> {
    const identity = requireIdentity(request.kind, request.name, request.role);
    const { nodes, trust } = this.#config();
    if (identity.kind === 'node' && nodes !== undefined && !nodes.some((name) => name === identity.name)) {
      throw new HecateError(
        'HEC_NO_SUCH_NODE',
        `the configuration lists the nodes of this site, and ${identity.name} is not among them`,
        'add it to "nodes", then: systemctl reload hecate-manager',
      );
    }
    const lifetimeMs = request.lifetimeSeconds * 1000 || trust.tokenLifetimeMs;
    const enrolment = { identity, addresses: this.addresses(), lifetimeMs };
    const answer = await this.#changing(this.#opened().enrol(enrolment));
    return { token: answer.token, expiresMs: answer.expiresAtMs, name: identity.name };
  }

  /** Where agents dial: every name of the manager with the port of its first listener. */
  addresses(): string[] {
    const { names, listen } = this.#config();
    const port = listen[0]?.port ?? 0;
    return names.slice(0, 8).map((host) => formatManagerAddress({ host, port }));
  }

  /** Redeems a token. @throws HEC_TOKEN */
  async join(request: Join): Promise<Certificate> {
    return this.#certificate(await this.#changing(this.#opened().redeem(request)));
  }

  /** @throws HEC_TLS, HEC_REVOKED */
  async renew(peer: AcceptedPeer | undefined, request: RenewCertificate): Promise<Certificate> {
    if (!peer) throw new HecateError('HEC_TLS', 'this session has no certificate to renew');
    return this.#certificate(await this.#changing(this.#opened().renew(peer, request)));
  }

  #certificate({ identity, certificatePem, authorityPem }: CertificateAnswer): Certificate {
    return createCertificate({
      certificatePem,
      authorityPem,
      managerAddresses: this.addresses(),
      name: identity.name,
      kind: identity.kind,
    });
  }

  async revoke(kind: IdentityKind, name: string): Promise<void> {
    if (kind === 'unspecified') throw new HecateError('HEC_USAGE', 'revoke a node, an operator or a peer');
    const { wasKnown } = await this.#changing(this.#opened().revoke({ kind, name }));
    if (wasKnown) return;
    throw new HecateError(
      'HEC_NO_SUCH_NODE',
      `no ${kind} ${name} was ever enrolled; should there be a certificate of that name, it is revoked now`,
      `hecatectl ${kind} list`,
    );
  }

  list(kind: IdentityKind): IdentityInfo[] {
    const holders = this.#trust?.list() ?? [];
    return holders
      .filter((holder) => holder.kind === kind)
      .map(({ name, role, state, issuedAtMs, notAfterMs, serial }) =>
        createIdentityInfo({
          kind,
          name,
          role: role ?? roleOf(kind),
          state,
          issuedMs: Math.floor(issuedAtMs),
          notAfterMs: Math.floor(notAfterMs),
          serial,
        }),
      );
  }

  /** Other managers that hold a certificate of this site. */
  peers(): string[] {
    const holders = this.list('peer').filter(({ state }) => state === 'joined');
    return holders.map(({ name }) => name);
  }

  /** Managers whose certificate was taken away from them. */
  revokedPeers(): string[] {
    const holders = this.list('peer').filter(({ state }) => state === 'revoked');
    return holders.map(({ name }) => name);
  }

  /**
   * Nodes that may connect: with a certificate or an open token, not revoked, and listed if the config lists
   * any. On the plain loopback listener nobody enrols: there the list alone counts.
   */
  allowedNodes(): NodeName[] {
    const { nodes, plainLoopbackListen } = this.#config();
    const holders = this.list('node').filter(({ state }) => state !== 'revoked');
    const enrolled = holders.map(({ name }) => parseNodeName(name));
    if (nodes === undefined) return enrolled;
    return plainLoopbackListen ? [...nodes] : enrolled.filter((name) => nodes.includes(name));
  }
}

function roleOf(kind: IdentityKind): Role {
  if (kind === 'peer') return 'peer';
  return kind === 'node' ? 'agent' : 'unspecified';
}

/** @throws HEC_BAD_NAME, HEC_USAGE */
function requireIdentity(kind: IdentityKind, name: string, role: Role): Identity {
  if (kind === 'node' || kind === 'peer') return { kind, name: parseNodeName(name) };
  const identity = identityFrom(kind, name, role);
  if (identity) return identity;
  throw new HecateError(
    'HEC_USAGE',
    `${JSON.stringify(name.slice(0, 80))} with the role ${role} is not an operator`,
    'hecatectl operator enroll NAME --role viewer|operator|admin',
  );
}
