/** Feeds the unit stream from systemd's events and sends what it wants sent. */
import type { Notice } from '@hecate/proto/generated/wire.ts';
import type { Clock } from '@hecate/proto/io/transport.ts';
import type { SystemdPort } from '../core/systemd-port.ts';
import {
  nextUnitStreamTickMs,
  openUnitStream,
  type UnitStreamInput,
  type UnitStreamState,
  unitStreamStep,
} from '../core/unit-stream.ts';
import type { Logger } from './logger.ts';

/** What it needs of a session. */
export interface NoticeSink {
  notify(notice: Notice): void;
  isCongested(): boolean;
}

export class UnitStreamRunner {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #state: UnitStreamState = openUnitStream();
  #systemd: SystemdPort | undefined;
  #sink: NoticeSink | undefined;
  #timer: NodeJS.Timeout | undefined;
  #timerAtMs = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, log: Logger) {
    this.#clock = clock;
    this.#log = log;
  }

  get isBusConnected(): boolean {
    return this.#state.isBusConnected;
  }

  busConnected(systemd: SystemdPort): void {
    this.#systemd = systemd;
    systemd.onUnitChanged((change) => this.#step({ type: 'changed', change }));
    systemd.onUnitRemoved((name) => this.#step({ type: 'removed', name }));
    systemd.onUnitsListed((units) => this.#step({ type: 'listed', units }));
    systemd.onJobRemoved(({ jobId, unit, result }) => {
      this.#step({ type: 'job-finished', job: { jobId, unit, result } });
    });
    this.#step({ type: 'bus', isConnected: true, reason: '' });
  }

  busLost(reason: string): void {
    this.#systemd = undefined;
    this.#step({ type: 'bus', isConnected: false, reason });
  }

  sessionOpened(sink: NoticeSink): void {
    this.#sink = sink;
    this.#step({ type: 'session', isOpen: true });
  }

  sessionClosed(): void {
    this.#sink = undefined;
    this.#step({ type: 'session', isOpen: false });
  }

  drained(): void {
    this.#step({ type: 'drained' });
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timerAtMs = Number.NEGATIVE_INFINITY;
  }

  #step(input: UnitStreamInput): void {
    const at = { nowMs: this.#clock.nowMs(), isCongested: this.#sink?.isCongested() ?? false };
    for (const effect of unitStreamStep(this.#state, input, at)) {
      if (effect.type === 'send') this.#sink?.notify(effect.notice);
      else void this.#list();
    }
    this.#arm();
  }

  async #list(): Promise<void> {
    const systemd = this.#systemd;
    try {
      const units = await systemd?.listUnits();
      if (units && systemd === this.#systemd) this.#step({ type: 'listed', units });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#log.warn('the units could not be listed', { why });
      if (systemd === this.#systemd) this.#step({ type: 'list-failed' });
    }
  }

  #arm(): void {
    const atMs = nextUnitStreamTickMs(this.#state);
    if (atMs >= this.#timerAtMs || atMs === Number.POSITIVE_INFINITY) return;
    clearTimeout(this.#timer);
    this.#timerAtMs = atMs;
    this.#timer = setTimeout(
      () => {
        this.#timerAtMs = Number.POSITIVE_INFINITY;
        this.#step({ type: 'tick' });
      },
      Math.max(1, Math.ceil(atMs - this.#clock.nowMs())),
    );
  }
}
