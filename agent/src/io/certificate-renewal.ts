/** Renews the agent's certificate over its own session, and reconnects with it when nothing is in flight. */
import { asHecateError, HecateError } from '@hecate/proto/core/errors.ts';
import { readIdentity, type StoredIdentity } from '@hecate/proto/io/identity-store.ts';
import { identityRenewalDueAtMs, renewIdentity } from '@hecate/proto/io/renew-identity.ts';
import type { Session } from '@hecate/proto/io/session-host.ts';
import type { Logger } from './logger.ts';

export interface CertificateRenewalOptions {
  readonly directory: string;
  /** Whether an operation runs or is waited for. */
  readonly isBusy: () => boolean;
  readonly reconnect: (reason: string) => void;
  readonly log: Logger;
  readonly wallMs?: () => number;
}

const renewTimeLimitMs = 30_000;
/** Never longer, because the wall clock, which certificates live by, may jump. */
const lookIntervalMsMax = 3_600_000;
const retryIntervalMsMax = 60_000;
const busyIntervalMs = 1000;
/** After this a session with work in flight is ended all the same; the work goes on, and is reported. */
const busyTimeLimitMs = 600_000;

export class CertificateRenewal {
  readonly #options: CertificateRenewalOptions;
  #session: Session | undefined;
  #timer: NodeJS.Timeout | undefined;
  #busySinceMs: number | undefined;
  #isReconnecting = false;

  constructor(options: CertificateRenewalOptions) {
    this.#options = options;
  }

  sessionOpened(session: Session): void {
    this.#session = session;
    this.#isReconnecting = false;
    this.#busySinceMs = undefined;
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
    if (this.#isReconnecting) {
      this.#reconnectWhenQuiet();
      return;
    }
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
      this.#isReconnecting = true;
      this.#busySinceMs = performance.now();
      this.#reconnectWhenQuiet();
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

  #reconnectWhenQuiet(): void {
    const { isBusy, reconnect } = this.#options;
    const waitedMs = performance.now() - (this.#busySinceMs ?? 0);
    if (isBusy() && waitedMs < busyTimeLimitMs) this.#again(busyIntervalMs);
    else reconnect('the certificate was renewed');
  }
}
