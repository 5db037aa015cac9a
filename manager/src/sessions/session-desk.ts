/**
 * Where every connection arrives: it waits for the hello, has it judged (core/admission.ts), and hands the
 * session to those who answer agents, operators, peers or joiners. A refusal is audited and told to the other side.
 */

import { randomUUID } from 'node:crypto';
import { formatDuration } from '@hecate/proto/core/duration-text.ts';
import { HecateError } from '@hecate/proto/core/errors.ts';
import type { Outcome } from '@hecate/proto/core/frames.ts';
import { limits, protocolMax } from '@hecate/proto/core/limits.ts';
import type { NodeName } from '@hecate/proto/core/names.ts';
import { createWelcome, type Hello, type Notice } from '@hecate/proto/generated/wire.ts';
import { type IncomingRequest, Session } from '@hecate/proto/io/session-host.ts';
import type { Clock, FrameTransport } from '@hecate/proto/io/transport.ts';
import { type Admission, admit, type Credential, grantedRole, provenName } from '../core/admission.ts';
import { hostOf } from '../core/remote-host.ts';
import type { Caller } from '../requests/context.ts';
import type { AcceptedPeer } from '../trust/peer-identity.ts';
import { Refusals } from './refusals.ts';

/** Who the transport proves the other side to be. */
export interface Proof {
  readonly credential: Credential;
  readonly peer: AcceptedPeer | undefined;
}

/** The manager of another site. */
export interface PeerCaller {
  readonly name: string;
  /** The certificate that the session was opened with. */
  readonly peer: AcceptedPeer | undefined;
  readonly sessionId: string;
  readonly from: string;
}

export interface DeskPorts {
  readonly clock: Clock;
  readonly epoch: number;
  readonly softwareVersion: string;
  site(): string;
  heartbeatIntervalMs(): number;
  allowedNodes(): ReadonlySet<string>;
  isStillGood(peer: AcceptedPeer): boolean;
  /** @param takesOver an older session of the node is there, and may finish what is in flight on it */
  onAgent(node: NodeName, sessionId: string, hello: Hello, remote: string, takesOver: boolean): void;
  onAgentGone(node: NodeName, sessionId: string, reason: string, silentForMs: number): void;
  onNotice(node: NodeName, sessionId: string, notice: Notice): void;
  answerAgent(node: NodeName, peer: AcceptedPeer | undefined, request: IncomingRequest): Promise<Outcome>;
  answerOperator(caller: Caller, request: IncomingRequest): Promise<Outcome>;
  answerPeer(caller: PeerCaller, request: IncomingRequest): Promise<Outcome>;
  onPeerGone(name: string, sessionId: string): void;
  /** @param claim the name in its hello, which nothing proves */
  answerJoiner(claim: string, remote: string, request: IncomingRequest): Promise<Outcome>;
  /** @param proven who it is by a certificate of this site; undefined for strangers */
  onRefused(claim: Hello, remote: string, refusal: Refused, proven: string | undefined): void;
  onForeignEpoch(epoch: number): void;
  onProtocolError(remote: string, message: string): void;
  /**
   * The latest time in an operation id that agents may be asked about. An agent whose journal was lost takes those up
   * to its welcome for such as it may have applied: also when our clock was set back meanwhile (I12).
   */
  latestOperationMs(): number;
  /** How long a joiner may stay; 15 s when it is left out. */
  readonly joinerTimeLimitMs?: number;
  /** How long a session that was taken over from may stay; 10 min when it is left out. */
  readonly leavingTimeLimitMs?: number;
}

type Refused = Extract<Admission, { type: 'refused' }>;

interface OpenSession {
  readonly id: string;
  readonly session: Session;
  readonly kind: 'agent' | 'operator' | 'peer' | 'joiner';
  readonly name: string;
  readonly peer: AcceptedPeer | undefined;
}

/**
 * Strangers that join at the same time; each may cost the manager a signature. They have one request and little
 * time for it, and one host has few of them: nobody can keep the others from enrolling by sitting there.
 */
const joinersMax = 64;
const joinersPerHostMax = 4;
const joinerTimeLimitMs = 15_000;

/**
 * How long a session that was taken over from may go on with what is in flight. Operations lose nothing then: the
 * newer session asks for them. A stream of log lines ends.
 */
const leavingTimeLimitMs = 600_000;

export class SessionDesk {
  readonly refusals = new Refusals();
  readonly #ports: DeskPorts;
  readonly #open = new Map<string, OpenSession>();
  readonly #agents = new Map<NodeName, OpenSession>();
  /** Connected and not greeted yet. */
  readonly #waiting = new Set<Session>();
  /** Of sessions that may not stay. */
  readonly #timers = new Map<Session, NodeJS.Timeout>();

  constructor(ports: DeskPorts) {
    this.#ports = ports;
  }

