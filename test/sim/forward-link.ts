/**
 * The way between the managers of two sites, as manager/src/io/peer-link.ts goes it: one session at a time, dialled
 * again for ever. Inside a session frames keep their order; a cut holds them, and what was held may come late, into the
 * time of the next session, as a repetition or as something older than what was said since.
 */
import { asHecateError, type ErrorCode, HecateError } from '@hecate/proto/core/errors.ts';
import type { Method, Outcome } from '@hecate/proto/core/frames.ts';
import type { IncomingRequest } from '@hecate/proto/io/session-host.ts';
import type { PeerLinkPorts } from '../../manager/src/io/peer-link.ts';
import type { OpenLink } from '../../manager/src/power/forward-link.ts';
import type { VirtualTime } from './operations-time.ts';
import type { Stretch } from './power-ups.ts';
import type { PowerWorld } from './power-world.ts';
import type { Chance } from './runs-fleet.ts';
import type { SimulatedManager } from './runs-manager.ts';
import { Lane, type LaneTiming, TwoLanes } from './simulated-lane.ts';

interface Request {
  readonly call: number;
  readonly method: Method;
}

type Reply = { readonly call: number } & (
  | { readonly outcome: Outcome }
  | { readonly code: ErrorCode; readonly message: string }
);

type Answered = Exclude<Outcome, { case: 'failure' }>;

const timing: LaneTiming = {
  promptShare: 0.9,
  leftoverDelayMs: (random) => (random() < 0.4 ? random() * 20 : random() * 8000),
};

/** Silence is noticed after that long. */
const noticedAfterMs: readonly [number, number] = [1500, 4000];
const closedAfterMs = 20;
const connectTimeLimitMs = 2000;
const pauseLeastMs = 250;
const pauseMostMs = 5000;

class PeerSession extends TwoLanes<Reply, Request> {
  readonly id: string;
  readonly toAgent: Lane<Reply>;
  readonly toManager: Lane<Request>;
  readonly acceptor: SimulatedManager;
  readonly acceptorLife: number;
  readonly dialler: SimulatedPeerLink;

  constructor(id: string, dialler: SimulatedPeerLink, way: PeerWay) {
    super();
    const { time, random, receiver } = way;
    this.id = id;
    this.dialler = dialler;
    this.acceptor = receiver.world.manager;
    this.acceptorLife = this.acceptor.process.life;
    this.toAgent = new Lane(time, random, timing, (reply) => dialler.hear(this, reply));
    this.toManager = new Lane(time, random, timing, (request) => way.arrive(this, request));
  }
}

export interface PeerWayPorts {
  readonly receiver: PowerWorld;
  /** As the receiver calls the other site. */
  readonly peer: string;
  readonly chance: Chance;
  /** What is asked, as it arrives. */
  asked?(method: Method): Method;
  /** Something arrives at the receiver. */
  onArrival(method: Method): void;
  /** An answer leaves the receiver. */
  onAnswer(method: Method, outcome: Outcome): void;
}

export class PeerWay {
  readonly receiver: PowerWorld;
  readonly cuts: Stretch[] = [];
  isCut = false;
  session: PeerSession | undefined;
  readonly #ports: PeerWayPorts;
  #sessions = 0;

  constructor(ports: PeerWayPorts) {
    this.#ports = ports;
    this.receiver = ports.receiver;
  }

  get time(): VirtualTime {
    return this.receiver.world.time;
  }

  get random(): () => number {
    return this.#ports.chance.random;
  }

  get chance(): Chance {
    return this.#ports.chance;
  }

  get isAnswering(): boolean {
    const { manager } = this.receiver.world;
    return !this.isCut && manager.isUp && !manager.process.isFrozen && manager.host.isOn;
  }

  open(dialler: SimulatedPeerLink): PeerSession {
    this.#sessions += 1;
    this.session = new PeerSession(`peer ${this.#sessions}`, dialler, this);
    return this.session;
  }

  // ── At the receiver ──

