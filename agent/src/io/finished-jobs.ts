/**
 * The last finished jobs. A job on a unit that is active already is over at once: its JobRemoved can be here before
 * the one who asked for it has begun to wait.
 */
import type { FinishedJob } from '../core/systemd-port.ts';

export class FinishedJobs {
  private readonly jobs = new Map<string, FinishedJob>();
  private readonly countMax: number;

  /** 1,024: at most 64 of our calls are in flight, but a boot finishes hundreds of jobs that are not ours. */
  constructor(countMax = 1024) {
    this.countMax = countMax;
  }

  add(job: FinishedJob): void {
    this.jobs.delete(job.jobPath);
    this.jobs.set(job.jobPath, job);
    if (this.jobs.size <= this.countMax) return;
    const oldest = this.jobs.keys().next();
    if (!oldest.done) this.jobs.delete(oldest.value);
  }

  get(jobPath: string): FinishedJob | undefined {
    return this.jobs.get(jobPath);
  }

  /** For another systemd process: it counts its jobs from 1 again. */
  clear(): void {
    this.jobs.clear();
  }
}