  sessionOf(node: NodeName): Session | undefined {
    const session = this.#agents.get(node)?.session;
    return session?.isEstablished() ? session : undefined;
  }

  countByKind(): Record<string, number> {
    const counts: Record<string, number> = {
      agent: 0,
      operator: 0,
      peer: 0,
      joiner: 0,
      waiting: this.#waiting.size,
    };
    for (const { kind } of this.#open.values()) counts[kind] = (counts[kind] ?? 0) + 1;
    return counts;
  }

  /** Takes a connection; `prove` is asked when its hello is there. */
  welcome(transport: FrameTransport, prove: () => Proof): void {
    const id = randomUUID();
    let admission: Exclude<Admission, { type: 'refused' }> | undefined;
    let peer: AcceptedPeer | undefined;
    let claim = '';
    const session = new Session('acceptor', transport, this.#ports.clock, {
      onHello: (hello) => {
        this.#waiting.delete(session);
        claim = hello.name;
        const proof = prove();
        peer = proof.peer;
        admission = this.#judge(session, hello, proof.credential);
        if (admission) this.#admit(id, session, hello, admission, peer);
      },
      onRequest: (request) => this.#answer(admission, { peer, claim, session, id }, request),
      onNotice: (notice) => {
        if (admission?.type === 'agent') this.#ports.onNotice(admission.node, id, notice);
      },
      onEnded: ({ code, message }) => {
        this.#waiting.delete(session);
        this.#open.delete(id);
        clearTimeout(this.#timers.get(session));
        this.#timers.delete(session);
        if (code === 'HEC_PROTOCOL') this.#ports.onProtocolError(session.remote, message);
        if (admission?.type === 'agent') this.#agentGone(admission.node, id, session, message);
        if (admission?.type === 'peer') this.#ports.onPeerGone(admission.peer, id);
      },
    });
    this.#waiting.add(session);
    session.open();
  }

  #judge(session: Session, hello: Hello, credential: Credential) {
    const { epoch } = this.#ports;
    const admission = admit({ credential, hello, allowedNodes: this.#ports.allowedNodes(), epoch });
    const refusal = admission.type === 'joiner' ? this.#whyNoRoom(session) : undefined;
    if (admission.type === 'refused') this.#refuse(session, hello, admission, provenName(credential));
    else if (refusal) this.#refuse(session, hello, refusal, undefined);
    else return admission;
    return undefined;
  }

  #refuse(session: Session, hello: Hello, refusal: Refused, proven: string | undefined): void {
    // Only a node that would be admitted otherwise has a say in which manager is the newest.
    if (refusal.code === 'HEC_EPOCH') this.#ports.onForeignEpoch(hello.highestEpoch);
    this.#ports.onRefused(hello, session.remote, refusal, proven);
    const { reason, remedy, message } = refusal;
    this.refusals.add(hello.name, {
      atMs: this.#ports.clock.wallMs(),
      address: session.remote,
      reason: `${reason}: ${message}`,
      remedy,
    });
    session.end(refusal.code, remedy ? `${message}; ${remedy}` : message);
  }

  #whyNoRoom({ remote }: Session): Refused | undefined {
    const joiners = [...this.#open.values()].filter(({ kind }) => kind === 'joiner');
    const ofHost = joiners.filter(({ session }) => hostOf(session.remote) === hostOf(remote)).length;
    if (joiners.length < joinersMax && ofHost < joinersPerHostMax) return undefined;
    const who =
      ofHost >= joinersPerHostMax ? `${ofHost} hosts behind one address` : `${joiners.length} hosts`;
    const message = `${who} are joining already`;
    return { type: 'refused', code: 'HEC_BUSY', reason: 'joiners', message, remedy: 'try again in a moment' };
  }

  /** Its time is short, and one answer ends it: after the response is on its way. */
  #limitJoiner(session: Session): void {
    const limitMs = this.#ports.joinerTimeLimitMs ?? joinerTimeLimitMs;
    const message = `joining takes no longer than ${formatDuration(limitMs)}`;
    const timer = setTimeout(() => session.end('HEC_TIMEOUT', message), limitMs);
    this.#timers.set(session, timer);
  }

