/** Renews the agent's certificate over its own session, and reconnects with it when nothing is in flight. */
import { asHecateError, HecateError } from '@hecate/proto/core/errors.ts';
import { parseManagerAddress } from '@hecate/proto/core/manager-address.ts';
import { jitterFromHash, renewalDueAtMs } from '@hecate/proto/core/renewal.ts';
import { createRenewCertificate } from '@hecate/proto/generated/wire.ts';
import {
  pendingKeyPair,
  readIdentity,
  type StoredIdentity,
  writeIdentity,
} from '@hecate/proto/io/identity-store.ts';
import { signPossession } from '@hecate/proto/io/possession.ts';
import type { Session } from '@hecate/proto/io/session-host.ts';
import type { Logger } from './logger.ts';

export interface CertificateRenewalOptions {
  readonly directory: string;
  readonly nodeName: string;
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
      const dueAtMs = renewalDueAtMs(stored, jitterFromHash(stored.fingerprint));
      const leftMs = dueAtMs - this.#now();
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

  async #ask(session: Session, stored: StoredIdentity): Promise<StoredIdentity> {
    const { directory, nodeName } = this.#options;
    const keys = await pendingKeyPair(directory);
    const outcome = await session.call(
      {
        case: 'renewCertificate',
        value: createRenewCertificate({
          publicKeySpki: keys.publicKeySpki,
          possessionSignature: signPossession(keys, { purpose: 'renew', name: nodeName }),
        }),
      },
      { timeLimitMs: renewTimeLimitMs },
    );
    if (outcome.case !== 'certificate')
      throw new HecateError('HEC_PROTOCOL', `the manager answered a renewal with ${outcome.case}`);
    const { certificatePem, authorityPem, managerAddresses } = outcome.value;
    const given = managerAddresses.filter((address) => parseManagerAddress(address));
    return writeIdentity(directory, {
      identity: stored.identity,
      managerAddresses: given.length > 0 ? given : stored.managerAddresses,
      privateKeyPem: keys.privateKeyPem,
      certificatePem,
      authorityPem,
      authorityFingerprint: stored.authorityFingerprint,
    });
  }

  #reconnectWhenQuiet(): void {
    const { isBusy, reconnect } = this.#options;
    const waitedMs = performance.now() - (this.#busySinceMs ?? 0);
    if (isBusy() && waitedMs < busyTimeLimitMs) this.#again(busyIntervalMs);
    else reconnect('the certificate was renewed');
  }
}
