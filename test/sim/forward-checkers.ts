/**
 * What must hold between two sites, whatever happens: what was acknowledged is not lost (I9, I10), one trigger is one
 * run, what was taken back in time is up again, and no host is up when its feed is empty, where anybody could have
 * seen to that in time (I5). The checkers know the truth, and what was told.
 */
import type { Method, Outcome } from '@hecate/proto/core/frames.ts';
import { isPastNoReturn } from '../../manager/src/core/runs/plan-walk.ts';
import type { ReceivedRecord } from '../../manager/src/power/forward-file.ts';
import type { PowerOfManager } from './power-manager.ts';
import { type Stretch, timeWithin } from './power-ups.ts';
import type { PowerWorld } from './power-world.ts';

export interface ForwardCheckersPorts {
  readonly receiver: PowerWorld;
  readonly cuts: readonly Stretch[];
  /** As the receiver calls the other site. */
  readonly peer: string;
}

interface Acknowledged {
  readonly instance: string;
  readonly sequence: number;
  readonly standing: string;
}

/** A run that was taken back, and what it had stopped is not started yet. */
interface TakenBack {
  readonly runId: string;
  readonly sinceMs: number;
}

interface Withdrawn {
  readonly ups: string;
  readonly sequence: number;
  readonly atMs: number;
}

/** In a site where nothing else goes wrong, what was taken back is started again so soon. */
const restoredWithinMs = 120_000;
const lookEveryMs = 5000;
/** From the frame to the record of the abort, on a slow disk. */
const decidedWithinMs = 10_000;

export class ForwardCheckers {
  /** Faults of hosts, network and disks may keep a run from its end. */
  isWild = false;
  readonly #ports: ForwardCheckersPorts;
  /** Of each UPS, the newest. */
  readonly #acknowledged = new Map<string, Acknowledged>();
  /** Of each trigger of the sender, runs that it has led to. */
  readonly #runs = new Map<string, string[]>();
  readonly #ended = new Set<string>();
  #takenBack: TakenBack | undefined;
  /** Runs that were withdrawn while that was possible, and when. */
  readonly #withdrawn = new Map<string, Withdrawn>();

  constructor(ports: ForwardCheckersPorts) {
    this.#ports = ports;
    this.#lookAgain();
  }

