/**
 * Tells the world of runs: a web address (POST, JSON) or a command of the coordinator (JSON on its stdin). Each target
 * has a queue of its own, and is tried again while it cannot be reached; a run never waits for it. What waits is kept
 * over a restart: each is told at least once, and more than once only where the manager died between telling and noting
 * that. The same has the same id then. Durable is the end of a run, which waits for it (`kept`); what else is told of it
 * (started, stage-done, degraded) is written in the background, and lost where the manager dies in the moment between.
 */

import { createHash } from 'node:crypto';
import { formatDuration } from '@hecate/proto/core/duration-text.ts';
import type { Notification, NotificationEvent } from '../config/manager-config.ts';
import { runHook } from './hook-runner.ts';
import { keyOfTarget, type NoticeFile } from './notice-file.ts';

/** What is told. Times are Unix time. */
export interface RunNotice {
  /** Of what has happened: two with the same id tell of the same. */
  readonly id: string;
  readonly site: string;
  readonly event: NotificationEvent;
  readonly runId: string;
  readonly plan: string;
  readonly kind: string;
  readonly mode: string;
  /** A sentence. */
  readonly text: string;
  readonly requestedBy: string;
  readonly reason: string;
  readonly isRehearsal: boolean;
  readonly atMs: number;
}

export interface NotifierOptions {
  /** Told of each failure, and of what was given up. */
  readonly onFailure: (message: string) => void;
  /** What waits outlives the manager; undefined: it does not. */
  readonly file?: NoticeFile | undefined;
  /** Before the first new attempt; doubles up to the longest. */
  readonly retryMs?: { readonly min: number; readonly max: number };
}

/** Notices that wait for one target; the oldest goes first when there are more (I14). */
const waitingMax = 100;
const sendTimeLimitMs = 10_000;
const retryMsDefault = { min: 1000, max: 300_000 };
/** A notice that could not be told for so long is given up. */
const ageMaxMs = 24 * 3_600_000;

export class Notifier {
  readonly #options: NotifierOptions;
  #targets: Target[] = [];

  constructor(options: NotifierOptions) {
    this.#options = options;
  }

  /** The configuration may have changed: who is told as before, if of other events, keeps what waits for him. */
  configure(notifications: readonly Notification[]): void {
    const { file, onFailure } = this.#options;
    const before = new Map(this.#targets.map((target) => [target.key, target]));
    const wanted = Map.groupBy(notifications, keyOfTarget);
    this.#targets = [...wanted].flatMap(([key, [first, ...others]]) => {
      if (!first) return [];
      const target = before.get(key) ?? new Target(first, this.#options);
      target.events = new Set([first, ...others].flatMap(({ events }) => events));
      return [target];
    });
    const gone = [...before.values()].filter(({ key }) => !wanted.has(key));
    const waiting = gone.reduce((count, target) => count + target.waitingCount, 0);
    for (const target of gone) target.close();
    const dropped = file?.keepOnly(new Set(wanted.keys())) ?? waiting;
    if (dropped > 0)
      onFailure(`who is told no more is not told what waits for him, either: ${dropped} dropped`);
  }

  tell(told: Omit<RunNotice, 'id'>): void {
    const notice = { id: idOf(told), ...told };
    for (const target of this.#targets) {
      if (target.events.has(notice.event)) target.add(notice);
    }
  }

  /** Resolves when what waits is durable, or was refused by the disk. */
  async kept(): Promise<void> {
    await this.#options.file?.written();
  }

