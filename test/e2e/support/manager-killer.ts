/** Kills the manager of a cluster at each commit of its journal of runs, the moment that it is in the file. */
import { type FSWatcher, readFileSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { scanRecordLines } from '@hecate/proto/io/record-line.ts';
import { stateDirectory } from '../../site/cluster-manager.ts';
import type { ClusterSite } from '../../site/cluster-site.ts';

interface JournalRecord {
  readonly type: string;
}

/** A manager that has just started says so, and has done nothing since: to kill it there would go on without end. */
const isProgress = (commit: readonly JournalRecord[]): boolean =>
  commit.some(({ type }) => type !== 'resumed' && type !== 'withdrawn');

const nameOf = (commit: readonly JournalRecord[]): string => commit.map(({ type }) => type).join('+');

export interface KillerOptions {
  /** 0: with the record hardly in the file, mostly before anything of it is sent. Default 0. */
  readonly delayMs?: number;
}

export class ManagerKiller {
  /** The commit at which it was killed, by its records. */
  readonly hits: string[] = [];
  /** Commits that were followed by another before anybody looked. */
  readonly missed: string[] = [];
  private readonly root: string;
  private readonly journal: string;
  private readonly watcher: FSWatcher;
  private readonly delayMs: number;
  private seen: number;
  private isKilling = false;

  /** From the records that are there now. For a coordinator that is up, until it goes off. */
  constructor(cluster: ClusterSite, { delayMs = 0 }: KillerOptions = {}) {
    this.root = `/proc/${cluster.coordinator.hostPid(1)}/root`;
    this.journal = join(this.root, stateDirectory, 'journal/runs.records');
    this.delayMs = delayMs;
    this.seen = this.commits().length;
    this.watcher = watch(join(this.journal, '..'), () => void this.look());
    this.watcher.on('error', () => undefined); // the coordinator is off
  }

  stop(): void {
    this.watcher.close();
  }

  private commits(): JournalRecord[][] {
    try {
      return scanRecordLines(readFileSync(this.journal)).values as JournalRecord[][];
    } catch {
      return []; // the coordinator is off, or there was no run yet
    }
  }

  private async look(): Promise<void> {
    if (this.isKilling) return;
    const commits = this.commits();
    const fresh = commits.length < this.seen ? [] : commits.slice(this.seen).filter(isProgress);
    this.seen = commits.length;
    const last = fresh.pop();
    if (!last) return;
    this.missed.push(...fresh.map(nameOf));
    this.isKilling = true;
    if (this.delayMs > 0) await sleep(this.delayMs);
    if (this.kill()) this.hits.push(nameOf(last));
    this.isKilling = false;
    await this.look();
  }

  /** All of the service at once, as the kernel's own killer would. */
  private kill(): boolean {
    const group = join(this.root, 'sys/fs/cgroup/system.slice/hecate-manager.service');
    try {
      writeFileSync(join(group, 'cgroup.kill'), '1');
      return true;
    } catch {
      return false; // it was not running
    }
  }

  /** For the test's output. */
  summary(): string {
    return `killed at ${this.hits.length} commits (${this.hits.join(', ')}); not seen in time: ${this.missed.length}`;
  }
}