  #answerJoiner(claim: string, session: Session, request: IncomingRequest): Promise<Outcome> {
    return this.#ports.answerJoiner(claim, session.remote, request).finally(() => {
      setImmediate(() => session.end('HEC_SHUTTING_DOWN', 'a joiner has one request'));
    });
  }

  #admit(
    id: string,
    session: Session,
    hello: Hello,
    admission: Exclude<Admission, { type: 'refused' }>,
    peer: AcceptedPeer | undefined,
  ): void {
    const open: OpenSession = { id, session, kind: admission.type, name: nameOf(admission), peer };
    this.#open.set(id, open);
    if (admission.type === 'joiner') this.#limitJoiner(session);
    session.accept(
      admission.type,
      createWelcome({
        protocol: Math.min(protocolMax, hello.protocolMax),
        epoch: this.#ports.epoch,
        heartbeatIntervalMs: this.#ports.heartbeatIntervalMs(),
        sessionId: id,
        softwareVersion: this.#ports.softwareVersion,
        role: grantedRole(admission),
        requestsInFlightMax: limits.requestsInFlightMax,
        clockMs: this.#ports.clock.bootTimeMs(),
        site: this.#ports.site(),
        wallClockMs: Math.floor(Math.max(this.#ports.clock.wallMs(), this.#ports.latestOperationMs())),
      }),
    );
    if (admission.type === 'agent') this.#admitAgent(admission.node, open, hello);
    if (admission.type === 'peer') this.#replacePeers(open);
  }

  /** The newer session is the node's before the older one ends: nothing falls between the two. */
  #admitAgent(node: NodeName, open: OpenSession, hello: Hello): void {
    const before = this.#agents.get(node);
    const takesOver = before?.session.isEstablished() === true && before.id === hello.takesOverSessionId;
    for (const other of [...this.#open.values()]) {
      const isOlder = other.kind === 'agent' && other.name === node && other !== before && other !== open;
      if (isOlder) this.replace(other.id);
    }
    this.#agents.set(node, open);
    this.refusals.clear(node);
    this.#ports.onAgent(node, open.id, hello, open.session.remote, takesOver);
    if (takesOver) this.#letGo(before.session);
  }

  /** One session for each of them: the newest. */
  #replacePeers({ id, name }: OpenSession): void {
    for (const other of [...this.#open.values()])
      if (other.kind === 'peer' && other.name === name && other.id !== id) this.replace(other.id);
  }

  #letGo(session: Session): void {
    const message = 'a newer session of this agent took over';
    const limitMs = this.#ports.leavingTimeLimitMs ?? leavingTimeLimitMs;
    this.#timers.set(
      session,
      setTimeout(() => session.end('HEC_REPLACED', message), limitMs),
    );
    session.retire('HEC_REPLACED', message);
  }

  #agentGone(node: NodeName, id: string, session: Session, reason: string): void {
    if (this.#agents.get(node)?.session === session) this.#agents.delete(node);
    this.#ports.onAgentGone(node, id, reason, session.silentForMs());
  }

  #answer(
    admission: Exclude<Admission, { type: 'refused' }> | undefined,
    {
      peer,
      claim,
      session,
      id,
    }: { peer: AcceptedPeer | undefined; claim: string; session: Session; id: string },
    request: IncomingRequest,
  ): Promise<Outcome> {
    switch (admission?.type) {
      case 'agent':
        return this.#ports.answerAgent(admission.node, peer, request);
      case 'operator':
        return this.#ports.answerOperator(
          { who: admission.who, from: session.remote, role: admission.role, peer },
          request,
        );
      case 'peer':
        return this.#ports.answerPeer(
          { name: admission.peer, peer, sessionId: id, from: session.remote },
          request,
        );
      case 'joiner':
        return this.#answerJoiner(claim, session, request);
      case undefined:
        return Promise.reject(new HecateError('HEC_PROTOCOL', 'a request before the welcome'));
    }
  }

  /** A newer session of the same node, or of the same manager, took over. */
  replace(sessionId: string): void {
    this.#open.get(sessionId)?.session.end('HEC_REPLACED', 'a newer session of this node was opened');
  }

  /** It asks for more than it can have. */
  endBusy(sessionId: string, message: string): void {
    this.#open.get(sessionId)?.session.end('HEC_BUSY', message);
  }

  /** Ends the sessions of one who was revoked, or is not allowed any more. */
  endSessionsOf(kind: 'node' | 'operator' | 'peer', name: string, why: string): void {
    const sessionKind = kind === 'node' ? 'agent' : kind;
    for (const open of [...this.#open.values()]) {
      const isTheirs = open.kind === sessionKind && open.name === name;
      if (isTheirs && (kind === 'node' || open.peer)) open.session.end('HEC_REVOKED', why);
    }
  }

  /** Ends what lives longer than its certificate. */
  endExpired(): void {
    for (const { session, peer } of [...this.#open.values()]) {
      if (peer && !this.#ports.isStillGood(peer))
        session.end('HEC_TLS', 'the certificate of this session has ended');
    }
  }

  close(): void {
    const sessions = [...this.#waiting, ...[...this.#open.values()].map(({ session }) => session)];
    for (const session of sessions) session.end('HEC_SHUTTING_DOWN', 'the manager is shutting down');
  }
}

function nameOf(admission: Exclude<Admission, { type: 'refused' }>): string {
  switch (admission.type) {
    case 'agent':
      return admission.node;
    case 'operator':
      return admission.who;
    case 'peer':
      return admission.peer;
    case 'joiner':
      return '';
  }
}
