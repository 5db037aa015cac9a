/**
 * Runs the session machine over a transport: frames and timers in, effects out, calls as promises. The only
 * place where a session meets a clock.
 */

import { decodeFrame, encodeFrame } from '../core/codec.ts';
import {
  asHecateError,
  type ErrorCode,
  errorOfFailure,
  failureOf,
  HecateError,
  isErrorCode,
  SessionEnded,
} from '../core/errors.ts';
import type { FrameBody, Item, Method, Outcome } from '../core/frames.ts';
import { limits } from '../core/limits.ts';
import {
  canCall,
  isWornOut,
  itemAllowance,
  nextTickMs,
  openSession,
  peerClockAtLeastMs,
  peerClockAtMostMs,
  type SessionEffect,
  type SessionInput,
  type SessionState,
  sessionStep,
} from '../core/session.ts';
import { checkFrame } from '../core/validate.ts';
import type { Hello, Notice, Welcome } from '../generated/wire.ts';
import type { Clock, FrameTransport } from './transport.ts';

export interface CallOptions {
  timeLimitMs: number;
  /** Stream items, one at a time: the next is handed over when the promise of the last has settled. */
  onItem?: (item: Item) => void | Promise<void>;
  /** Aborting tells the peer to stop and rejects with HEC_CANCELLED. */
  signal?: AbortSignal | undefined;
}

/** A request of the peer. Its handler's result is the response; what it throws becomes a Failure. */
export interface IncomingRequest {
  readonly method: Method;
  readonly timeLimitMs: number;
  /** Aborted when the peer cancels, its time limit is over, or the session ends. */
  readonly signal: AbortSignal;
  /** Waits for credit; false when nobody listens any more. */
  sendItem(item: Item): Promise<boolean>;
}

export interface SessionHandlers {
  /** Acceptor only: answer with session.accept() or session.end(). */
  onHello?: (hello: Hello) => void;
  onEstablished?: (welcome: Welcome) => void;
  onRequest?: (request: IncomingRequest) => Promise<Outcome>;
  onNotice?: (notice: Notice) => void;
  onEnded?: (end: { code: string; message: string; byPeer: boolean }) => void;
  onDrain?: () => void;
}

interface PendingCall {
  resolve: (outcome: Exclude<Outcome, { case: 'failure' }>) => void;
  reject: (error: HecateError) => void;
  onItem: ((item: Item) => void | Promise<void>) | undefined;
  /** Items are delivered in order, and the response after the last of them. */
  tail: Promise<void> | undefined;
  /** Lets go of the caller's signal, which may live longer than the call. */
  release: () => void;
}

interface OpenRequest {
  controller: AbortController;
  onCredit: (() => void)[];
}

function wakeSenders(open: OpenRequest | undefined): void {
  for (const wake of open?.onCredit.splice(0) ?? []) wake();
}

function stopRequest(open: OpenRequest | undefined): void {
  open?.controller.abort();
  wakeSenders(open);
}

/** An answer that does not fit a frame becomes a failure: whoever asked still gets exactly one answer. */
function encodeForPeer(body: FrameBody): Uint8Array {
  try {
    return encodeFrame(body);
  } catch (error) {
    if (body.case !== 'response') throw error;
    const outcome: Outcome = { case: 'failure', value: failureOf(error) };
    return encodeFrame({ case: 'response', value: { id: body.value.id, outcome } });
  }
}

export class Session {
  readonly remote: string;
  #state: SessionState;
  readonly #transport: FrameTransport;
  readonly #clock: Clock;
  readonly #handlers: SessionHandlers;
  readonly #calls = new Map<number, PendingCall>();
  readonly #requests = new Map<number, OpenRequest>();
  #timer: NodeJS.Timeout | undefined;
  #timerAtMs = Number.POSITIVE_INFINITY;
  #calledId = 0;
  #retirement: { code: ErrorCode; message: string } | undefined;

  constructor(
    side: 'dialler' | 'acceptor',
    transport: FrameTransport,
    clock: Clock,
    handlers: SessionHandlers,
  ) {
    this.#transport = transport;
    this.#clock = clock;
    this.#handlers = handlers;
    this.remote = transport.remote;
    this.#state = openSession(side, clock.nowMs());
    transport.onFrame = (bytes) => this.#receive(bytes);
    transport.onClose = (reason) => this.#step({ type: 'lost', nowMs: clock.nowMs(), message: reason });
    transport.onDrain = () => handlers.onDrain?.();
  }

  /** Dialler: says hello. Acceptor: starts to wait for one. */
  open(hello?: Hello): void {
    this.#step({ type: 'opened', nowMs: this.#clock.nowMs(), ...(hello ? { hello } : {}) });
  }

  accept(peer: 'agent' | 'operator' | 'peer' | 'joiner', welcome: Welcome): void {
    this.#step({ type: 'accept', nowMs: this.#clock.nowMs(), peer, welcome });
  }

