/**
 * `last-hosts.json`: from which host each node's agent last dialled, and when it was last there. A node that was switched
 * off before the manager was restarted can still be looked for on the network then, and is told of as it was.
 */
import { readFile } from 'node:fs/promises';
import { BackgroundFile } from './background-file.ts';

/** More names than a site has (I14). */
const hostsMax = 10_000;

interface LastHost {
  readonly host: string;
  /** Unix time. */
  readonly lastSeenMs: number;
}

function parseEntry(value: unknown): LastHost | undefined {
  const { host, lastSeenMs } = (value ?? {}) as Partial<Record<keyof LastHost, unknown>>;
  if (typeof host !== 'string' || !Number.isSafeInteger(lastSeenMs)) return undefined;
  return { host, lastSeenMs: Number(lastSeenMs) };
}

export class LastHosts {
  readonly #hosts: Map<string, LastHost>;
  readonly #file: BackgroundFile;

  private constructor(path: string, hosts: Map<string, LastHost>) {
    this.#hosts = hosts;
    const makeText = () => `${JSON.stringify(Object.fromEntries([...this.#hosts].sort()), null, 2)}\n`;
    this.#file = new BackgroundFile(path, makeText);
  }

  /** What cannot be read is forgotten: the next sessions tell it anew. */
  static async open(path: string): Promise<LastHosts> {
    const value: unknown = await readFile(path, 'utf8')
      .then((text) => JSON.parse(text) as unknown)
      .catch(() => ({}));
    const entries = Object.entries(value ?? {}).flatMap(([node, entry]): [string, LastHost][] => {
      const known = parseEntry(entry);
      return known ? [[node, known]] : [];
    });
    return new LastHosts(path, new Map(entries));
  }

  get(node: string): string | undefined {
    return this.#hosts.get(node)?.host || undefined;
  }

  /** Unix time; 0: never. Of a manager that was killed: of the beginning of the node's session. */
  lastSeenMs(node: string): number {
    return this.#hosts.get(node)?.lastSeenMs ?? 0;
  }

  /**
   * Written in the background: a disk that is full costs only what this is for.
   * @param host empty: as it was
   */
  set(node: string, host: string, wallMs: number): void {
    if (!this.#hosts.has(node) && this.#hosts.size >= hostsMax) return;
    this.#hosts.set(node, { host: host || (this.get(node) ?? ''), lastSeenMs: Math.round(wallMs) });
    this.#file.changed();
  }

  close(): Promise<void> {
    return this.#file.written();
  }
}
