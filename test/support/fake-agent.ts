/**
 * A fake agent for managers: a session over a plain loopback connection whose answers are the test's. It has no
 * systemd, no journal and no policy: the real agent is tested elsewhere.
 */
import type { HecateError } from '@hecate/proto/core/errors.ts';
import type { Item, Outcome } from '@hecate/proto/core/frames.ts';
import type { ManagerAddress } from '@hecate/proto/core/manager-address.ts';
import {
  type ArmShutdown,
  createHello,
  createNotice,
  createOperationOutcome,
  createResolvedOperation,
  createUnitsChanged,
  createUnitsSnapshot,
  type Hello,
  type Notice,
  type Operation,
  type OperationOutcome,
  type Query,
  type QueryResult,
  type ResolvedOperation,
  type UnitState,
  type Welcome,
} from '@hecate/proto/generated/wire.ts';
import { dialWebSocket } from '@hecate/proto/io/dial-websocket.ts';
import { type IncomingRequest, Session } from '@hecate/proto/io/session-host.ts';
import { systemClock } from '@hecate/proto/io/system-clock.ts';
import type { FrameTransport } from '@hecate/proto/io/transport.ts';

export interface FakeAgentOptions {
  readonly name: string;
  /** What differs from an ordinary hello. */
  readonly hello?: Partial<Hello>;
  /** What it knows of operations from the first moment. */
  readonly outcomes?: readonly (readonly [opId: string, resolved: Partial<ResolvedOperation>])[];
  /** The order that it holds from the first moment; its hello says whose. */
  readonly armed?: ArmShutdown;
}

type Send = (item: Item) => Promise<boolean>;

export class FakeAgent {
  readonly name: string;
  readonly session: Session;
  welcome: Welcome | undefined;
  /** Operations in the order they came. */
  readonly applied: Operation[] = [];
  readonly logLevels: string[] = [];
  /** The dead man's order that it holds. */
  armed: ArmShutdown | undefined;
  /** What it answers to the next orders, one each, before it takes one. */
  readonly armRefusals: HecateError[] = [];
  /** Resolves when the session is over, with why. */
  readonly ended: Promise<{ code: string; message: string }>;
  /** Every operation ends well unless a test says otherwise. */
  onApply: (operation: Operation, send: Send, signal: AbortSignal) => Promise<OperationOutcome> = async ({
    opId,
  }) => createOperationOutcome({ opId, status: 'done', result: 'done' });
  onQuery: (query: Query, send: Send, signal: AbortSignal) => Promise<QueryResult['result']> = async () => ({
    case: 'done',
    value: {},
  });
  /** What is not in here was never seen. */
  readonly outcomes: Map<string, Partial<ResolvedOperation>>;
  readonly #transport: FrameTransport;
  readonly #welcomed: Promise<void>;

  private constructor(transport: FrameTransport, options: FakeAgentOptions) {
    const { name, hello = {}, outcomes = [], armed } = options;
    this.name = name;
    this.armed = armed;
    this.outcomes = new Map(outcomes);
    this.#transport = transport;
    let onWelcome = (): void => undefined;
    let onEnd: (end: { code: string; message: string }) => void = () => undefined;
    this.ended = new Promise((resolve) => (onEnd = resolve));
    this.#welcomed = new Promise((resolve) => (onWelcome = resolve));
    this.session = new Session('dialler', transport, systemClock, {
      onEstablished: (welcome) => {
        this.welcome = welcome;
        onWelcome();
      },
      onRequest: (request) => this.#answer(request),
      onEnded: (end) => onEnd(end),
    });
    this.session.open(
      createHello({
        peerKind: 'agent',
        name,
        bootId: '01234567-89ab-cdef-0123-456789abcdef',
        softwareVersion: '0.1.0',
        protocolMin: 1,
        protocolMax: 1,
        clockMs: systemClock.bootTimeMs(),
        wallClockMs: systemClock.wallMs(),
        armedRunId: armed?.runId ?? '',
        ...hello,
      }),
    );
  }

  /** Resolves when it was welcomed or turned away; `welcome` tells which. */
  static async dial(address: ManagerAddress, options: FakeAgentOptions): Promise<FakeAgent> {
    const limits = { connectTimeLimitMs: 10_000, greetingTimeLimitMs: 10_000 };
    const agent = new FakeAgent(await dialWebSocket({ address, tls: 'plain-loopback', ...limits }), options);
    await Promise.race([agent.#welcomed, agent.ended]);
    return agent;
  }

  async #answer(request: IncomingRequest): Promise<Outcome> {
    const { method, signal } = request;
    const send: Send = (item) => request.sendItem(item);
    switch (method.case) {
      case 'apply':
        this.applied.push(method.value);
        return { case: 'operation', value: await this.onApply(method.value, send, signal) };
      case 'query':
        return { case: 'queryResult', value: { result: await this.onQuery(method.value, send, signal) } };
      case 'resolveOperations':
        return {
          case: 'resolvedOperations',
          value: { operations: method.value.opIds.map((id) => this.#resolve(id)) },
        };
      case 'setAgentLogLevel':
        this.logLevels.push(method.value.level);
        return { case: 'logLevel', value: { before: 'info', after: method.value.level } };
      case 'armShutdown': {
        const refusal = this.armRefusals.shift();
        if (refusal) throw refusal;
        this.armed = method.value;
        return { case: 'done', value: {} };
      }
      case 'disarmShutdown':
        if (this.armed?.runId === method.value.runId) this.armed = undefined;
        return { case: 'done', value: {} };
      default:
        throw new Error(`a fake agent is not asked ${method.case}`);
    }
  }

  #resolve(opId: string): ResolvedOperation {
    const known = this.outcomes.get(opId) ?? { resolution: 'never-applied' as const };
    return createResolvedOperation({ opId, ...known });
  }

  notify(notice: Notice['notice']): void {
    this.session.notify(createNotice({ notice }));
  }

  /** The whole list of its units, in one part. */
  tellUnits(units: UnitState[], generation = 1): void {
    this.notify({ case: 'unitsSnapshot', value: createUnitsSnapshot({ generation, units, last: true }) });
  }

  tellChanges(units: UnitState[], removed: string[] = []): void {
    this.notify({ case: 'unitsChanged', value: createUnitsChanged({ units, removed }) });
  }

  /** Resolves when the manager has taken them. */
  async report(outcomes: OperationOutcome[]): Promise<void> {
    await this.session.call({ case: 'reportOutcomes', value: { outcomes } }, { timeLimitMs: 30_000 });
  }

  /** In order: the manager is told. */
  leave(): void {
    this.session.end('HEC_SHUTTING_DOWN', 'the fake agent goes');
  }

  /** Like a host whose power fails. */
  vanish(): void {
    this.#transport.abort();
  }
}
