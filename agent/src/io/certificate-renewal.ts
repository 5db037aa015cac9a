/** Renews the agent's certificate over its own session, and has a new session take over with it. */
import { asHecateError, HecateError } from '@hecate/proto/core/errors.ts';
import { readIdentity, type StoredIdentity } from '@hecate/proto/io/identity-store.ts';
import { identityRenewalDueAtMs, renewIdentity } from '@hecate/proto/io/renew-identity.ts';
import type { Session } from '@hecate/proto/io/session-host.ts';
import type { Logger } from './logger.ts';

export interface CertificateRenewalOptions {
  readonly directory: string;
  /** Opens a session with the new certificate that takes over; until it is there, the old one serves. */
  readonly handOver: () => void;
  readonly log: Logger;
  readonly wallMs?: () => number;
}

const renewTimeLimitMs = 30_000;
/** Never longer, because the wall clock, which certificates live by, may jump. */
const lookIntervalMsMax = 3_600_000;
const retryIntervalMsMax = 60_000;

export class CertificateRenewal {
  readonly #options: CertificateRenewalOptions;
  #session: Session | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: CertificateRenewalOptions) {
    this.#options = options;
  }

  sessionOpened(session: Session): void {
    this.#session = session;
    this.#look();
  }

  sessionClosed(): void {
    this.#session = undefined;
    clearTimeout(this.#timer);
  }

  close(): void {
    this.sessionClosed();
  }

  #now(): number {
    return (this.#options.wallMs ?? Date.now)();
  }

  #again(delayMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(), delayMs);
    this.#timer.unref();
  }

  #look(): void {
    const { directory, log } = this.#options;
    if (!this.#session) return;
    try {
      const stored = readIdentity(directory);
      const leftMs = identityRenewalDueAtMs(stored) - this.#now();
      if (leftMs > 0) this.#again(Math.min(leftMs + 1, lookIntervalMsMax));
      else void this.#renew(this.#session, stored);
    } catch (error) {
      log.error('the identity cannot be read', { why: asHecateError(error).message });
      this.#again(retryIntervalMsMax);
    }
  }

  async #renew(session: Session, stored: StoredIdentity): Promise<void> {
    const { log } = this.#options;
    try {
      const renewed = await this.#ask(session, stored);
      log.info('the certificate was renewed', { until: new Date(renewed.notAfterMs).toISOString() });
      this.#options.handOver();
    } catch (error) {
      const { code, message } = asHecateError(error);
      log.warn('the certificate could not be renewed yet', { code, why: message });
      // A tenth of what is left, so that short lifetimes are retried in time.
      const leftMs = Math.max(0, stored.notAfterMs - this.#now());
      this.#again(Math.min(retryIntervalMsMax, Math.max(1000, leftMs / 10)));
    }
  }

  #ask(session: Session, stored: StoredIdentity): Promise<StoredIdentity> {
    return renewIdentity(this.#options.directory, stored, async (value) => {
      const outcome = await session.call(
        { case: 'renewCertificate', value },
        { timeLimitMs: renewTimeLimitMs },
      );
      if (outcome.case === 'certificate') return outcome.value;
      throw new HecateError('HEC_PROTOCOL', `the manager answered a renewal with ${outcome.case}`);
    });
  }
}
