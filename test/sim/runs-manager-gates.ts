/** What gates look at, as manager/src/io/gate-probes.ts does: sessions, units as they were told, the network, commands. */
import { makeOpId, type NodeName } from '@hecate/proto/core/names.ts';
import { createVerbOptions } from '@hecate/proto/generated/wire.ts';
import type { Leaf, Observation, Observations } from '../../manager/src/core/plan/gate.ts';
import { leafKey } from '../../manager/src/core/plan/gate-verdict.ts';
import type { RunsEffect, RunsInput } from '../../manager/src/core/runs/runs-state.ts';
import type { ManagerCalls } from './runs-manager-calls.ts';
import type { ManagerRequests } from './runs-manager-requests.ts';
import type { SimulatedProcess } from './runs-process.ts';
import type { SimulationWorld } from './runs-world.ts';

type Observe = Extract<RunsEffect, { type: 'observe' }>;

export interface GatePorts {
  readonly world: SimulationWorld;
  readonly process: SimulatedProcess;
  readonly calls: ManagerCalls;
  requests(): ManagerRequests | undefined;
  input(input: RunsInput): void;
}

const probeMs = 3000;

export class ManagerGates {
  readonly #ports: GatePorts;

  constructor(ports: GatePorts) {
    this.#ports = ports;
  }

  observe({ runId, round, leaves, timeLimitMs }: Observe): void {
    const observations: Record<string, Observation> = {};
    let missing = leaves.length;
    let isOver = false;
    const answer = () => {
      if (isOver) return;
      isOver = true;
      stopTimer();
      this.#ports.input({ type: 'observed', runId, round, observations: observations as Observations });
    };
    const stopTimer = this.#ports.process.later(timeLimitMs, () => {
      for (const leaf of leaves)
        observations[leafKey(leaf)] ??= { verdict: 'unknown', detail: 'nothing was seen in time' };
      answer();
    });
    if (leaves.length === 0) this.#ports.process.later(0, answer);
    for (const leaf of leaves) {
      this.#look(leaf, timeLimitMs, (observation) => {
        observations[leafKey(leaf)] =
          this.#ports.world.mutation.observation?.(leaf, observation) ?? observation;
        missing -= 1;
        if (missing === 0) answer();
      });
    }
  }

  #look(leaf: Leaf, timeLimitMs: number, seen: (observation: Observation) => void): void {
    const saw = (verdict: Observation['verdict'], detail: string, afterMs = 0) =>
      this.#ports.process.later(afterMs, () => seen({ verdict, detail }));
    switch (leaf.type) {
      case 'unit': {
        const units = this.#ports.calls.connections.get(leaf.node)?.units;
        if (!units) return void saw('unknown', `${leaf.node}: units are not known`);
        const state = units.get(leaf.unit) ?? 'inactive';
        return void saw(leaf.states.includes(state) ? 'holds' : 'fails', `${leaf.unit} is ${state}`);
      }
      case 'node': {
        const isOnline = this.#ports.calls.connections.has(leaf.node);
        if (leaf.state === 'online')
          return void saw(isOnline ? 'holds' : 'fails', isOnline ? 'online' : 'offline');
        if (isOnline) return void saw('fails', 'online');
        if (leaf.state === 'offline') return void saw('holds', 'offline');
        this.#probe(leaf.node, Math.min(timeLimitMs, probeMs), saw);
        return;
      }
      case 'exec': {
        const random = Uint8Array.from({ length: 10 }, () => Math.floor(this.#ports.world.random() * 256));
        const opId = makeOpId(this.#ports.world.wallMs(), random);
        const options = createVerbOptions({ argv: [...leaf.argv] });
        const operation = { node: leaf.node, verb: 'exec' as const, unit: '', options };
        const applied = { opId, operation, timeLimitMs, requestedBy: 'gate', isSentUnrecorded: true };
        this.#ports.requests()?.execute(applied, ({ execResult, status }) => {
          if (!execResult) seen({ verdict: 'unknown', detail: status });
          else {
            const isSo = execResult.exitStatus === leaf.exitStatus && status !== 'timeout';
            seen({ verdict: isSo ? 'holds' : 'fails', detail: `ended with ${execResult.exitStatus}` });
          }
        });
        return;
      }
      default:
        return void saw(this.#ports.world.random() < 0.9 ? 'holds' : 'fails', 'as the simulation says');
    }
  }

  /** A host that is up answers or refuses; one that is off, or behind a dead cable, is silent. */
  #probe(
    node: NodeName,
    timeLimitMs: number,
    saw: (verdict: Observation['verdict'], detail: string, afterMs?: number) => void,
  ): void {
    const reach = this.#ports.world.reach(node);
    if (reach === 'not-tried') saw('unknown', 'no route', 1);
    else if (reach === 'answers') saw('fails', 'the host is up', this.#ports.world.random() * 20);
    else saw('holds', 'nobody answers', timeLimitMs - 1);
  }
}