  #fail(text: string): never {
    return this.#ports.receiver.world.checkers.fail(text);
  }

  #sometimes(what: string): void {
    this.#ports.receiver.world.sometimes(what);
  }

  // ── What is withdrawn ──

  /** A run that is not past its point of no return then does not go on to its end. */
  onArrival({ case: asked, value }: Method): void {
    if (asked !== 'withdrawTrigger') return;
    const { ofManager, world } = this.#ports.receiver;
    const { desk } = ofManager?.forwards ?? {};
    const receiver = desk?.receivers.find(({ state }) => state.ups === value.ups);
    const { forward } = receiver?.state ?? {};
    const isOf = forward?.instance === value.instance && forward.sequence === value.sequence;
    if (!receiver || !isOf || !this.#mayBeTakenBack(receiver.runId)) return;
    if (this.#withdrawn.has(receiver.runId)) return;
    const { ups, sequence } = value;
    this.#withdrawn.set(receiver.runId, { ups, sequence, atMs: world.time.nowMs });
  }

  #mayBeTakenBack(runId: string): boolean {
    const run = [...this.#ports.receiver.world.checkers.runs.values()].find((each) => each.runId === runId);
    return run !== undefined && !run.isEnded && !isPastNoReturn(run.state);
  }

  /** What it had not written yet, it hears again. */
  onReceiverEnds(): void {
    this.#withdrawn.clear();
  }

  /** Somebody else wants it, or it was too late by a moment. */
  #checkWithdrawn(runId: string): void {
    const { world } = this.#ports.receiver;
    const withdrawn = this.#withdrawn.get(runId);
    if (withdrawn === undefined) return;
    const { atMs } = withdrawn;
    if (this.#isWantedBeside(withdrawn)) this.#withdrawn.delete(runId);
    else if (!this.#mayBeTakenBack(runId)) {
      this.#withdrawn.delete(runId);
      if (world.time.nowMs - atMs > decidedWithinMs && this.#isGoingOn(runId))
        this.#fail(`I10: ${runId} was withdrawn before its point of no return, and goes on past it`);
    }
  }

  #isGoingOn(runId: string): boolean {
    const run = [...this.#ports.receiver.world.checkers.runs.values()].find((each) => each.runId === runId);
    const { outcome } = run?.state ?? {};
    return outcome === undefined || outcome === 'done' || outcome === 'degraded';
  }

  #isWantedBeside({ ups, sequence }: Withdrawn): boolean {
    const { ofManager } = this.#ports.receiver;
    if (ofManager?.upses.some(({ state }) => state.trigger !== undefined)) return true;
    const { receivers = [] } = ofManager?.forwards.desk ?? {};
    return receivers.some(({ isOpen, state: { forward, ups: of } }) => {
      const isOther = of !== ups || (forward?.sequence ?? 0) > sequence;
      return isOther && isOpen && forward?.phase !== 'withdrawing';
    });
  }

  get #isWanted(): boolean {
    const { ofManager } = this.#ports.receiver;
    return (
      ofManager?.forwards.desk.wanting !== undefined ||
      ofManager?.upses.some(({ state }) => state.trigger !== undefined) === true
    );
  }

  // ── What was acknowledged ──

  /** An answer leaves the receiver: what it says is on its disk. */
  onAnswer({ case: asked, value }: Method, outcome: Outcome): void {
    if (outcome.case !== 'forwardProgress') return;
    if (asked !== 'forwardTrigger' && asked !== 'withdrawTrigger') return;
    const { standing } = outcome.value;
    const { ups, instance, sequence } = value;
    this.#sometimes(`answered ${standing}`);
    if (standing === 'superseded') return;
    const kept = this.#durableOf(ups)?.state.forward;
    const isKept = kept?.instance === instance && kept.sequence >= sequence;
    if (!isKept)
      this.#fail(`I9: ${ups} ${sequence} is answered with ${standing}, and ${kept?.sequence} is on the disk`);
    const isOpen = kept.phase === 'accepted' || kept.phase === 'running';
    if (asked === 'withdrawTrigger' && kept.sequence === sequence && isOpen)
      this.#fail(`I9: the withdrawal of ${ups} ${sequence} is answered, and on the disk it is ${kept.phase}`);
    this.#acknowledged.set(ups, { instance, sequence, standing });
  }

  #durableOf(ups: string): ReceivedRecord | undefined {
    const { content } = this.#ports.receiver.world.manager.files.forwards;
    if (content === undefined) return undefined;
    const { received } = JSON.parse(content) as { readonly received: readonly ReceivedRecord[] };
    return received.find(({ state }) => state.ups === ups);
  }

  /** I10: over any crash. */
  onReceiverStarted({ forwards }: PowerOfManager): void {
    for (const [ups, { instance, sequence, standing }] of this.#acknowledged) {
      const { forward } = forwards.desk.receivers.find(({ state }) => state.ups === ups)?.state ?? {};
      const isThere = forward?.instance === instance && forward.sequence >= sequence;
      if (!isThere)
        this.#fail(`I10: ${ups} ${sequence} was answered with ${standing}, and is lost after a restart`);
      if (standing !== 'ended' && standing !== 'withdrawn')
        this.#sometimes('receiver restarted with a forward');
    }
  }

  // ── Runs ──

  onReceiverRuns(): void {
    const { receiver } = this.#ports;
    const { world, ofManager } = receiver;
    for (const runId of [...this.#withdrawn.keys()]) this.#checkWithdrawn(runId);
    for (const { runId, state, isEnded, plan } of world.checkers.runs.values()) {
      const { triggerId } = state.request;
      if (plan.kind === 'startup') this.#onStartup(runId);
      if (!triggerId.startsWith('peer:')) continue;
      const received = ofManager?.forwards.desk.receivers.find(
        (each) => each.state.forward?.runTriggerId === triggerId,
      );
      const trigger = received?.state.forward?.triggerId;
      if (trigger && !isEnded) this.#onRun(trigger, runId);
      if (!isEnded || this.#ended.has(runId)) continue;
      this.#ended.add(runId);
      const { outcome = 'nothing', abort } = state;
      this.#sometimes(`forwarded run ${outcome}`);
      if (outcome === 'aborted' && abort?.by === 'power')
        this.#takenBack = { runId, sinceMs: world.time.nowMs };
    }
  }

  /** I2 of triggers: one that has led to a run that is done leads to no other. */
  #onRun(trigger: string, runId: string): void {
    const known = this.#runs.get(trigger) ?? [];
    this.#runs.set(trigger, known);
    if (known.includes(runId)) return;
    const { world } = this.#ports.receiver;
    const done = known.find((each) => {
      const { outcome } = [...world.checkers.runs.values()].find((run) => run.runId === each)?.state ?? {};
      return outcome === undefined || outcome === 'done' || outcome === 'degraded';
    });
    known.push(runId);
    if (done && !world.hasLostRecords())
      this.#fail(`I10: the forwarded trigger ${trigger} has led to ${done}, and to ${runId}`);
    this.#sometimes(known.length > 1 ? 'forwarded run again' : 'forwarded run');
  }

  #onStartup(runId: string): void {
    const back = this.#takenBack;
    if (back === undefined || runId < back.runId) return;
    this.#takenBack = undefined;
    this.#sometimes('forwarded shutdown restored');
  }

  // ── Taken back ──

  #lookAgain(): void {
    const { world } = this.#ports.receiver;
    world.time.after(lookEveryMs, () => {
      this.#lookAgain();
      if (this.#takenBack && !this.isWild) this.#checkRestored(this.#takenBack);
    });
  }

  #checkRestored({ runId, sinceMs }: TakenBack): void {
    const { receiver } = this.#ports;
    const { world, checkers } = receiver;
    const { nowMs } = world.time;
    // Somebody wants it down again.
    const isWanted =
      this.#isWanted ||
      [...world.checkers.runs.values()].some((run) => !run.isEnded && run.plan.kind === 'shutdown');
    if (isWanted) {
      this.#takenBack = undefined;
      return;
    }
    const downMs = timeWithin(checkers.managerDown, sinceMs, nowMs);
    if (nowMs - sinceMs - downMs < restoredWithinMs) return;
    this.#fail(`I10: ${runId} was taken back, and what it had stopped is not started again`);
  }
}