  /** Gives what waits one more chance for so long, then lets go of it. */
  async close(timeLimitMs = 1000): Promise<void> {
    const timer = new Promise<void>((resolve) => setTimeout(resolve, timeLimitMs).unref());
    await Promise.race([Promise.all(this.#targets.map((target) => target.idle())), timer]);
    for (const target of this.#targets) target.close();
    await this.kept();
  }
}

/** Told once more after a crash, whatever the clock shows then. */
const endEvents: ReadonlySet<NotificationEvent> = new Set<NotificationEvent>(['failed', 'finished']);

function idOf({ runId, event, text, atMs }: Omit<RunNotice, 'id'>): string {
  if (runId !== '' && endEvents.has(event)) return `${runId}-${event}`;
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 8);
  return [...(runId === '' ? [] : [runId]), event, atMs, digest].join('-');
}

class Target {
  /** Of what it is told; what waits already is told in any case. */
  events: ReadonlySet<NotificationEvent> = new Set();
  readonly key: string;
  readonly #notification: Notification;
  readonly #options: NotifierOptions;
  readonly #waiting: RunNotice[];
  #working: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #wake: () => void = () => undefined;
  #isClosed = false;

  constructor(notification: Notification, options: NotifierOptions) {
    this.#notification = notification;
    this.#options = options;
    this.key = keyOfTarget(notification);
    // What a manager before this one has left.
    this.#waiting = [...(options.file?.get(this.key) ?? [])];
    if (this.#waiting.length > 0) this.#work();
  }

  get waitingCount(): number {
    return this.#waiting.length;
  }

  add(notice: RunNotice): void {
    if (this.#waiting.some(({ id }) => id === notice.id)) return;
    this.#waiting.push(notice);
    if (this.#waiting.length > waitingMax) {
      this.#waiting.shift();
      this.#options.onFailure(`${this.#name}: ${waitingMax} notices wait, the oldest was given up`);
    }
    this.#keep();
    this.#work();
  }

  /** What waits stays kept, for the next start. */
  close(): void {
    this.#isClosed = true;
    this.#waiting.length = 0;
    this.#wake();
  }

  #keep(): void {
    this.#options.file?.set(this.key, this.#waiting);
  }

  /** Resolves when nothing waits any more. */
  async idle(): Promise<void> {
    this.#wake();
    await this.#working;
  }

  get #name(): string {
    const notification = this.#notification;
    return notification.type === 'webhook' ? new URL(notification.url).host : (notification.argv[0] ?? '');
  }

  #work(): void {
    this.#working ??= this.#tellAll().finally(() => {
      this.#working = undefined;
      if (this.#waiting.length > 0) this.#work();
    });
  }

  async #tellAll(): Promise<void> {
    const { min, max } = this.#options.retryMs ?? retryMsDefault;
    let pauseMs = min;
    for (let notice = this.#waiting[0]; notice && !this.#isClosed; notice = this.#waiting[0]) {
      const failure = await tell(this.#notification, notice);
      const isTooOld = Date.now() - notice.atMs > ageMaxMs;
      if (failure === undefined || isTooOld) {
        if (this.#waiting[0] === notice) this.#waiting.shift();
        if (!this.#isClosed) this.#keep();
        pauseMs = min;
      }
      if (failure === undefined) continue;
      const then = isTooOld ? 'given up' : `tried again in ${formatDuration(pauseMs)}`;
      this.#options.onFailure(`${this.#name} could not be told of run ${notice.runId}: ${failure}: ${then}`);
      if (!isTooOld) await this.#pause(pauseMs);
      pauseMs = Math.min(max, pauseMs * 2);
    }
  }

  async #pause(pauseMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      this.#timer = setTimeout(resolve, pauseMs);
    });
    clearTimeout(this.#timer);
  }
}

/** @returns why it could not be told */
function tell(notification: Notification, notice: RunNotice): Promise<string | undefined> {
  const text = JSON.stringify(notice);
  return notification.type === 'webhook' ? post(notification.url, text) : run(notification.argv, text);
}

async function post(url: string, body: string): Promise<string | undefined> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      redirect: 'error',
      signal: AbortSignal.timeout(sendTimeLimitMs),
    });
    await response.body?.cancel();
    return response.ok ? undefined : `it answers with ${response.status}`;
  } catch (error) {
    const { cause } = error as { cause?: { message?: string } };
    return cause?.message || (error instanceof Error ? error.message : String(error));
  }
}

async function run(argv: readonly string[], input: string): Promise<string | undefined> {
  const { exitStatus, message } = await runHook(argv, { timeLimitMs: sendTimeLimitMs, input });
  return exitStatus === 0 ? undefined : message;
}
