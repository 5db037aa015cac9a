/** A sender and a receiver of forwards in one process: virtual time, a wire with faults, disks, runs that take time. */
import { nextForwardTickMs } from '../../../../src/core/power/forward/forward.ts';
import { nextReceivedTickMs } from '../../../../src/core/power/forward/forward-received.ts';
import type {
  ReceivedEffect,
  ReceivedInput,
} from '../../../../src/core/power/forward/forward-received-state.ts';
import type {
  ForwardConfig,
  ForwardEffect,
  ForwardInput,
} from '../../../../src/core/power/forward/forward-state.ts';
import { progressOf, ReceiverBench, SenderBench, trigger } from './forward-world.ts';

export interface Wire {
  readonly seed: number;
  readonly lossShare: number;
  readonly repeatShare: number;
  readonly delayMostMs: number;
}

export interface Fault {
  readonly atMs: number;
  readonly what: 'kill-sender' | 'kill-receiver' | 'cut' | 'heal' | 'reboot-sender' | 'reboot-receiver';
}

type Send = Extract<ForwardEffect, { type: 'send' }>;

/** Until the run is past its point of no return, and until it is over. */
const reversibleMs = 12_000;
const runMs = 30_000;
const downMs = 2000;
const reverseAgainMs = 5000;

export class TwoSites {
  readonly sender: SenderBench;
  readonly receiver = new ReceiverBench();
  /** Runs that have begun, by what has triggered them. */
  readonly begun: string[] = [];
  /** Answers that were sent while the disk did not have what they acknowledge. */
  unkeptAcknowledgements = 0;
  isFinished = false;
  ownThresholdAtMs = Number.POSITIVE_INFINITY;
  nowMs = 1000;
  #wire: Wire;
  #random: number;
  #isCut = false;
  #senderUpAtMs = 0;
  #receiverUpAtMs = 0;
  #boots = 1;
  #ticket = 0;
  #isOnMains = false;
  #openTrigger: string | undefined;
  #isStarted = false;
  #reversed: { readonly triggerId: string; readonly askAgainAtMs: number } | undefined;
  /** Asked for, and when it began; it goes on whoever else dies: its own journal has it. */
  #run: { readonly triggerId: string; readonly sinceMs: number; isAborted: boolean } | undefined;
  #flying: { readonly atMs: number; readonly deliver: () => void }[] = [];
  readonly #tickets = new Map<number, number>();

  constructor(wire: Wire, config: Partial<ForwardConfig>) {
    this.sender = new SenderBench(config);
    this.#wire = wire;
    this.#random = wire.seed + 1;
  }

  get isRunning(): boolean {
    return this.#run !== undefined;
  }

  trigger(triggerId: string, timeLimitMs: number): void {
    this.#openTrigger = triggerId;
    this.#take(trigger(triggerId, timeLimitMs));
  }

  /** As the decision does: again and again, until it is answered. */
  reverse(triggerId: string): void {
    this.#reversed = { triggerId, askAgainAtMs: this.nowMs + reverseAgainMs };
    this.#take({ type: 'reverse', triggerId, sentence: 'mains is back' });
  }

  #reverseAgain(): void {
    const { triggerId, askAgainAtMs } = this.#reversed ?? {};
    if (triggerId === undefined || triggerId !== this.#openTrigger || this.nowMs < (askAgainAtMs ?? 0))
      return;
    this.reverse(triggerId);
  }

  cut(): void {
    this.#isCut = true;
  }

  mains(): void {
    this.#isOnMains = true;
  }

  healAll(): void {
    this.#isCut = false;
    this.#wire = { ...this.#wire, lossShare: 0, delayMostMs: 100 };
  }

  play(durationMs: number, faults: readonly Fault[]): void {
    const untilMs = this.nowMs + durationMs;
    const fromMs = this.nowMs;
    const due = [...faults].sort((one, other) => one.atMs - other.atMs);
    while (this.nowMs < untilMs) {
      this.nowMs += 250;
      for (let [next] = due; next && fromMs + next.atMs <= this.nowMs; [next] = due) {
        due.shift();
        this.#strike(next);
      }
      this.#turn();
    }
  }

