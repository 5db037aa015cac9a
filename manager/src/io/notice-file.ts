/**
 * `notices.json`: what is still to be told of runs, and whom, over a restart of the manager. Whom is kept as a digest:
 * addresses and commands may hold secrets.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Notification } from '../config/manager-config.ts';
import { BackgroundFile } from './background-file.ts';
import type { RunNotice } from './notifications.ts';

/** More targets than a site has (I14). */
const targetsMax = 100;

/** Who is told: of what, and its place among others, may change. */
export function keyOfTarget(notification: Notification): string {
  const address = notification.type === 'webhook' ? notification.url : notification.argv;
  const told = JSON.stringify([notification.type, address]);
  return createHash('sha256').update(told).digest('hex').slice(0, 32);
}

export class NoticeFile {
  readonly #file: BackgroundFile;
  readonly #waiting: Map<string, readonly RunNotice[]>;

  private constructor(path: string, waiting: Map<string, readonly RunNotice[]>) {
    this.#waiting = waiting;
    this.#file = new BackgroundFile(
      path,
      () => `${JSON.stringify({ version: 1, waiting: Object.fromEntries(this.#waiting) }, null, 2)}\n`,
    );
  }

  /** What cannot be read is not told: it keeps no manager down. */
  static async open(path: string): Promise<NoticeFile> {
    const value: unknown = await readFile(path, 'utf8')
      .then((text) => JSON.parse(text) as unknown)
      .catch(() => undefined);
    const { waiting } = (value ?? {}) as { waiting?: unknown };
    const entries = Object.entries(waiting ?? {}).slice(0, targetsMax);
    return new NoticeFile(
      path,
      new Map(entries.map(([key, notices]) => [key, Array.isArray(notices) ? notices.filter(isNotice) : []])),
    );
  }

  get(key: string): readonly RunNotice[] {
    return this.#waiting.get(key) ?? [];
  }

  /** Written in the background. */
  set(key: string, waiting: readonly RunNotice[]): void {
    if (waiting.length === 0) this.#waiting.delete(key);
    else this.#waiting.set(key, [...waiting]);
    this.#file.changed();
  }

  /** Those of everybody else are not told any more. @returns how many waited for them */
  keepOnly(keys: ReadonlySet<string>): number {
    const gone = [...this.#waiting].filter(([key]) => !keys.has(key));
    for (const [key] of gone) this.#waiting.delete(key);
    if (gone.length > 0) this.#file.changed();
    return gone.reduce((count, [, notices]) => count + notices.length, 0);
  }

  /** Resolves when what is waiting is durable, or was refused by the disk. */
  written(): Promise<void> {
    return this.#file.written();
  }
}

function isNotice(value: unknown): value is RunNotice {
  const notice = (value ?? {}) as Partial<Record<keyof RunNotice, unknown>>;
  const texts = [notice.id, notice.site, notice.event, notice.runId, notice.plan, notice.kind, notice.mode];
  const isWhole = [...texts, notice.text, notice.requestedBy, notice.reason].every(
    (text) => typeof text === 'string',
  );
  return isWhole && Number.isFinite(notice.atMs) && typeof notice.isRehearsal === 'boolean';
}
