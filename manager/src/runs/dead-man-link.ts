/** Gives agents their dead man's orders, and takes them back, over the session of the node. */
import { asHecateError, HecateError } from '@hecate/proto/core/errors.ts';
import type { NodeName } from '@hecate/proto/core/names.ts';
import {
  createArmedOperation,
  createArmShutdown,
  createDisarmShutdown,
} from '@hecate/proto/generated/wire.ts';
import type { Session } from '@hecate/proto/io/session-host.ts';
import type { Clock } from '@hecate/proto/io/transport.ts';
import type { RunId } from '../core/runs/run.ts';
import type { DeadManOrder } from '../core/runs/runs-state.ts';

export interface DeadManLinkPorts {
  readonly clock: Clock;
  readonly epoch: number;
  sessionOf(node: NodeName): Session | undefined;
  /** It was given an order, or could not be; the machine asks again when its node comes online. */
  onArmed(runId: RunId, node: NodeName, failure: HecateError | undefined): void;
  onNotWithdrawn(runId: RunId, node: NodeName, failure: HecateError): void;
}

/** An agent writes one small file before it answers. */
const answerTimeLimitMs = 5000;
/** For what two clocks drift apart in the hours of a shutdown, and for the 10 ms steps in which they are read. */
const clockMarginMs = 1000;
/** An agent that cannot answer well although its session is there is asked again after so long, so many times (I14). */
const againAfterMs = 5000;
const attemptsMax = 5;
/** A host that has just booted: its agent is online a moment before it is connected to its systemd. */
const againWithoutBusMs = 1000;

/** Offline: the machine asks again at node-online. Refused: it would be again. */
function pauseBeforeNextMs({ code }: HecateError): number | undefined {
  if (code === 'HEC_BUS_GONE') return againWithoutBusMs;
  return code === 'HEC_TIMEOUT' || code === 'HEC_BUSY' || code === 'HEC_STATE' ? againAfterMs : undefined;
}

const keyOf = (runId: RunId, node: NodeName): string => `${runId} ${node}`;

export class DeadManLink {
  readonly #ports: DeadManLinkPorts;
  readonly #waits = new Set<NodeJS.Timeout>();
  /** Run and node → which giving of its order is the newest: an older one is not tried again behind it. */
  readonly #givings = new Map<string, number>();
  #lastGiving = 0;
  #isClosed = false;

  constructor(ports: DeadManLinkPorts) {
    this.#ports = ports;
  }

  async arm(runId: RunId, order: DeadManOrder): Promise<void> {
    const { node } = order;
    const key = keyOf(runId, node);
    this.#lastGiving += 1;
    const giving = this.#lastGiving;
    this.#givings.set(key, giving);
    for (let count = 1; ; count += 1) {
      const failure = await this.#arm(runId, order).then(() => undefined, asHecateError);
      if (this.#givings.get(key) !== giving) return;
      this.#ports.onArmed(runId, node, failure);
      const pauseMs = failure && pauseBeforeNextMs(failure);
      if (pauseMs === undefined || count >= attemptsMax || this.#isClosed) break;
      await this.#wait(pauseMs);
      if (this.#givings.get(key) !== giving) return;
    }
    this.#givings.delete(key);
  }

  async #arm(runId: RunId, { node, beginAtMs, operations, reason }: DeadManOrder): Promise<void> {
    const { clock, epoch } = this.#ports;
    const session = this.#sessionOf(node);
    // The latest that the agent's clock can show: an order that begins early would power a host off for nothing.
    const clockMs = session.peerClockAtMostMs();
    if (clockMs === undefined) throw new HecateError('HEC_OFFLINE', `the session of ${node} has only begun`);
    const value = createArmShutdown({
      runId,
      epoch,
      beginAtClockMs: Math.ceil(clockMs + clockMarginMs + Math.max(0, beginAtMs - clock.bootTimeMs())),
      operations: operations.map(({ verb, unit, options, timeoutMs }) =>
        createArmedOperation({ verb, unit, options, timeLimitMs: timeoutMs }),
      ),
      reason,
    });
    await session.call({ case: 'armShutdown', value }, { timeLimitMs: answerTimeLimitMs });
  }

  /** Resolves when the agent holds no order of this run; never, when that cannot be asked in this session. */
  async withdraw(runId: RunId, node: NodeName): Promise<void> {
    this.#givings.delete(keyOf(runId, node));
    for (let count = 1; ; count += 1) {
      try {
        return await this.withdrawOnce(runId, node);
      } catch (thrown) {
        const error = asHecateError(thrown);
        this.#ports.onNotWithdrawn(runId, node, error);
        const pauseMs = pauseBeforeNextMs(error);
        if (pauseMs === undefined || count >= attemptsMax || this.#isClosed)
          return new Promise<never>(() => undefined);
        await this.#wait(pauseMs);
      }
    }
  }

  /** @throws HecateError when it could not be asked, or refused */
  async withdrawOnce(runId: RunId, node: NodeName): Promise<void> {
    const value = createDisarmShutdown({ runId, epoch: this.#ports.epoch });
    await this.#sessionOf(node).call({ case: 'disarmShutdown', value }, { timeLimitMs: answerTimeLimitMs });
  }

  close(): void {
    this.#isClosed = true;
    for (const timer of this.#waits) clearTimeout(timer);
  }

  #wait(pauseMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#waits.delete(timer);
        resolve();
      }, pauseMs);
      this.#waits.add(timer);
    });
  }

  #sessionOf(node: NodeName): Session {
    const session = this.#ports.sessionOf(node);
    if (session) return session;
    throw new HecateError(
      'HEC_OFFLINE',
      `${node} is offline: it could not be told`,
      `hecatectl doctor ${node}`,
    );
  }
}