  arrive(session: PeerSession, { call, method }: Request): void {
    const { receiver } = this;
    const { acceptor, acceptorLife } = session;
    const isThere = () => session.isOpenAtManager && acceptor.process.life === acceptorLife;
    if (!isThere()) return;
    acceptor.process.run(() => {
      const { ofManager } = receiver;
      if (!ofManager || !isThere()) return;
      receiver.stir();
      const { peer, asked = (told) => told, onArrival, onAnswer } = this.#ports;
      onArrival(method);
      const told = asked(method);
      const request = { method: told } as IncomingRequest;
      void ofManager.forwards.desk.answer(peer, session.id, request).then(
        ({ outcome }) => {
          if (!isThere()) return;
          session.toAgent.send({ call, outcome });
          receiver.guard(() => onAnswer(told, outcome));
        },
        (thrown) => {
          const { code, message } = asHecateError(thrown);
          if (isThere()) session.toAgent.send({ call, code, message });
        },
      );
    });
  }

  // ── What becomes of a session ──

  /** The receiver's manager is gone. */
  receiverEnds(): void {
    const { session } = this;
    if (!session?.isOpenAtManager) return;
    session.isOpenAtManager = false;
    const isSilent = this.isCut || !session.acceptor.host.isOn;
    this.#noticed(isSilent, () => session.dialler.end(session, 'the connection was reset'));
  }

  /** The other manager is gone, or has hung up. */
  diallerEnds(session: PeerSession, isHostOn: boolean): void {
    if (!session.isOpenAtAgent) return;
    session.isOpenAtAgent = false;
    this.#noticed(this.isCut || !isHostOn, () => this.#endAtReceiver(session));
  }

  #noticed(isSilent: boolean, work: () => void): void {
    const delayMs = isSilent ? this.chance.between(...noticedAfterMs) : this.chance.between(0, closedAfterMs);
    this.time.after(delayMs, work);
  }

  #endAtReceiver(session: PeerSession): void {
    if (!session.isOpenAtManager) return;
    session.isOpenAtManager = false;
    const { ofManager } = this.receiver;
    if (session.acceptor.process.life === session.acceptorLife)
      ofManager?.forwards.desk.gone(this.#ports.peer, session.id);
  }

  /** Silent: nothing arrives, and both ends find out by themselves, if it lasts. */
  cut(forMs: number): void {
    if (this.isCut) return;
    const { time, session } = this;
    const { world } = this.receiver;
    world.log(`the way between the sites is cut for ${Math.round(forMs)} ms`);
    world.sometimes('the way is cut');
    this.isCut = true;
    const stretch: Stretch = { fromMs: time.nowMs, toMs: Number.POSITIVE_INFINITY };
    this.cuts.push(stretch);
    session?.stall();
    const whileCut = (work: () => void) => {
      if (stretch.toMs === Number.POSITIVE_INFINITY) work();
    };
    if (session) {
      this.#noticed(true, () => whileCut(() => session.dialler.end(session, 'no heartbeat')));
      this.#noticed(true, () => whileCut(() => this.#endAtReceiver(session)));
    }
    time.after(forMs, () => {
      if (stretch.toMs === Number.POSITIVE_INFINITY) this.#heal(stretch, session);
    });
  }

  #heal(stretch: Stretch, session: PeerSession | undefined): void {
    this.receiver.world.log('the way between the sites is open again');
    this.isCut = false;
    stretch.toMs = this.time.nowMs;
    if (!session) return;
    session.heal();
    if (!session.isWhole) this.#endBoth(session);
  }

  heal(): void {
    const last = this.cuts.at(-1);
    if (this.isCut && last) this.#heal(last, this.session);
  }

  /** The dialler hangs up and dials anew; what it had said last comes after what it says then. */
  reset(): void {
    const { session, time, chance } = this;
    if (!session?.isWhole || this.isCut) return;
    this.receiver.world.log(`session ${session.id} is reset`);
    session.stall();
    session.dialler.end(session, 'the connection was reset');
    time.after(chance.between(0, 3000), () => {
      // Both lanes, as long as the receiver still holds its end: late frames are frames.
      for (const lane of [session.toAgent, session.toManager]) lane.breakOff();
      time.after(8000, () => this.#endAtReceiver(session));
    });
  }

  #endBoth(session: PeerSession): void {
    this.#noticed(false, () => this.#endAtReceiver(session));
    this.#noticed(false, () => session.dialler.end(session, 'the connection was reset'));
  }
}

