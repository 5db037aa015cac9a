/**
 * Keeps one session to a manager: dials, greets, and dials again; the dialer (core) says when and whom. For a while
 * there may be two: a new one that takes over, and the one before it, on which the manager finishes what is in flight.
 */
import { asHecateError, type HecateError } from '@hecate/proto/core/errors.ts';
import { formatManagerAddress, type ManagerAddress } from '@hecate/proto/core/manager-address.ts';
import type { Welcome } from '@hecate/proto/generated/wire.ts';
import { Session } from '@hecate/proto/io/session-host.ts';
import type { Clock, FrameTransport } from '@hecate/proto/io/transport.ts';
import {
  type DialEffect,
  type DialerInput,
  type DialerLimits,
  type DialerState,
  dialerLimits,
  dialerStep,
  nextDialMs,
  openDialer,
} from '../core/dialer.ts';
import type { Agent } from './agent.ts';
import type { Logger } from './logger.ts';

export type Dial = (effect: DialEffect, signal: AbortSignal) => Promise<FrameTransport>;

export interface ManagerLinkOptions {
  /** At least one, tried in order. */
  readonly addresses: readonly ManagerAddress[];
  readonly agent: Agent;
  readonly dial: Dial;
  readonly clock: Clock;
  readonly log: Logger;
  readonly limits?: DialerLimits;
  /** From 0 to 1. */
  readonly random?: () => number;
  readonly onEstablished?: (session: Session, welcome: Welcome) => void;
  readonly onLost?: (reason: string) => void;
}

/** The manager ends a session that was taken over from within 10 min; this is for one that does not. */
const leavingTimeLimitMs = 660_000;

export class ManagerLink {
  readonly #options: ManagerLinkOptions;
  readonly #stopping = new AbortController();
  #dialer: DialerState;
  #timer: NodeJS.Timeout | undefined;
  /** Established, and served. */
  #session: Session | undefined;
  /** Greeting. */
  #candidate: Session | undefined;
  /** Taken over from, and still there. */
  readonly #leaving = new Map<Session, NodeJS.Timeout>();
  #sessionId = '';
  #lastFailure = '';
  #noted = '';

  /** Starts to dial at once. */
  constructor(options: ManagerLinkOptions) {
    this.#options = options;
    this.#dialer = openDialer(options.addresses, options.clock.nowMs(), options.limits ?? dialerLimits);
    this.#step({ type: 'tick', nowMs: options.clock.nowMs() });
  }

  /** The session, while it is established. */
  get session(): Session | undefined {
    return this.#session?.isEstablished() ? this.#session : undefined;
  }

  /** Why there is no session; empty while there is one. */
  get lastFailure(): string {
    return this.#lastFailure;
  }

  /**
   * Opens a second session that takes over from the first, which is there until then: the new one uses what is new,
   * a certificate for one. It is tried again until it succeeds or the first one ends.
   */
  handOver(): void {
    this.#step({ type: 'hand-over', nowMs: this.#options.clock.nowMs() });
  }

