/**
 * One run while an input changes it: records and what follows from them are gathered, and leave as one commit, so that
 * nothing is sent before it is durable (I9), and the state is what was written (I7).
 */
import type { Plan } from '../plan/plan.ts';
import { applyRecord } from './fold-records.ts';
import { isActive } from './plan-walk.ts';
import type { RunId, RunningStep, RunState } from './run.ts';
import type { RunRecord } from './run-record.ts';
import type { RunEvent, RunsEffect, RunsInstant } from './runs-state.ts';

type Unplaced<Each> = Each extends RunRecord ? Omit<Each, 'runId' | 'atMs'> : never;

export class RunDraft {
  run: RunState;
  readonly at: RunsInstant;
  readonly records: RunRecord[];
  readonly effects: RunsEffect[] = [];

  constructor(run: RunState, at: RunsInstant, records: readonly RunRecord[] = []) {
    this.run = run;
    this.at = at;
    this.records = [...records];
  }

  get runId(): RunId {
    return this.run.request.runId;
  }

  get plan(): Plan {
    return this.run.request.plan;
  }

  /** Changes what outlives the manager. */
  write(unplaced: Unplaced<RunRecord>): void {
    const record = { ...unplaced, runId: this.runId, atMs: this.at.nowMs } as RunRecord;
    this.records.push(record);
    this.run = applyRecord(this.run, record);
  }

  /** Changes what does not outlive it: phases, looks, pauses. */
  note(change: Partial<Pick<RunningStep, 'operations' | 'look' | 'retryAtMs'>>): void {
    const { running } = this.run;
    if (running) this.run = { ...this.run, running: { ...running, ...change } };
  }

  send(effect: RunsEffect): void {
    this.effects.push(effect);
  }

  tell(event: RunEvent): void {
    this.effects.push({ type: 'event', runId: this.runId, event });
  }
}

/** Whether the machine still has something to do for it: to go on, or to withdraw its orders. */
export const isHeld = (run: RunState): boolean => isActive(run) || run.armed.length > 0;
