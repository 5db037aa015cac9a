/**
 * An agent in as few words as its promises take, as the brain of a simulated agent: known OpId, epoch, expiry,
 * durable, applied, durable, answered. What the agent's own core is held against, and a second opinion.
 */
import {
  createOperationOutcome,
  createResolvedOperation,
  type Operation,
  type OperationOutcome,
  type ResolvedOperation,
} from '@hecate/proto/generated/wire.ts';
import type { AgentBrain, BrainPorts } from './operations-agent.ts';
import type { SimulatedJob } from './operations-systemd.ts';

type ModelRecord =
  | { type: 'begun'; opId: string; epoch: number }
  | { type: 'ended'; outcome: OperationOutcome; wasApplied: boolean }
  | { type: 'told'; opIds: readonly string[] };

interface Running {
  tickets: number[];
  isAccepted: boolean;
  isTimedOut: boolean;
  isEnding: boolean;
}

const refused = (opId: string, code: string): OperationOutcome =>
  createOperationOutcome({ opId, status: 'refused', code, message: code });

const outcomeOf = (opId: string, job: SimulatedJob | undefined): OperationOutcome =>
  createOperationOutcome(
    job?.result === 'done'
      ? { opId, status: 'done', result: 'done' }
      : { opId, status: 'failed', result: job ? 'failed' : 'not-applied', code: 'HEC_UNIT_FAILED' },
  );

class ModelAgent implements AgentBrain {
  readonly #ports: BrainPorts;
  readonly #running = new Map<string, Running>();
  readonly #ended = new Map<string, { outcome: OperationOutcome; wasApplied: boolean }>();
  readonly #untold = new Set<string>();
  #highestEpoch: number;
  #isOpen = false;
  #isReporting = false;

  constructor(ports: BrainPorts) {
    this.#ports = ports;
    this.#highestEpoch = ports.highestEpoch;
    for (const record of ports.disk.durable as readonly ModelRecord[]) this.#fold(record);
    for (const opId of this.#running.keys()) this.#watch(opId);
  }

  #fold(record: ModelRecord): void {
    if (record.type === 'begun') {
      this.#highestEpoch = Math.max(this.#highestEpoch, record.epoch);
      const lost = { tickets: [], isAccepted: true, isTimedOut: true, isEnding: false };
      this.#running.set(record.opId, lost);
    } else if (record.type === 'ended') {
      const { outcome, wasApplied } = record;
      this.#running.delete(outcome.opId);
      this.#ended.set(outcome.opId, { outcome, wasApplied });
      this.#untold.add(outcome.opId);
    } else for (const opId of record.opIds) this.#untold.delete(opId);
  }

  apply(ticket: number, operation: Operation): void {
    const { opId, epoch } = operation;
    const running = this.#running.get(opId);
    const ended = this.#ended.get(opId);
    if (running) running.tickets.push(ticket);
    else if (ended) this.#ports.answer(ticket, { ...ended.outcome, replayed: true });
    else if (epoch < this.#highestEpoch) this.#ports.answer(ticket, refused(opId, 'HEC_EPOCH'));
    else if (this.#ports.bootTimeMs() > operation.notAfterClockMs) this.#expire(ticket, opId);
    else this.#begin(ticket, operation);
  }

  #expire(ticket: number, opId: string): void {
    const outcome = refused(opId, 'HEC_EXPIRED');
    this.#ended.set(opId, { outcome, wasApplied: false });
    this.#ports.append([{ type: 'ended', outcome, wasApplied: false }], () =>
      this.#ports.answer(ticket, outcome),
    );
  }