  #next(): number {
    this.#random = (this.#random * 1_103_515_245 + 12_345) % 2_147_483_648;
    return this.#random / 2_147_483_648;
  }

  #strike({ what }: Fault): void {
    if (what === 'cut') this.#isCut = true;
    else if (what === 'heal') this.#isCut = false;
    else if (what === 'kill-sender' || what === 'reboot-sender') {
      this.#senderUpAtMs = this.nowMs + downMs;
      if (what === 'reboot-sender') this.#boots += 1;
      this.sender.restart(what === 'reboot-sender' ? `boot-${this.#boots}` : this.sender.state.bootId);
    } else {
      this.#receiverUpAtMs = this.nowMs + downMs;
      this.#tickets.clear();
      if (what === 'reboot-receiver') this.#boots += 1;
      this.receiver.restart(what === 'reboot-receiver' ? `boot-${this.#boots}` : this.receiver.state.bootId);
    }
  }

  #turn(): void {
    this.sender.nowMs = this.nowMs;
    this.receiver.nowMs = this.nowMs;
    const due = this.#flying.filter(({ atMs }) => atMs <= this.nowMs);
    this.#flying = this.#flying.filter(({ atMs }) => atMs > this.nowMs);
    for (const { deliver } of due) deliver();
    if (this.#senderUpAtMs !== 0 && this.nowMs >= this.#senderUpAtMs) {
      this.#senderUpAtMs = 0;
      const triggerId = this.#openTrigger;
      const isStarted = this.#isStarted;
      this.#take({ type: 'resume', open: triggerId === undefined ? undefined : { triggerId, isStarted } });
    }
    if (this.#receiverUpAtMs !== 0 && this.nowMs >= this.#receiverUpAtMs) {
      this.#receiverUpAtMs = 0;
      this.#resumeRun();
      this.#receive({ type: 'resume' });
    }
    if (this.#senderUpAtMs === 0) this.#turnSender();
    if (this.#receiverUpAtMs === 0) {
      const atMs = nextReceivedTickMs(this.receiver.state);
      if (atMs !== undefined && atMs <= this.nowMs) this.#receive({ type: 'tick' });
      this.#turnRun();
    }
  }

  #turnSender(): void {
    this.#reverseAgain();
    const slackMs = this.ownThresholdAtMs - this.nowMs;
    const isTold = Number.isFinite(slackMs) && !this.#isOnMains;
    const leftMs = isTold ? slackMs + 60_000 : undefined;
    const farMs = this.#isOnMains ? undefined : 3_600_000;
    const supply = { slackMs: isTold ? slackMs : farMs, leftMs, isOnMains: this.#isOnMains };
    this.#take({ type: 'supply', supply });
    if (nextForwardTickMs(this.sender.state, this.nowMs) !== undefined) this.#take({ type: 'tick' });
  }

  #take(input: ForwardInput): void {
    if (this.#senderUpAtMs !== 0) return;
    for (const effect of this.sender.take(input)) {
      if (effect.type === 'send') this.#carry(effect);
      else if (effect.type === 'hear' && (effect.event === 'failed' || effect.event === 'ended'))
        this.#openTrigger = undefined;
      else if (effect.type === 'hear') this.#isStarted = true;
    }
  }

  /** A copy may arrive long after what was sent later. */
  #fly(deliver: () => void): void {
    const copies = this.#next() < this.#wire.repeatShare ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      if (this.#isCut || this.#next() < this.#wire.lossShare) continue;
      this.#flying.push({ atMs: this.nowMs + this.#next() * this.#wire.delayMostMs, deliver });
    }
  }

  #carry(send: Send): void {
    const { instance } = this.sender.state;
    this.#fly(() => {
      if (this.#receiverUpAtMs !== 0) return;
      this.#ticket += 1;
      const ticket = this.#ticket;
      const { sequence, triggerId, cause, sentence, timeLimitMs } = send;
      this.#tickets.set(ticket, sequence);
      if (send.isWithdrawal) this.#receive({ type: 'withdrawn', ticket, instance, sequence, sentence });
      else {
        const told = { instance, sequence, triggerId, cause, sentence, timeLimitMs };
        this.#receive({ type: 'forwarded', ticket, trigger: told });
      }
    });
  }

  #receive(input: ReceivedInput): void {
    for (const effect of this.receiver.take(input)) this.#perform(effect);
  }

  #perform(effect: ReceivedEffect): void {
    if (effect.type === 'trigger') this.#begin(effect.triggerId);
    else if (effect.type === 'reverse') this.#abort(effect.triggerId);
    else if (effect.type === 'answer') {
      const sequence = this.#tickets.get(effect.ticket);
      if (sequence === undefined) return;
      const { forward } = this.receiver.durable ?? {};
      if (effect.standing !== 'superseded' && (forward?.sequence ?? 0) < sequence)
        this.unkeptAcknowledgements += 1;
      const { standing, newestSequence } = effect;
      const run = this.#run;
      const runId = run ? run.triggerId : '';
      const told = { standing, newestSequence, runId, boundLeftMs: run ? runMs : 0 };
      const progress = progressOf(told);
      this.#fly(() => this.#take({ type: 'answer', sequence, progress }));
    }
  }

  #begin(triggerId: string): void {
    if (this.#run === undefined) {
      this.#run = { triggerId, sinceMs: this.nowMs, isAborted: false };
      this.begun.push(triggerId);
    }
    this.#receive({ type: 'run', triggerId, event: 'started' });
  }

  #abort(triggerId: string): void {
    if (this.#run) this.#run.isAborted ||= this.nowMs - this.#run.sinceMs < reversibleMs;
    else this.#receive({ type: 'run', triggerId, event: this.isFinished ? 'ended' : 'failed' });
  }

  /** What the manager finds in the journal of runs. */
  #resumeRun(): void {
    const triggerId = this.receiver.state.forward?.runTriggerId;
    if (triggerId === undefined || !this.receiver.state.forward?.isStarted) return;
    if (this.#run) this.#receive({ type: 'run', triggerId, event: 'started' });
    else this.#receive({ type: 'run', triggerId, event: this.isFinished ? 'ended' : 'failed' });
  }

  #turnRun(): void {
    const run = this.#run;
    const triggerId = this.receiver.state.forward?.runTriggerId ?? '';
    if (!run) return;
    const ageMs = this.nowMs - run.sinceMs;
    if (run.isAborted && ageMs >= 2000) {
      this.#run = undefined;
      this.#receive({ type: 'run', triggerId, event: 'failed' });
    } else if (!run.isAborted && ageMs >= runMs) {
      this.#run = undefined;
      this.isFinished = true;
      this.#receive({ type: 'run', triggerId, event: 'ended' });
    } else if (!run.isAborted && ageMs >= reversibleMs)
      this.#receive({ type: 'run', triggerId, event: 'past-no-return' });
  }
}
