/**
 * `last-hosts.json`: from which host each node's agent last dialled. A node that was switched off before the manager
 * was restarted can still be looked for on the network then.
 */
import { readFile } from 'node:fs/promises';
import { writeFileAtomically } from '@hecate/proto/io/atomic-file.ts';

/** More names than a site has (I14). */
const hostsMax = 10_000;

export class LastHosts {
  readonly #path: string;
  readonly #hosts: Map<string, string>;
  #writing: Promise<void> | undefined;
  #isChanged = false;

  private constructor(path: string, hosts: Map<string, string>) {
    this.#path = path;
    this.#hosts = hosts;
  }

  /** What cannot be read is forgotten: the next sessions tell it anew. */
  static async open(path: string): Promise<LastHosts> {
    const value: unknown = await readFile(path, 'utf8')
      .then((text) => JSON.parse(text) as unknown)
      .catch(() => ({}));
    const entries = Object.entries(value ?? {}).filter(([, host]) => typeof host === 'string');
    return new LastHosts(path, new Map(entries as [string, string][]));
  }

  get(node: string): string | undefined {
    return this.#hosts.get(node);
  }

  /** Written in the background: a disk that is full costs only what this is for. */
  set(node: string, host: string): void {
    if (host === '' || this.#hosts.get(node) === host || this.#hosts.size >= hostsMax) return;
    this.#hosts.set(node, host);
    this.#isChanged = true;
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
  }

  async #write(): Promise<void> {
    while (this.#isChanged) {
      this.#isChanged = false;
      const text = `${JSON.stringify(Object.fromEntries([...this.#hosts].sort()), null, 2)}\n`;
      await writeFileAtomically(this.#path, text).catch(() => undefined);
    }
  }

  async close(): Promise<void> {
    await this.#writing;
  }
}
