/** A small file that is written in the background: one write at a time, and of what has changed meanwhile the newest. */
import { writeFileAtomically } from '@hecate/proto/io/atomic-file.ts';

export class BackgroundFile {
  readonly #path: string;
  readonly #makeText: () => string;
  #writing: Promise<void> | undefined;
  #isChanged = false;

  /** @param makeText what the file is to hold at the moment */
  constructor(path: string, makeText: () => string) {
    this.#path = path;
    this.#makeText = makeText;
  }

  /** A disk that refuses costs only what the file is for: the next change is written again. */
  changed(): void {
    this.#isChanged = true;
    this.#writing ??= this.#write();
  }

  /** Resolves when every change of before is durable, or was refused by the disk. */
  async written(): Promise<void> {
    await this.#writing;
  }

  async #write(): Promise<void> {
    while (this.#isChanged) {
      this.#isChanged = false;
      await writeFileAtomically(this.#path, this.#makeText()).catch(() => undefined);
    }
    // In the turn that found nothing changed: what changes after it is written anew.
    this.#writing = undefined;
  }
}
