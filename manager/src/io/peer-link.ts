/**
 * A session with the manager of another site, kept open: mutual TLS with a certificate of that site's authority, in the
 * role `peer`. It dials again for ever, with pauses that grow, and renews its certificate in time.
 */
import { asHecateError, HecateError } from '@hecate/proto/core/errors.ts';
import type { Method, Outcome } from '@hecate/proto/core/frames.ts';
import { protocolMax, protocolMin } from '@hecate/proto/core/limits.ts';
import type { ManagerAddress } from '@hecate/proto/core/manager-address.ts';
import { createHello, type Welcome } from '@hecate/proto/generated/wire.ts';
import { dialFirstManager } from '@hecate/proto/io/dial-first-manager.ts';
import { readIdentity, type StoredIdentity } from '@hecate/proto/io/identity-store.ts';
import { identityRenewalDueAtMs, renewIdentity } from '@hecate/proto/io/renew-identity.ts';
import { Session } from '@hecate/proto/io/session-host.ts';
import type { Clock } from '@hecate/proto/io/transport.ts';
import type { ManagerLogger } from './logger.ts';

export interface PeerLinkPorts {
  readonly clock: Clock;
  readonly logger: Pick<ManagerLogger, 'info' | 'warn'>;
  readonly softwareVersion: string;
  /** Tried in order. */
  readonly addresses: readonly ManagerAddress[];
  /** Of the identity that `hecatectl join` has stored. */
  readonly identityDirectory: string;
  /** The session is open: from now on calls are answered. */
  onOpen(): void;
  onClosed(): void;
}

/** Name lookup and TCP; TLS and the upgrade; the greeting: together less than twice what an acknowledgement may take. */
const connectTimeLimitMs = 2000;
const greetingTimeLimitMs = 2000;

/** Between two rounds of dialling: twice as long each time, from this to this. A power cut does not wait. */
const pauseLeastMs = 250;
const pauseMostMs = 5000;

const renewTimeLimitMs = 30_000;
/** Never longer, because the wall clock, which certificates live by, may jump. */
const renewalLookMostMs = 3_600_000;
const renewalRetryMs = 60_000;

export class PeerLink {
  readonly #ports: PeerLinkPorts;
  readonly #stopping = new AbortController();
  #session: Session | undefined;
  #welcome: Welcome | undefined;
  #trouble = 'it has not been dialled yet';
  #timer: NodeJS.Timeout | undefined;
  #renewalTimer: NodeJS.Timeout | undefined;
  #failures = 0;
  #told = '';

  constructor(ports: PeerLinkPorts) {
    this.#ports = ports;
  }

  start(): void {
    void this.#dial();
  }

  get isOpen(): boolean {
    return this.#session?.isEstablished() === true;
  }

  /** Of the other side, once it has welcomed this one. */
  get site(): string {
    return this.#welcome?.site ?? '';
  }

  /** Why there is no session; empty while there is one. */
  get trouble(): string {
    return this.isOpen ? '' : this.#trouble;
  }

