/** Bytes of a stream → whole D-Bus messages. */
import { headerBytes, messageBytes } from './bus-codec.ts';

/** Collects chunks until a message is whole; holds at most one message and one chunk. */
export class MessageFramer {
  private chunks: Buffer[] = [];
  private held = 0;
  private needed = headerBytes;
  private headerKnown = false;

  /**
   * The messages that are whole now.
   * @throws RangeError when a header is none, or promises too much.
   */
  *push(chunk: Buffer): Generator<Buffer> {
    this.chunks.push(chunk);
    this.held += chunk.length;
    while (this.held >= this.needed) {
      const all = this.chunks.length === 1 && this.chunks[0] ? this.chunks[0] : Buffer.concat(this.chunks);
      if (!this.headerKnown) {
        this.chunks = [all];
        this.needed = messageBytes(all.subarray(0, headerBytes));
        this.headerKnown = true;
        continue;
      }
      const rest = all.subarray(this.needed);
      const message = all.subarray(0, this.needed);
      this.chunks = rest.length > 0 ? [rest] : [];
      this.held = rest.length;
      this.needed = headerBytes;
      this.headerKnown = false;
      yield message;
    }
  }
}
