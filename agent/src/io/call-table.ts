/** The calls of one connection: at most so many in flight, a bounded queue behind them, a time limit on each. */
import { formatDuration } from '@hecate/proto/core/duration-text.ts';
import type { BusMessage } from './bus-codec.ts';
import { messageTypes } from './bus-codec.ts';
import { BusError, errorOfReply } from './bus-error.ts';

export interface CallTableLimits {
  /** dbus-daemon allows 128 pending replies per connection; half of it leaves room. */
  inFlightMax: number;
  queuedMax: number;
  /** So many answers owed at once: whoever should answer is stuck, and a new connection is the way out. */
  abandonedMax: number;
}

interface PendingCall {
  readonly what: string;
  readonly send: (serial: number) => void;
  readonly resolve: (reply: BusMessage) => void;
  readonly reject: (error: BusError) => void;
  timer: NodeJS.Timeout | undefined;
}

export class CallTable {
  readonly counters = { sent: 0, timedOut: 0, unmatchedReplies: 0 };
  private readonly limits: CallTableLimits;
  private readonly onStuck: () => void;
  private readonly inFlight = new Map<number, PendingCall>();
  /** Serials whose time ran out and whose reply is still owed: the daemon counts these, so we do, too. */
  private readonly abandoned = new Set<number>();
  private readonly queue = new Set<PendingCall>();
  private serial = 0;
  private ended: BusError | undefined;

  /** `onStuck` is called when `abandonedMax` is reached. */
  constructor(limits: CallTableLimits, onStuck: () => void) {
    this.limits = limits;
    this.onStuck = onStuck;
  }

  get size(): { inFlight: number; queued: number } {
    return { inFlight: this.inFlight.size + this.abandoned.size, queued: this.queue.size };
  }

  nextSerial(): number {
    this.serial = this.serial >= 0xffff_ffff ? 1 : this.serial + 1;
    return this.serial;
  }

  /** `send` throws when the message cannot be encoded: that rejects, with delivery `not-sent`. */
  call(what: string, timeoutMs: number, send: (serial: number) => void): Promise<BusMessage> {
    return new Promise((resolve, reject) => {
      if (this.ended) {
        reject(new BusError(this.ended.code, `${what}: ${this.ended.message}`, notSent(this.ended)));
        return;
      }
      if (this.queue.size >= this.limits.queuedMax) {
        const text = `${what}: ${this.limits.queuedMax} calls to the bus are waiting already`;
        reject(new BusError('HEC_BUSY', text, { delivery: 'not-sent', remedy: 'try again in a moment' }));
        return;
      }
      const call: PendingCall = { what, send, resolve, reject, timer: undefined };
      call.timer = setTimeout(() => this.onTimeout(call, timeoutMs), timeoutMs);
      this.queue.add(call);
      this.sendQueued();
    });
  }

  /** False when no call waits for this reply. */
  onReply(message: BusMessage): boolean {
    if (this.abandoned.delete(message.replySerial)) {
      this.sendQueued();
      return true;
    }
    const call = this.inFlight.get(message.replySerial);
    if (!call) {
      this.counters.unmatchedReplies += 1;
      return false;
    }
    this.inFlight.delete(message.replySerial);
    clearTimeout(call.timer);
    if (message.type === messageTypes.reply) call.resolve(message);
    else {
      const text = typeof message.body[0] === 'string' ? message.body[0] : '';
      call.reject(errorOfReply(message.errorName, text, call.what));
    }
    this.sendQueued();
    return true;
  }

  /** Rejects everything, now and from now on. */
  end(reason: BusError): void {
    if (this.ended) return;
    this.ended = reason;
    const sent = [...this.inFlight.values()];
    const queued = [...this.queue];
    this.inFlight.clear();
    this.abandoned.clear();
    this.queue.clear();
    for (const call of [...sent, ...queued]) clearTimeout(call.timer);
    for (const call of sent) {
      const text = `${call.what}: no answer came: ${reason.message}`;
      call.reject(new BusError(reason.code, text, { ...notSent(reason), delivery: 'unknown' }));
    }
    for (const call of queued) {
      call.reject(new BusError(reason.code, `${call.what}: ${reason.message}`, notSent(reason)));
    }
  }

  private sendQueued(): void {
    for (const call of this.queue) {
      if (this.inFlight.size + this.abandoned.size >= this.limits.inFlightMax) return;
      this.queue.delete(call);
      const serial = this.nextSerial();
      try {
        call.send(serial);
      } catch (cause) {
        clearTimeout(call.timer);
        const text = `${call.what}: ${cause instanceof Error ? cause.message : String(cause)}`;
        call.reject(new BusError('HEC_INTERNAL', text, { delivery: 'not-sent', cause }));
        continue;
      }
      this.counters.sent += 1;
      this.inFlight.set(serial, call);
    }
  }

  private onTimeout(call: PendingCall, timeoutMs: number): void {
    this.counters.timedOut += 1;
    const queued = this.queue.delete(call);
    for (const [serial, other] of this.inFlight) {
      if (other !== call) continue;
      this.inFlight.delete(serial);
      this.abandoned.add(serial);
    }
    const text = `${call.what}: no answer within ${formatDuration(timeoutMs)}`;
    const remedy = queued
      ? 'the calls before it took all the time: try again'
      : 'systemd may still carry it out: ask for the state of the unit';
    call.reject(new BusError('HEC_TIMEOUT', text, { delivery: queued ? 'not-sent' : 'unknown', remedy }));
    if (this.abandoned.size >= this.limits.abandonedMax) this.onStuck();
  }
}

const notSent = (reason: BusError): { delivery: 'not-sent'; remedy: string; cause: BusError } => ({
  delivery: 'not-sent',
  remedy: reason.remedy,
  cause: reason,
});