  /** @throws the other side's failure; HEC_CONNECTION while there is no session; HEC_TIMEOUT */
  call(method: Method, timeLimitMs: number): Promise<Exclude<Outcome, { case: 'failure' }>> {
    if (!this.#session || !this.isOpen)
      return Promise.reject(new HecateError('HEC_CONNECTION', this.#trouble, 'hecatectl power status'));
    return this.#session.call(method, { timeLimitMs });
  }

  close(): void {
    this.#stopping.abort();
    clearTimeout(this.#timer);
    clearTimeout(this.#renewalTimer);
    this.#session?.end('HEC_SHUTTING_DOWN', 'the manager is shutting down');
  }

  /** One round over the addresses; the pause before the next one begins when none of them came to a session. */
  async #dial(): Promise<void> {
    try {
      await this.#dialOnce();
    } catch (thrown) {
      const { code, message } = asHecateError(thrown, 'HEC_CONNECTION');
      this.#fail(message, code);
      this.#again();
    }
  }

  /** The identity is read each time: a renewal, or another join, replaces it. */
  async #dialOnce(): Promise<void> {
    const { addresses, identityDirectory } = this.#ports;
    const identity = readIdentity(identityDirectory);
    requirePeer(identity, identityDirectory);
    await dialFirstManager({
      addresses,
      identity,
      connectTimeLimitMs,
      greetingTimeLimitMs,
      signal: this.#stopping.signal,
      greet: (transport) => this.#greet(new Dialled(transport, this.#ports), identity),
    });
  }

  async #greet(dialled: Dialled, identity: StoredIdentity): Promise<void> {
    const { session } = dialled;
    dialled.onEnded = (why) => this.#closed(session, why);
    const welcome = await dialled.greet(identity.identity.name, this.#ports);
    if (this.#stopping.signal.aborted) {
      session.end('HEC_SHUTTING_DOWN', 'the manager is shutting down');
      return;
    }
    // Welcomed and sent away in the same breath: its end has come before anybody could take it for this one's.
    if (!session.isEstablished())
      throw new HecateError('HEC_CONNECTION', 'the session ended as soon as it had begun');
    this.#session = session;
    this.#welcome = welcome;
    this.#failures = 0;
    this.#told = '';
    const { logger, onOpen } = this.#ports;
    logger.info({ site: welcome.site, address: session.remote }, 'the manager of another site answers');
    this.#lookAtCertificate(0);
    onOpen();
  }

  #closed(session: Session, why: string): void {
    if (this.#session !== session) return;
    this.#session = undefined;
    clearTimeout(this.#renewalTimer);
    this.#fail(`${session.remote}: ${why}`, 'HEC_CONNECTION');
    this.#ports.onClosed();
    this.#again();
  }

  /** Said once for each reason: it is tried for ever. */
  #fail(trouble: string, code: string): void {
    this.#trouble = trouble;
    if (this.#stopping.signal.aborted || this.#told === trouble) return;
    this.#told = trouble;
    this.#ports.logger.warn({ code }, `no session with the manager of another site: ${trouble}`);
  }

  #again(): void {
    if (this.#stopping.signal.aborted) return;
    const mostMs = Math.min(pauseMostMs, pauseLeastMs * 2 ** Math.min(this.#failures, 10));
    this.#failures += 1;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#dial(), mostMs * (0.5 + Math.random() / 2));
  }

  #lookAtCertificate(delayMs: number): void {
    clearTimeout(this.#renewalTimer);
    this.#renewalTimer = setTimeout(() => void this.#renew(), delayMs);
  }

  /** The next session uses the new one; this one goes on until then. */
  async #renew(): Promise<void> {
    const { identityDirectory, clock, logger } = this.#ports;
    try {
      const stored = readIdentity(identityDirectory);
      const leftMs = identityRenewalDueAtMs(stored) - clock.wallMs();
      if (leftMs > 0) {
        this.#lookAtCertificate(Math.min(leftMs + 1, renewalLookMostMs));
        return;
      }
      const renewed = await renewIdentity(identityDirectory, stored, (value) => this.#askCertificate(value));
      logger.info(
        { until: new Date(renewed.notAfterMs).toISOString() },
        'the certificate at another site was renewed',
      );
      this.#session?.end('HEC_REPLACED', 'another session follows, with a new certificate');
    } catch (thrown) {
      if (this.#stopping.signal.aborted) return;
      const { code, message } = asHecateError(thrown);
      logger.warn({ code }, `the certificate at another site could not be renewed yet: ${message}`);
      this.#lookAtCertificate(renewalRetryMs);
    }
  }

  async #askCertificate(value: Extract<Method, { case: 'renewCertificate' }>['value']) {
    const outcome = await this.call({ case: 'renewCertificate', value }, renewTimeLimitMs);
    if (outcome.case === 'certificate') return outcome.value;
    throw new HecateError('HEC_PROTOCOL', `the manager answered a renewal with ${outcome.case}`);
  }
}

function requirePeer({ identity }: StoredIdentity, directory: string): void {
  if (identity.kind === 'peer') return;
  throw new HecateError(
    'HEC_TLS',
    `${directory} holds the identity of the ${identity.kind} ${identity.name}, expected one of a peer`,
    'at the other site: hecatectl peer enroll NAME; here: hecatectl join --identity FOLDER',
  );
}

/** A session from its first frame on: in the same turn as the dial ended, so that no frame comes before somebody listens. */
class Dialled {
  readonly session: Session;
  onEnded: (why: string) => void = () => undefined;
  #settle: { resolve: (welcome: Welcome) => void; reject: (error: HecateError) => void } | undefined;

  constructor(transport: ConstructorParameters<typeof Session>[1], { clock }: Pick<PeerLinkPorts, 'clock'>) {
    this.session = new Session('dialler', transport, clock, {
      onEstablished: (welcome) => {
        this.#settle?.resolve(welcome);
        this.#settle = undefined;
      },
      onEnded: ({ code, message }) => {
        this.#settle?.reject(new HecateError(code as HecateError['code'], message));
        this.#settle = undefined;
        this.onEnded(message);
      },
    });
  }

  greet(name: string, { clock, softwareVersion }: PeerLinkPorts): Promise<Welcome> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      this.session.open(
        createHello({
          peerKind: 'peer',
          name,
          softwareVersion,
          protocolMin,
          protocolMax,
          clockMs: Math.floor(clock.bootTimeMs()),
          wallClockMs: Math.floor(clock.wallMs()),
        }),
      );
    });
  }
}
