/** Between a simulated agent and the systemd of its host. */
import { createExecResult, type Operation } from '@hecate/proto/generated/wire.ts';
import type { CallResult, OperationsEffect, OperationsInput } from '../../agent/src/core/operations-state.ts';
import { isJobVerb } from '../../agent/src/core/verbs.ts';
import { factsOf, noSuchUnit } from './runs-agent-facts.ts';
import type { HostJob, SimulatedHost } from './runs-host.ts';
import type { SimulatedProcess } from './runs-process.ts';
import type { SimulationWorld } from './runs-world.ts';

export class AgentBus {
  readonly #host: SimulatedHost;
  readonly #process: SimulatedProcess;
  readonly #world: SimulationWorld;
  readonly #operate: (input: OperationsInput) => void;

  constructor(
    host: SimulatedHost,
    process: SimulatedProcess,
    world: SimulationWorld,
    operate: (input: OperationsInput) => void,
  ) {
    this.#host = host;
    this.#process = process;
    this.#world = world;
    this.#operate = operate;
  }

  /** Also when the agent is killed on the way: the call is with systemd. */
  call(opId: string, operation: Operation): void {
    const { life } = this.#process;
    const { boot } = this.#host;
    this.#world.time.after(this.#world.random() * 2, () => {
      if (this.#host.isOn && this.#host.boot === boot) this.#call(opId, operation, life);
    });
  }

  poll(opId: string): void {
    this.#process.later(1, () => {
      const job = this.#host.jobs.get(opId);
      this.#operate({ type: 'polled', opId, isThere: job !== undefined && job.result === undefined });
    });
  }

  inspect(effect: Extract<OperationsEffect, { type: 'inspect' }>): void {
    this.#process.later(2, () =>
      this.#operate({ type: 'inspected', opId: effect.opId, facts: factsOf(this.#host, effect) }),
    );
  }

  execEnded(opId: string, exitStatus: number): void {
    const execResult = createExecResult({ exitStatus });
    this.#operate({ type: 'called', opId, result: { case: 'exec', execResult } });
  }

  #call(opId: string, { verb, unit, epoch, options }: Operation, life: number): void {
    const host = this.#host;
    if (isJobVerb(verb)) {
      const job = host.startJob(opId, epoch, verb, unit);
      if (!job) this.#called(life, opId, noSuchUnit(unit));
      else this.#called(life, opId, { case: 'job', job: { jobId: job.jobId, jobPath: job.jobPath } }, job);
      return;
    }
    switch (verb) {
      case 'kill': {
        const isThere = host.kill(opId, epoch, unit, options?.signal || 15);
        this.#called(life, opId, isThere ? { case: 'done', changes: [], result: 'done' } : noSuchUnit(unit));
        return;
      }
      case 'poweroff':
        host.powerOff(opId, epoch);
        this.#called(life, opId, { case: 'done', changes: [], result: 'accepted' });
        return;
      case 'exec':
        host.exec(opId, epoch);
        if (life !== this.#process.life) return;
        this.#process.later(this.#world.random() * 800, () => this.execEnded(opId, this.#world.execStatus()));
        return;
      default:
        throw new Error(`${verb} does not come up in this simulation`);
    }
  }

  #called(life: number, opId: string, result: CallResult, job?: HostJob): void {
    if (life !== this.#process.life) return;
    this.#process.later(this.#world.random() * 2, () => {
      this.#operate({ type: 'called', opId, result });
      if (job?.result) this.#operate({ type: 'job-removed', jobPath: job.jobPath, result: job.result });
    });
  }
}
