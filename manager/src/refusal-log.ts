/** Refused connections and joins, into the log and the audit log; what repeats is told once in a while. */
import type { Clock } from '@hecate/proto/io/transport.ts';
import { noRefusals, noteRefusal, provenRefusalKeysMax, refusalKeysMax } from './core/refusal-repeats.ts';
import { hostOf } from './core/remote-host.ts';
import type { AuditLog } from './io/audit-log.ts';
import type { ManagerLogger } from './io/logger.ts';

export interface RefusalEntry {
  readonly who: string;
  readonly from: string;
  readonly what: string;
  readonly code: string;
  readonly reason: string;
}

export interface RefusalLogPorts {
  readonly logger: ManagerLogger;
  readonly audit: AuditLog;
  readonly clock: Clock;
}

export class RefusalLog {
  readonly #ports: RefusalLogPorts;
  #strangers = noRefusals;
  /** I14: what strangers send cannot use up this one's room. */
  #proven = noRefusals;

  constructor(ports: RefusalLogPorts) {
    this.#ports = ports;
  }

  /** @param provenKey of a peer that has proven who it is: who, and why, in the site's own words, not the peer's */
  tell(entry: RefusalEntry, provenKey: string | undefined): void {
    if (provenKey === undefined) this.#tellOfStranger(entry);
    else this.#tellOfProven(entry, provenKey);
  }

  #tellOfStranger(entry: RefusalEntry): void {
    const { who, from, what } = entry;
    const key = [what, who, hostOf(from), entry.reason].join(' ');
    const { state, tell } = noteRefusal(this.#strangers, key, this.#ports.clock.nowMs(), refusalKeysMax);
    this.#strangers = state;
    if (tell) this.#write(entry, tell.untold);
  }

  #tellOfProven(entry: RefusalEntry, key: string): void {
    const { state, tell } = noteRefusal(this.#proven, key, this.#ports.clock.nowMs(), provenRefusalKeysMax);
    this.#proven = state;
    if (tell) this.#write(entry, tell.untold);
  }

  #write(entry: RefusalEntry, untold: number): void {
    const { who, from, what, code } = entry;
    const more = untold > 0 ? ` (and ${untold} times more since this was last written)` : '';
    const reason = `${entry.reason}${more}`;
    this.#ports.logger.warn({ who, from, what, code }, `refused: ${reason}`);
    this.#ports.audit.append({ who, from, what, outcome: 'refused', code, reason, claimed: true });
  }
}
