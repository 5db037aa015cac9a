/** What a simulated manager does for its runs, as manager/src/runs/run-runner.ts carries their effects out. */
import type { OpId } from '@hecate/proto/core/names.ts';
import type { RunsEffect, RunsInput } from '../../manager/src/core/runs/runs-state.ts';
import type { SimulatedManager } from './runs-manager.ts';
import type { ManagerCalls } from './runs-manager-calls.ts';
import { ManagerGates } from './runs-manager-gates.ts';
import { ManagerOrders } from './runs-manager-orders.ts';
import type { ManagerRequests } from './runs-manager-requests.ts';
import type { ManagerTickets } from './runs-manager-tickets.ts';
import type { SimulatedProcess } from './runs-process.ts';
import type { SimulationWorld } from './runs-world.ts';

type Of<Type extends RunsEffect['type']> = Extract<RunsEffect, { type: Type }>;

const told: ReadonlySet<string> = new Set([
  'step-begun',
  'method-failed',
  'degraded',
  'run-resumed',
  'run-ended',
]);

export interface EffectPorts {
  readonly manager: SimulatedManager;
  readonly world: SimulationWorld;
  readonly process: SimulatedProcess;
  readonly calls: ManagerCalls;
  readonly tickets: ManagerTickets;
  requests(): ManagerRequests | undefined;
  input(input: RunsInput): void;
}

export class ManagerEffects {
  readonly #ports: EffectPorts;
  readonly #gates: ManagerGates;
  readonly #orders: ManagerOrders;

  constructor(ports: EffectPorts) {
    const { manager, world, process, calls, requests } = ports;
    this.#ports = ports;
    this.#orders = new ManagerOrders(manager, world);
    this.#gates = new ManagerGates({ world, process, calls, requests, input: (input) => ports.input(input) });
  }

  perform(effect: Exclude<RunsEffect, { type: 'commit' | 'ended' }>): void {
    const { manager, world, tickets } = this.#ports;
    switch (effect.type) {
      case 'apply':
        this.#apply(effect);
        return;
      case 'recall':
        this.#recall(effect.opId);
        return;
      case 'observe':
        this.#gates.observe(effect);
        return;
      case 'run-hook':
        this.#runHook(effect);
        return;
      case 'wake':
        for (const { node } of effect.targets) world.wake(node);
        return;
      case 'arm':
        this.#orders.arm(effect.runId, effect.order);
        return;
      case 'withdraw':
        this.#orders.withdraw(effect.runId, effect.node);
        return;
      case 'event':
        if (told.has(effect.event.type))
          world.log(`run ${effect.runId.slice(-4)} ${JSON.stringify(effect.event)}`);
        return;
      case 'refuse':
        world.checkers.onRefused(effect.refusal);
        tickets.answered(effect);
        return;
      case 'answer-request':
        world.log(`accepted run ${effect.runId.slice(-4)} joined ${effect.isJoined}`);
        world.checkers.onAccepted(manager, effect);
        tickets.answered(effect);
        return;
      case 'answer-abort':
        tickets.answered(effect);
        return;
    }
  }

  #apply({ runId, opId, operation, timeLimitMs }: Of<'apply'>): void {
    const { manager, world, requests, input } = this.#ports;
    const run = manager.state?.runs.get(runId);
    if (!run) return;
    world.checkers.onApply(manager, runId, opId);
    const applied = {
      opId,
      operation,
      timeLimitMs,
      requestedBy: `run ${runId}`,
      isSentUnrecorded: run.request.plan.kind === 'shutdown',
    };
    requests()?.apply(
      applied,
      () => input({ type: 'operation-accepted', opId }),
      (end) => input({ type: 'operation-ended', opId, end }),
    );
  }

  #recall(opId: OpId): void {
    const { requests, input } = this.#ports;
    requests()?.recall(
      opId,
      () => input({ type: 'operation-accepted', opId }),
      (end) => input(end ? { type: 'operation-ended', opId, end } : { type: 'operation-unknown', opId }),
    );
  }

  #runHook({ runId, stepId, method, argv, timeLimitMs }: Of<'run-hook'>): void {
    const { manager, world, process, input } = this.#ports;
    world.checkers.onHook(manager, runId, stepId, method);
    const { takesMs, exitStatus } = world.hookEnd(argv);
    const isOver = takesMs < timeLimitMs;
    process.later(isOver ? takesMs : timeLimitMs, () => {
      const end = { exitStatus: isOver ? exitStatus : undefined, message: '' };
      input({ type: 'hook-ended', runId, stepId, method, ...end });
    });
  }
}