  #begin(ticket: number, operation: Operation): void {
    const { opId, epoch, timeLimitMs } = operation;
    const running: Running = { tickets: [ticket], isAccepted: false, isTimedOut: false, isEnding: false };
    this.#running.set(opId, running);
    this.#ports.later(timeLimitMs, () => this.#timeOut(opId, running));
    this.#ports.append([{ type: 'begun', opId, epoch }], () => {
      // The disk may have taken long.
      if (this.#ports.bootTimeMs() > operation.notAfterClockMs) this.#giveUp(opId, running);
      else this.#call(operation, running);
    });
  }

  #giveUp(opId: string, running: Running): void {
    this.#running.delete(opId);
    for (const ticket of running.tickets) this.#expire(ticket, opId);
    if (running.tickets.length > 0) return;
    // Somebody may have been told that it runs.
    this.#expire(-1, opId);
    this.#untold.add(opId);
    this.#report();
  }

  #call({ opId, unit }: Operation, running: Running): void {
    this.#ports.atSystemd(this.#ports.random() * 3, () => {
      this.#ports.systemd.start(opId, unit);
      this.#ports.later(this.#ports.random() * 3, () => {
        running.isAccepted = true;
        for (const waiting of running.tickets) this.#ports.accepted(waiting, opId);
        this.#watch(opId);
      });
    });
  }

  #timeOut(opId: string, running: Running): void {
    if (this.#running.get(opId) !== running || running.isEnding) return;
    running.isTimedOut = true;
    const outcome = createOperationOutcome({ opId, status: 'timeout', code: 'HEC_TIMEOUT' });
    for (const ticket of running.tickets.splice(0)) this.#ports.answer(ticket, outcome);
  }

  jobRemoved({ opId }: SimulatedJob): void {
    if (this.#running.get(opId)?.isAccepted) this.#end(opId);
  }

  /** A signal that was lost is found by looking. */
  #watch(opId: string): void {
    this.#ports.later(1, () => {
      if (!this.#running.has(opId)) return;
      const job = this.#ports.systemd.byOpId.get(opId);
      if (job && job.result === undefined) this.#ports.later(2000, () => this.#watch(opId));
      else this.#end(opId);
    });
  }

  #end(opId: string): void {
    const running = this.#running.get(opId);
    if (!running || running.isEnding) return;
    running.isEnding = true;
    const outcome = outcomeOf(opId, this.#ports.systemd.byOpId.get(opId));
    this.#ports.append([{ type: 'ended', outcome, wasApplied: true }], () => {
      this.#running.delete(opId);
      this.#ended.set(opId, { outcome, wasApplied: true });
      for (const ticket of running.tickets) this.#ports.answer(ticket, outcome);
      if (running.tickets.length === 0) this.#untold.add(opId);
      else this.#ports.append([{ type: 'told', opIds: [opId] }]);
      this.#report();
    });
  }

  resolve(ticket: number, epoch: number, opIds: readonly string[]): void {
    if (epoch < this.#highestEpoch) {
      this.#ports.fail(ticket, 'HEC_EPOCH');
      return;
    }
    const news: ModelRecord[] = [];
    const operations = opIds.map((opId): ResolvedOperation => {
      if (this.#running.has(opId)) return createResolvedOperation({ opId, resolution: 'running' });
      const ended = this.#ended.get(opId);
      if (ended?.wasApplied)
        return createResolvedOperation({ opId, resolution: 'finished', outcome: ended.outcome });
      const outcome = ended?.outcome ?? refused(opId, 'HEC_EXPIRED');
      if (!ended) {
        this.#ended.set(opId, { outcome, wasApplied: false });
        news.push({ type: 'ended', outcome, wasApplied: false });
      }
      return createResolvedOperation({ opId, resolution: 'never-applied', outcome });
    });
    const answer = () => this.#ports.answerResolve(ticket, operations);
    if (news.length === 0) answer();
    else this.#ports.append(news, answer);
  }

  abandoned(ticket: number): void {
    for (const running of this.#running.values())
      running.tickets = running.tickets.filter((each) => each !== ticket);
  }

  epoch(epoch: number): void {
    this.#highestEpoch = Math.max(this.#highestEpoch, epoch);
  }

  session(isOpen: boolean): void {
    this.#isOpen = isOpen;
    this.#isReporting = false;
    this.#report();
  }

  #report(): void {
    if (!this.#isOpen || this.#isReporting || this.#untold.size === 0) return;
    this.#isReporting = true;
    const outcomes = [...this.#untold].slice(0, 5).map((opId) => this.#ended.get(opId)?.outcome);
    this.#ports.report(outcomes.filter((outcome) => outcome !== undefined));
  }

  reported(opIds: readonly string[]): void {
    this.#isReporting = false;
    for (const opId of opIds) this.#untold.delete(opId);
    this.#ports.append([{ type: 'told', opIds }]);
    this.#report();
  }

  reportFailed(): void {
    this.#ports.later(1000, () => {
      this.#isReporting = false;
      this.#report();
    });
  }

  isAtRest(): boolean {
    return this.#running.size === 0 && this.#untold.size === 0;
  }
}

export const modelBrain = (ports: BrainPorts): AgentBrain => new ModelAgent(ports);
