/** What other sites forward here: who they are, what they have asked for, and how their power is. */
import { asHecateError, HecateError } from '@hecate/proto/core/errors.ts';
import type { Outcome } from '@hecate/proto/core/frames.ts';
import {
  createForwardProgress,
  createPeerStanding,
  type ForwardTrigger,
  type WithdrawTrigger,
} from '@hecate/proto/generated/wire.ts';
import type { IncomingRequest } from '@hecate/proto/io/session-host.ts';
import { initialReceived, resumedReceived } from '../core/power/forward/forward-received-state.ts';
import type { PeerStanding } from '../core/power/forward/forward-startup.ts';
import type { ForwardProgress } from '../core/power/forward/forward-state.ts';
import type { RunId } from '../core/runs/run.ts';
import { ForwardReceiver, type ForwardReceiverPorts } from './forward-receiver.ts';

export interface ForwardDeskPorts extends Omit<ForwardReceiverPorts, 'alert' | 'onTrouble'> {
  /** Other managers that hold a certificate of this site. */
  peers(): readonly string[];
  /** Managers whose certificate was taken away from them. */
  revokedPeers(): readonly string[];
  /** What keeps this site's own power from being called good; empty: nothing does. */
  hindrance(): string;
  site(): string;
  budgetMs(): number;
  alert(peer: string, key: string, sentence: string | undefined): void;
  onTrouble(error: HecateError | undefined): void;
}

export interface PeerAnswer {
  readonly outcome: Outcome;
  /** It was asked for the first time. */
  readonly isNews: boolean;
}

/** As many UPSes as a site may declare; and peers as few sites have (I14). */
const upsesPerPeerMax = 32;
const recordsMax = 256;
const sentenceLengthMax = 400;
const idLengthMax = 128;

export class ForwardDesk {
  readonly #ports: ForwardDeskPorts;
  readonly #receivers = new Map<string, ForwardReceiver>();
  /** Of the session that each has now. */
  readonly #standings = new Map<string, { readonly sessionId: string; readonly hindrance: string }>();
  readonly #received = new Map<string, number>();