  end(code: ErrorCode, message: string): void {
    this.#step({ type: 'end', nowMs: this.#clock.nowMs(), code, message });
  }

  /** Ends it as soon as no request is open, in either direction. */
  retire(code: ErrorCode, message: string): void {
    this.#retirement = { code, message };
    this.#endWhenIdle();
  }

  #endWhenIdle(): void {
    const { phase, outgoing, incoming } = this.#state;
    if (!this.#retirement || phase !== 'established' || outgoing.size > 0 || incoming.size > 0) return;
    this.end(this.#retirement.code, this.#retirement.message);
  }

  notify(notice: Notice): void {
    if (this.isEstablished()) this.#step({ type: 'notice', nowMs: this.#clock.nowMs(), notice });
  }

  isEstablished(): boolean {
    return this.#state.phase === 'established';
  }

  /** How long ago the peer's newest frame came. */
  silentForMs(): number {
    return this.#clock.nowMs() - this.#state.heardAtMs;
  }

  /** Whether optional traffic should wait for onDrain. */
  isCongested(): boolean {
    return this.#transport.bufferedBytes() > limits.sendQueueHighWaterBytes;
  }

  /** See session.ts: never ahead of the peer's clock; undefined before its hello. */
  peerClockAtLeastMs(): number | undefined {
    return peerClockAtLeastMs(this.#state, this.#clock.nowMs());
  }

  /** See session.ts: never behind the peer's clock; undefined before its hello. */
  peerClockAtMostMs(): number | undefined {
    return peerClockAtMostMs(this.#state, this.#clock.nowMs());
  }

  /**
   * Asks the peer and waits for its response.
   * @throws HecateError: the peer's failure, HEC_TIMEOUT, HEC_BUSY, HEC_CANCELLED; SessionEnded when the session ended
   *   under it, with the reason's code
   */
  call(method: Method, options: CallOptions): Promise<Exclude<Outcome, { case: 'failure' }>> {
    const { onItem, signal, timeLimitMs } = options;
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(new HecateError('HEC_CANCELLED', 'cancelled before it was sent'));
      if (!canCall(this.#state)) return reject(this.#cannotCall());
      const credit = onItem ? limits.streamCreditItems : 0;
      let id = 0;
      const onAbort = () => this.#cancel(id);
      const release = () => signal?.removeEventListener('abort', onAbort);
      signal?.addEventListener('abort', onAbort, { once: true });
      try {
        this.#step({ type: 'call', nowMs: this.#clock.nowMs(), method, timeLimitMs, credit }, () => {
          id = this.#calledId;
          this.#calls.set(id, { resolve, reject, onItem, tail: undefined, release });
        });
      } catch (error) {
        // It did not fit a frame: nothing was sent, and nothing may stay behind.
        this.#cancel(id, asHecateError(error));
      }
    });
  }

  #cannotCall(): HecateError {
    if (isWornOut(this.#state)) this.end('HEC_BUSY', 'all request ids of this session are used up');
    if (!this.isEstablished()) return new HecateError('HEC_CONNECTION', 'the session is not open');
    return new HecateError(
      'HEC_BUSY',
      `${limits.requestsInFlightMax} requests are in flight already`,
      'wait until some of them are answered',
    );
  }

  #cancel(id: number, why = new HecateError('HEC_CANCELLED', 'cancelled by the caller')): void {
    const pending = this.#takeCall(id);
    if (!pending) return;
    this.#step({ type: 'cancel', nowMs: this.#clock.nowMs(), id });
    pending.reject(why);
  }

  #takeCall(id: number): PendingCall | undefined {
    const pending = this.#calls.get(id);
    this.#calls.delete(id);
    pending?.release();
    return pending;
  }

  #receive(bytes: Uint8Array): void {
    // What comes behind a bad frame is not even looked at: it would only cost time that others need.
    if (this.#state.phase === 'ended') return;
    const nowMs = this.#clock.nowMs();
    try {
      const body = decodeFrame(bytes);
      checkFrame(body, this.#state.phase === 'established' ? this.#state.peer : this.#greetingPeer());
      this.#step({ type: 'frame', nowMs, body });
    } catch (error) {
      // A bad frame closes its own session and nothing else.
      this.#step({ type: 'end', nowMs, code: 'HEC_PROTOCOL', message: asHecateError(error).message });
    }
  }

  #greetingPeer(): 'manager' | 'undecided' {
    return this.#state.side === 'dialler' ? 'manager' : 'undecided';
  }

  #step(input: SessionInput, afterCalled?: () => void): void {
    const { state, effects } = sessionStep(this.#state, input);
    this.#state = state;
    for (const effect of effects) {
      if (effect.type === 'called') {
        this.#calledId = effect.id;
        afterCalled?.();
      } else this.#perform(effect);
    }
    this.#endWhenIdle();
    this.#arm();
  }

