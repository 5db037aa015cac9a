/** Cuts a byte stream into whole lines and puts a name before each. */
const newline = 10;
/** A line that never ends is cut here (I14). */
const lineBytesMax = 64 * 1024;

export class LinePrefixer {
  readonly #prefix: Uint8Array;
  #rest = new Uint8Array(0);

  constructor(prefix: string) {
    this.#prefix = new TextEncoder().encode(prefix);
  }

  /** The lines that are complete now. */
  push(data: Uint8Array): Uint8Array {
    const all = joined([this.#rest, data]);
    const lines: Uint8Array[] = [];
    let start = 0;
    for (let end = all.indexOf(newline); end >= 0; end = all.indexOf(newline, start)) {
      lines.push(this.#prefix, all.subarray(start, end + 1));
      start = end + 1;
    }
    this.#rest = all.slice(start);
    if (this.#rest.length >= lineBytesMax) lines.push(this.end());
    return joined(lines);
  }

  /** What is left, made a line. */
  end(): Uint8Array {
    const rest = this.#rest;
    this.#rest = new Uint8Array(0);
    return rest.length === 0 ? rest : joined([this.#prefix, rest, Uint8Array.of(newline)]);
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