  constructor(ports: ForwardDeskPorts) {
    this.#ports = ports;
    for (const record of ports.file.received()) {
      const { state } = record;
      const resumed = { ...record, state: resumedReceived(state, ports.bootId) };
      const receiver = new ForwardReceiver(resumed, this.#portsOf(state.peer));
      this.#receivers.set(keyOf(state.peer, state.ups), receiver);
    }
  }

  #portsOf(peer: string): ForwardReceiverPorts {
    const { alert } = this.#ports;
    return { ...this.#ports, alert: (key, sentence) => alert(peer, key, sentence) };
  }

  /** After the runs have been started. */
  start(): void {
    for (const receiver of this.#receivers.values()) receiver.start();
    // The manager may have ended between the two records of a revocation.
    for (const peer of this.#ports.revokedPeers())
      void this.revoke(peer).catch((error) => this.#ports.onTrouble(asHecateError(error, 'HEC_STATE')));
  }

  /** What the peer has asked for ends: it cannot take it back any more. @throws HEC_STATE when that is not durable */
  async revoke(peer: string): Promise<void> {
    const theirs = this.receivers.filter(({ state }) => state.peer === peer);
    await Promise.all(theirs.map((receiver) => receiver.revoke(`peer ${peer} was revoked`)));
  }

  get receivers(): readonly ForwardReceiver[] {
    return [...this.#receivers.values()];
  }

  /** How often each has forwarded a trigger that was new, since the manager started. */
  get received(): ReadonlyMap<string, number> {
    return this.#received;
  }

  /** A site that has forwarded a shutdown, and has not taken it back; undefined: none. */
  get wanting(): string | undefined {
    return this.receivers.find(({ isOpen, state }) => isOpen && state.forward?.phase !== 'withdrawing')?.state
      .peer;
  }

  /** Whether any but this one has asked for the run. */
  wants(runId: RunId, except: unknown): boolean {
    return this.receivers.some((receiver) => receiver !== except && receiver.wants(runId));
  }

  standings(): PeerStanding[] {
    return this.#ports.peers().map((peer) => ({ peer, heard: this.#standings.get(peer) }));
  }

  /** @throws HEC_STATE when it cannot be made durable; HEC_BUSY; HEC_UNSUPPORTED */
  async answer(peer: string, sessionId: string, { method }: IncomingRequest): Promise<PeerAnswer> {
    switch (method.case) {
      case 'forwardTrigger':
        return this.#forwarded(peer, method.value);
      case 'withdrawTrigger':
        return this.#withdrawn(peer, method.value);
      case 'tellStanding': {
        const { hindrance, site, budgetMs } = this.#ports;
        this.#standings.set(peer, { sessionId, hindrance: cut(method.value.hindrance) });
        const standing = { hindrance: hindrance(), site: site(), budgetMs: Math.round(budgetMs()) };
        return { outcome: { case: 'peerStanding', value: createPeerStanding(standing) }, isNews: false };
      }
      default:
        throw new HecateError('HEC_UNSUPPORTED', `a peer cannot ask ${method.case}`);
    }
  }

  /** What it said is of its session. */
  gone(peer: string, sessionId: string): void {
    if (this.#standings.get(peer)?.sessionId === sessionId) this.#standings.delete(peer);
  }

  async close(): Promise<void> {
    await Promise.all(this.receivers.map((receiver) => receiver.close()));
  }

  async #forwarded(peer: string, value: ForwardTrigger): Promise<PeerAnswer> {
    const { instance, sequence, timeLimitMs } = value;
    const receiver = this.#receiverOf(peer, value.ups);
    const before = receiver.state.forward;
    const isNew = before === undefined || before.instance !== instance || before.sequence < sequence;
    if (isNew) this.#received.set(peer, (this.#received.get(peer) ?? 0) + 1);
    const progress = await receiver.answer({
      type: 'forwarded',
      trigger: {
        instance,
        sequence,
        triggerId: value.triggerId.slice(0, idLengthMax),
        cause: value.cause.slice(0, idLengthMax),
        sentence: cut(value.sentence),
        timeLimitMs: timeLimitMs && Math.max(0, timeLimitMs.value),
      },
    });
    return { outcome: progressOutcome(progress), isNews: isNew };
  }

  async #withdrawn(peer: string, value: WithdrawTrigger): Promise<PeerAnswer> {
    const { ups, instance, sequence, sentence } = value;
    const receiver = this.#receiverOf(peer, ups);
    const before = receiver.state.forward?.withdrawal;
    const progress = await receiver.answer({
      ...{ type: 'withdrawn', instance, sequence },
      sentence: cut(sentence),
    } as const);
    return { outcome: progressOutcome(progress), isNews: receiver.state.forward?.withdrawal !== before };
  }

  #receiverOf(peer: string, ups: string): ForwardReceiver {
    const key = keyOf(peer, ups);
    const known = this.#receivers.get(key);
    if (known) return known;
    const ofPeer = this.receivers.filter(({ state }) => state.peer === peer).length;
    if (ofPeer >= upsesPerPeerMax || this.#receivers.size >= recordsMax)
      throw new HecateError(
        'HEC_BUSY',
        `${peer} has forwarded for ${ofPeer} UPSes already`,
        'hecatectl power status; those that are gone are forgotten with forwards.json of the state directory',
      );
    const state = initialReceived(peer, ups, this.#ports.bootId);
    const receiver = new ForwardReceiver({ state, run: undefined }, this.#portsOf(peer));
    this.#receivers.set(key, receiver);
    return receiver;
  }
}

const keyOf = (peer: string, ups: string): string => `${peer} ${ups}`;

const cut = (sentence: string): string => sentence.slice(0, sentenceLengthMax);

const progressOutcome = (progress: ForwardProgress): Outcome => ({
  case: 'forwardProgress',
  value: createForwardProgress({
    ...progress,
    boundLeftMs: Math.min(2 ** 32 - 1, Math.round(progress.boundLeftMs)),
  }),
});
