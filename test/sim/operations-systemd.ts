/** The systemd of one simulated host: it outlives the agent, and its memory is the truth that outcomes are held against. */
import type { VirtualTime } from './operations-time.ts';

export interface SimulatedJob {
  readonly opId: string;
  readonly unit: string;
  readonly jobId: number;
  readonly jobPath: string;
  readonly startedAtMs: number;
  result: 'done' | 'failed' | undefined;
  endedAtMs: number;
}

export class SimulatedSystemd {
  /** Every operation that was ever applied here, in order; twice is once too often (I2). */
  readonly applied: SimulatedJob[] = [];
  readonly byOpId = new Map<string, SimulatedJob>();
  /** Told when an operation is applied. */
  onApplied: (opId: string) => void = () => undefined;
  /** The agent that listens now. */
  onJobRemoved: (job: SimulatedJob) => void = () => undefined;
  readonly #time: VirtualTime;
  readonly #random: () => number;

  constructor(time: VirtualTime, random: () => number) {
    this.#time = time;
    this.#random = random;
  }

  start(opId: string, unit: string): SimulatedJob {
    const jobId = this.applied.length + 1;
    const job: SimulatedJob = {
      opId,
      unit,
      jobId,
      jobPath: `/org/freedesktop/systemd1/job/${jobId}`,
      startedAtMs: this.#time.nowMs,
      result: undefined,
      endedAtMs: 0,
    };
    this.applied.push(job);
    this.byOpId.set(opId, job);
    this.onApplied(opId);
    this.#time.after(this.#durationMs(), () => {
      job.result = this.#random() < 0.8 ? 'done' : 'failed';
      job.endedAtMs = this.#time.nowMs;
      // One signal in ten is lost: polling must find it.
      if (this.#random() < 0.9) this.onJobRemoved(job);
    });
    return job;
  }

  /** Most jobs are quick; some take longer than anybody waits. */
  #durationMs(): number {
    const kind = this.#random();
    if (kind < 0.7) return this.#random() * 50;
    return kind < 0.9 ? this.#random() * 2000 : this.#random() * 30_000;
  }
}
