import type { Socket } from 'node:net';

/** The state of the network between two ends; shared by all pipes of one proxy and changed under them. */
export interface Weather {
  isCut: boolean;
  /** One way. */
  delayMs: number;
  /** For each pipe; Infinity = not limited. */
  bytesPerSecond: number;
}

/** Bytes that this pipe holds before it stops reading: about what a kernel's send buffer takes. */
const heldLimitBytes = 4 * 1024 * 1024;

type Item = { kind: 'bytes'; bytes: Buffer; dueMs: number } | { kind: 'end'; dueMs: number };

/**
 * One direction of a connection. Reads its source at once and holds what the weather does not let through, in
 * order, so that it behaves as TCP over a bad link does: bytes sent before or during a cut arrive after it, unless
 * their sender has reset the connection meanwhile, in which case they never do.
 */
export class FaultPipe {
  private readonly source: Socket;
  private readonly weather: Weather;
  private sink: Socket | undefined;
  private queue: Item[] = [];
  private timer: NodeJS.Timeout | undefined;
  private freeAtMs = 0;
  private waitingForDrain = false;
  /** Bytes read and not yet passed on. */
  heldBytes = 0;
  deliveredBytes = 0;

  constructor(source: Socket, weather: Weather) {
    this.source = source;
    this.weather = weather;
    source.on('data', (bytes: Buffer) => {
      this.heldBytes += bytes.length;
      this.add({ kind: 'bytes', bytes, dueMs: performance.now() + weather.delayMs });
      if (this.heldBytes > heldLimitBytes) source.pause();
    });
    source.on('end', () => this.add({ kind: 'end', dueMs: performance.now() + weather.delayMs }));
  }

  /** Whether the source has said that it will send no more. */
  get hasEnded(): boolean {
    return this.queue.at(-1)?.kind === 'end';
  }

  /** Gives the pipe its other end. */
  attach(sink: Socket): void {
    this.sink = sink;
    sink.on('drain', () => {
      this.waitingForDrain = false;
      this.pump();
    });
    this.pump();
  }

  private add(item: Item): void {
    this.queue.push(item);
    this.pump();
  }

  /** The source has reset the connection: what it sent and the network still held is lost. */
  discard(): void {
    this.queue = [];
    this.heldBytes = 0;
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  /** Passes on all that the weather allows now. Called again whenever the weather changes. */
  pump(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    while (this.sink !== undefined && !this.weather.isCut && !this.waitingForDrain) {
      const item = this.queue[0];
      if (item === undefined) break;
      const waitMs = Math.max(item.dueMs, this.freeAtMs) - performance.now();
      if (waitMs > 0) {
        this.timer = setTimeout(() => this.pump(), Math.ceil(waitMs));
        break;
      }
      this.queue.shift();
      if (this.sink.destroyed) {
        // The far end is gone and could not tell us during the cut: it answers our bytes with a reset.
        this.discard();
        this.source.resetAndDestroy();
        return;
      }
      this.deliver(item, this.sink);
    }
    if (this.heldBytes <= heldLimitBytes && !this.source.destroyed) this.source.resume();
  }

  private deliver(item: Item, sink: Socket): void {
    if (item.kind === 'end') {
      sink.end();
      return;
    }
    // A limited pipe passes on a little at a time, or one big chunk would pass at once and then block it.
    const { bytesPerSecond } = this.weather;
    const limited = Number.isFinite(bytesPerSecond);
    const size = limited ? Math.max(1, Math.ceil(bytesPerSecond / 50)) : item.bytes.length;
    const part = item.bytes.subarray(0, size);
    if (part.length < item.bytes.length) {
      this.queue.unshift({ kind: 'bytes', bytes: item.bytes.subarray(size), dueMs: item.dueMs });
    }
    if (limited) this.freeAtMs = performance.now() + (part.length / bytesPerSecond) * 1000;
    this.heldBytes -= part.length;
    this.deliveredBytes += part.length;
    this.waitingForDrain = !sink.write(part);
  }
}
