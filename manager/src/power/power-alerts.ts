/** Tells of what a UPS gives cause to: the log and those whom runs are told to. */
import type { Notification } from '../config/manager-config.ts';
import type { AlertLevel } from '../core/power/ups/ups-state.ts';
import type { ManagerLogger } from '../io/logger.ts';
import { Notifier } from '../io/notifications.ts';
import type { KnownAlert } from './power-file.ts';

export interface PowerAlertsPorts {
  readonly logger: ManagerLogger;
  site(): string;
  wallMs(): number;
}

const logLevels = { notice: 'info', warning: 'warn', critical: 'error' } as const satisfies Record<
  AlertLevel,
  string
>;

export class PowerAlerts {
  readonly #ports: PowerAlertsPorts;
  readonly #notifier: Notifier;

  constructor(ports: PowerAlertsPorts) {
    this.#ports = ports;
    this.#notifier = new Notifier({ onFailure: (message) => ports.logger.warn(message) });
  }

  configure(notifications: readonly Notification[]): void {
    this.#notifier.configure(notifications);
  }

  /** @param isRaised false: it is over */
  tell(ups: string, key: string, { level, sentence }: KnownAlert, isRaised: boolean): void {
    const { logger, site, wallMs } = this.#ports;
    logger[isRaised ? logLevels[level] : 'info']({ ups, alert: key }, sentence);
    this.#notifier.tell({
      site: site(),
      event: 'power',
      runId: '',
      plan: '',
      kind: isRaised ? level : 'over',
      mode: '',
      text: sentence,
      requestedBy: 'power',
      reason: `${ups}: ${key}`,
      isRehearsal: false,
      atMs: Math.round(wallMs()),
    });
  }

  close(): Promise<void> {
    return this.#notifier.close();
  }
}