/** As PeerLink is to ForwardLink, of one life of the forwarding manager. */
export class SimulatedPeerLink implements OpenLink {
  readonly #ports: PeerLinkPorts;
  readonly #way: PeerWay;
  readonly #sender: PowerWorld;
  readonly #manager: SimulatedManager;
  readonly #calls = new Map<
    number,
    { resolve: (outcome: Answered) => void; reject: (error: HecateError) => void; session: PeerSession }
  >();
  #session: PeerSession | undefined;
  #lastCall = 0;
  #failures = 0;
  #isClosed = false;
  #trouble = 'it has not been dialled yet';

  constructor(ports: PeerLinkPorts, way: PeerWay, sender: PowerWorld, manager: SimulatedManager) {
    this.#ports = ports;
    this.#way = way;
    this.#sender = sender;
    this.#manager = manager;
  }

  get isOpen(): boolean {
    return this.#session?.isOpenAtAgent === true;
  }

  get site(): string {
    return this.isOpen ? 'the coordinator' : '';
  }

  get trouble(): string {
    return this.isOpen ? '' : this.#trouble;
  }

  start(): void {
    const { chance, isCut, receiver } = this.#way;
    const isDead = isCut || !receiver.world.manager.host.isOn;
    this.#later(isDead ? connectTimeLimitMs : chance.between(1, 20), () => {
      if (this.#way.isAnswering) this.#open();
      else this.#again('nobody answers');
    });
  }

  #later(delayMs: number, work: () => void): void {
    this.#manager.process.later(delayMs, () => {
      if (this.#isClosed) return;
      this.#sender.stir();
      work();
    });
  }

  #again(why: string): void {
    this.#trouble = why;
    const mostMs = Math.min(pauseMostMs, pauseLeastMs * 2 ** Math.min(this.#failures, 10));
    this.#failures += 1;
    this.#later(mostMs * (0.5 + this.#way.random() / 2), () => this.start());
  }

  #open(): void {
    this.#session = this.#way.open(this);
    this.#failures = 0;
    this.#ports.onOpen();
  }

  call(method: Method, timeLimitMs: number): Promise<Answered> {
    const session = this.#session;
    if (!session || !this.isOpen)
      return Promise.reject(new HecateError('HEC_CONNECTION', this.#trouble, 'look'));
    this.#lastCall += 1;
    const call = this.#lastCall;
    session.toManager.send({ call, method });
    this.#later(timeLimitMs, () => this.#fail(call, 'HEC_TIMEOUT', 'no answer in time'));
    return new Promise((resolve, reject) => this.#calls.set(call, { resolve, reject, session }));
  }

  #fail(call: number, code: ErrorCode, message: string): void {
    const waiting = this.#calls.get(call);
    this.#calls.delete(call);
    waiting?.reject(new HecateError(code, message, 'look'));
  }

  hear(session: PeerSession, reply: Reply): void {
    if (!session.isOpenAtAgent) return;
    this.#manager.process.run(() => {
      if (this.#isClosed) return;
      this.#sender.stir();
      const { call } = reply;
      const waiting = this.#calls.get(call);
      if ('code' in reply) this.#fail(call, reply.code, reply.message);
      else if (reply.outcome.case !== 'failure') waiting?.resolve(reply.outcome);
      this.#calls.delete(call);
    });
  }

  /** The session is over here. */
  end(session: PeerSession, why: string): void {
    if (!session.isOpenAtAgent) return;
    session.isOpenAtAgent = false;
    if (this.#session !== session || this.#isClosed) return;
    this.#manager.process.run(() => {
      this.#sender.stir();
      for (const [call, each] of this.#calls)
        if (each.session === session) this.#fail(call, 'HEC_CONNECTION', why);
      this.#session = undefined;
      this.#ports.onClosed();
      this.#again(why);
    });
  }

  close(): void {
    this.#isClosed = true;
    if (this.#session) this.#way.diallerEnds(this.#session, this.#manager.host.isOn);
  }
}
