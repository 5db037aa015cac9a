/** Dead man's orders, as manager/src/runs/dead-man-link.ts gives them and takes them back. */
import type { NodeName } from '@hecate/proto/core/names.ts';
import { createArmedOperation, createArmShutdown } from '@hecate/proto/generated/wire.ts';
import type { RunId } from '../../manager/src/core/runs/run.ts';
import type { DeadManOrder } from '../../manager/src/core/runs/runs-state.ts';
import type { SimulatedManager } from './runs-manager.ts';
import type { SimulationWorld } from './runs-world.ts';

const orderAnswerMs = 5000;
const withdrawAgainMs = 5000;
const withdrawalsMax = 5;
const clockMarginMs = 1000;

export class ManagerOrders {
  readonly #manager: SimulatedManager;
  readonly #world: SimulationWorld;

  constructor(manager: SimulatedManager, world: SimulationWorld) {
    this.#manager = manager;
    this.#world = world;
  }

  arm(runId: RunId, { node, beginAtMs, operations, reason }: DeadManOrder): void {
    const connection = this.#manager.calls.connections.get(node);
    if (!connection) return;
    const nowMs = this.#manager.host.clockMs();
    const clockMs = connection.clockMs + (nowMs - connection.atMs) + 300;
    const order = createArmShutdown({
      runId,
      epoch: this.#manager.epoch,
      beginAtClockMs: Math.ceil(clockMs + clockMarginMs + Math.max(0, beginAtMs - nowMs)),
      operations: operations.map(({ verb, unit, options, timeoutMs }) =>
        createArmedOperation({ verb, unit, options, timeLimitMs: timeoutMs }),
      ),
      reason,
    });
    this.#world.checkers.orders.onArm(this.#manager, runId, node, beginAtMs - nowMs);
    this.#manager.calls.call(connection.session, { type: 'arm', order }, orderAnswerMs, () => undefined);
  }

  withdraw(runId: RunId, node: NodeName, count = 1): void {
    const again = () => {
      if (count < withdrawalsMax)
        this.#manager.process.later(withdrawAgainMs, () => this.withdraw(runId, node, count + 1));
    };
    const session = this.#manager.calls.sessionOf(node);
    if (!session) return;
    this.#manager.calls.call(
      session,
      { type: 'disarm', runId, epoch: this.#manager.epoch },
      orderAnswerMs,
      (end) => {
        if (end.type === 'done') {
          this.#world.checkers.orders.onWithdrawn(runId, node);
          this.#manager.input({ type: 'withdrawn', runId, node });
        } else if (end.type === 'no-answer') again();
        else if (end.type === 'failure' && (end.code === 'HEC_STATE' || end.code === 'HEC_BUSY')) again();
      },
    );
  }
}