  #perform(effect: Exclude<SessionEffect, { type: 'called' }>): void {
    switch (effect.type) {
      case 'send':
        this.#transport.send(encodeForPeer(effect.body));
        return;
      case 'hello':
        this.#handlers.onHello?.(effect.hello);
        return;
      case 'established':
        if (this.#state.peer !== 'joiner') this.#transport.setFrameBytesMax(limits.frameBytesMax);
        this.#handlers.onEstablished?.(effect.welcome);
        return;
      case 'request':
        void this.#serve(effect.id, effect.method, effect.timeLimitMs);
        return;
      case 'request-cancelled':
        stopRequest(this.#requests.get(effect.id));
        return;
      case 'credit':
        wakeSenders(this.#requests.get(effect.id));
        return;
      case 'request-item':
        this.#deliverItem(effect.id, effect.item);
        return;
      case 'response':
        this.#deliverResponse(effect.id, effect.outcome);
        return;
      case 'notice':
        this.#handlers.onNotice?.(effect.notice);
        return;
      case 'ended':
        this.#ended(effect);
    }
  }

  #deliverItem(id: number, item: Item): void {
    const pending = this.#calls.get(id);
    if (!pending) return;
    const deliver = () => pending.onItem?.(item);
    const consumed = () => this.#step({ type: 'consumed', nowMs: this.#clock.nowMs(), id });
    const fail = (error: unknown) => this.#cancel(id, asHecateError(error));
    let busy: void | Promise<void>;
    try {
      busy = pending.tail ? pending.tail.then(deliver) : deliver();
    } catch (error) {
      fail(error);
      return;
    }
    if (!busy) {
      consumed();
      return;
    }
    const tail = busy.then(consumed, fail);
    pending.tail = tail;
    void tail.then(() => {
      if (pending.tail === tail) pending.tail = undefined;
    });
  }

  #deliverResponse(id: number, outcome: Outcome): void {
    const pending = this.#takeCall(id);
    if (!pending) return;
    const deliver = () => {
      if (outcome.case === 'failure') pending.reject(errorOfFailure(outcome.value));
      else pending.resolve(outcome);
    };
    if (pending.tail) void pending.tail.then(deliver, deliver);
    else deliver();
  }

  async #serve(id: number, method: Method, timeLimitMs: number): Promise<void> {
    const open: OpenRequest = { controller: new AbortController(), onCredit: [] };
    this.#requests.set(id, open);
    const { signal } = open.controller;
    const request = { method, timeLimitMs, signal, sendItem: (item: Item) => this.#sendItem(id, open, item) };
    let outcome: Outcome;
    try {
      if (!this.#handlers.onRequest)
        throw new HecateError('HEC_UNSUPPORTED', 'this side answers no requests');
      outcome = await this.#handlers.onRequest(request);
    } catch (error) {
      outcome = { case: 'failure', value: failureOf(error) };
    }
    this.#requests.delete(id);
    this.#step({ type: 'respond', nowMs: this.#clock.nowMs(), id, outcome });
  }

  async #sendItem(id: number, open: OpenRequest, item: Item): Promise<boolean> {
    for (;;) {
      const allowance = open.controller.signal.aborted ? 'gone' : itemAllowance(this.#state, id);
      if (allowance === 'gone') return false;
      if (allowance === 'allowed') {
        this.#step({ type: 'item', nowMs: this.#clock.nowMs(), id, item });
        return true;
      }
      await new Promise<void>((resolve) => open.onCredit.push(resolve));
    }
  }

  #ended(end: { code: string; message: string; byPeer: boolean; abort: boolean }): void {
    clearTimeout(this.#timer);
    if (end.abort) this.#transport.abort();
    else this.#transport.close();
    const code = isErrorCode(end.code) ? end.code : 'HEC_CONNECTION';
    const error = new SessionEnded(code, `the session ended: ${end.message}`);
    for (const id of [...this.#calls.keys()]) this.#takeCall(id)?.reject(error);
    for (const open of this.#requests.values()) stopRequest(open);
    this.#handlers.onEnded?.({ code, message: end.message, byPeer: end.byPeer });
  }

  /** One timer for everything; it may fire early and then only looks again, so that it is seldom set anew. */
  #arm(): void {
    const atMs = nextTickMs(this.#state);
    if (atMs === Number.POSITIVE_INFINITY || atMs >= this.#timerAtMs) return;
    clearTimeout(this.#timer);
    this.#timerAtMs = atMs;
    const delayMs = Math.max(1, Math.ceil(atMs - this.#clock.nowMs()));
    this.#timer = setTimeout(() => {
      this.#timerAtMs = Number.POSITIVE_INFINITY;
      this.#step({ type: 'tick', nowMs: this.#clock.nowMs(), clockMs: this.#clock.bootTimeMs() });
    }, delayMs);
  }
}