  close(reason = 'the agent is stopping'): void {
    this.#step({ type: 'stop' });
    this.#stopping.abort();
    clearTimeout(this.#timer);
    for (const session of [...this.#leaving.keys(), this.#candidate, this.#session])
      session?.end('HEC_SHUTTING_DOWN', reason);
  }

  #step(input: DialerInput): void {
    const { state, effects } = dialerStep(this.#dialer, input);
    this.#dialer = state;
    for (const effect of effects) void this.#dial(effect);
    this.#arm();
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const atMs = nextDialMs(this.#dialer);
    if (atMs === Number.POSITIVE_INFINITY) return;
    const { clock } = this.#options;
    const delayMs = Math.max(0, Math.ceil(atMs - clock.nowMs()));
    this.#timer = setTimeout(() => this.#step({ type: 'tick', nowMs: clock.nowMs() }), delayMs);
  }

  #random(): number {
    return (this.#options.random ?? Math.random)();
  }

  async #dial(effect: DialEffect): Promise<void> {
    const { dial, clock } = this.#options;
    try {
      const transport = await dial(effect, this.#stopping.signal);
      this.#greet(transport);
    } catch (error) {
      this.#failed(asHecateError(error, 'HEC_CONNECTION'), effect.address);
      this.#step({ type: 'failed', nowMs: clock.nowMs(), random: this.#random() });
    }
  }

  /** In the same turn as the dial ended: no frame may come before somebody listens. */
  #greet(transport: FrameTransport): void {
    const { agent, clock } = this.#options;
    if (this.#dialer.phase === 'stopped') {
      transport.abort();
      return;
    }
    const session = new Session('dialler', transport, clock, {
      onEstablished: (welcome) => this.#established(session, welcome),
      onRequest: (request) => agent.serve(request),
      onDrain: () => agent.drained(),
      onEnded: (end) => this.#ended(session, end),
    });
    this.#candidate = session;
    session.open({ ...agent.hello(), takesOverSessionId: this.#session ? this.#sessionId : '' });
  }

  #established(session: Session, welcome: Welcome): void {
    const { agent, log } = this.#options;
    const isStale = welcome.epoch < agent.highestEpoch;
    if (isStale && this.#options.addresses.length > 1) {
      // Another address may be the newer manager's.
      session.end('HEC_EPOCH', `epoch ${welcome.epoch} is over: epoch ${agent.highestEpoch} has been seen`);
      return;
    }
    this.#lastFailure = '';
    this.#noted = '';
    this.#promote(session, welcome);
    log.info('connected to the manager', {
      manager: session.remote,
      epoch: welcome.epoch,
      site: welcome.site,
      session: welcome.sessionId,
    });
    agent.sessionOpened(session, welcome).catch((error) => {
      const { code, message } = asHecateError(error, 'HEC_STATE');
      log.error('the epoch of the manager is not accepted', { code, why: message });
      session.end(code, code === 'HEC_EPOCH' ? message : 'the agent cannot write its state directory');
    });
    this.#options.onEstablished?.(session, welcome);
  }

  #promote(session: Session, { sessionId }: Welcome): void {
    const before = this.#session;
    this.#candidate = undefined;
    this.#session = session;
    this.#sessionId = sessionId;
    if (before) {
      const end = () => before.end('HEC_REPLACED', 'a newer session of this agent took over');
      const timer = setTimeout(end, leavingTimeLimitMs);
      timer.unref();
      this.#leaving.set(before, timer);
    }
    this.#step({ type: 'connected', nowMs: this.#options.clock.nowMs() });
  }

  /** @returns whether it was one that a newer session had taken over from */
  #hasLeft(session: Session): boolean {
    clearTimeout(this.#leaving.get(session));
    return this.#leaving.delete(session);
  }

  #ended(session: Session, end: { code: string; message: string; byPeer: boolean }): void {
    const { agent, clock, log, onLost } = this.#options;
    const at = { nowMs: clock.nowMs(), random: this.#random() };
    if (this.#hasLeft(session)) {
      log.debug('the session before this one ended', { code: end.code, why: end.message });
      return;
    }
    if (session === this.#candidate) {
      this.#candidate = undefined;
      if (this.#dialer.phase !== 'stopped') this.#refused(session, end);
      this.#step({ type: 'failed', ...at });
      return;
    }
    if (session !== this.#session) return;
    this.#session = undefined;
    agent.sessionClosed(session);
    this.#lastFailure = `${end.code}: ${end.message}`;
    // The manager may let go of this one before its welcome of the next is read.
    const isFollowed = this.#candidate !== undefined && end.code === 'HEC_REPLACED';
    if (this.#dialer.phase !== 'stopped')
      log[isFollowed ? 'info' : 'warn']('the session ended', {
        code: end.code,
        why: end.message,
        byPeer: end.byPeer,
      });
    onLost?.(this.#lastFailure);
    // Who replaced us, or will not have us, says so right after the welcome: that is no reason to hurry back.
    const skip = end.code === 'HEC_EPOCH' || end.code === 'HEC_REVOKED';
    this.#step({ type: 'ended', ...at, skip });
  }

  #refused(session: Session, end: { code: string; message: string; byPeer: boolean }): void {
    const who = end.byPeer ? `${session.remote} refused this agent` : session.remote;
    const code = end.code.startsWith('HEC_') ? end.code : 'HEC_CONNECTION';
    this.#note(`${code}: ${who}: ${end.message}`, {});
  }

  #failed(error: HecateError, address: ManagerAddress): void {
    if (this.#dialer.phase === 'stopped') return;
    this.#note(`${error.code}: ${error.message}`, {
      manager: formatManagerAddress(address),
      remedy: error.remedy,
    });
  }

  /** The same failure over and over is told once; a new one always. */
  #note(failure: string, fields: Record<string, string>): void {
    const { log } = this.#options;
    const what = this.#session ? 'no session that takes over yet' : 'no session yet';
    log[failure === this.#noted ? 'debug' : 'warn'](what, { why: failure, ...fields });
    this.#noted = failure;
    if (!this.#session) this.#lastFailure = failure;
  }
}
