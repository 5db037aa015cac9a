/**
 * Frames over a byte stream: a 4-byte big-endian length, then the frame. The manager's Unix socket speaks
 * this rather than WebSocket, because it saves a command line a quarter of its start-up.
 */
import type { Socket } from 'node:net';
import { limits } from '../core/limits.ts';
import type { FrameTransport } from './transport.ts';

const headerBytes = 4;

/** Cuts a stream into frames. Throws when a length is over the limit: nothing after it could be trusted. */
class FrameCutter {
  #chunks: Buffer[] = [];
  #bytes = 0;
  /** Nothing is joined before this many are there: tiny pieces of a large frame would be copied over and over. */
  #wantedBytes = headerBytes;

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
  }

  next(bytesMax: number): Buffer | undefined {
    if (this.#bytes < this.#wantedBytes) return undefined;
    const all = this.#joined();
    const length = all.readUInt32BE(0);
    if (length > bytesMax) throw new RangeError(`a frame of ${length} bytes, allowed are ${bytesMax}`);
    this.#wantedBytes = headerBytes + length;
    if (all.length < this.#wantedBytes) return undefined;
    this.#wantedBytes = headerBytes;
    this.#chunks = [all.subarray(headerBytes + length)];
    this.#bytes = all.length - headerBytes - length;
    return all.subarray(headerBytes, headerBytes + length);
  }

  #joined(): Buffer {
    const [first] = this.#chunks;
    const joined = this.#chunks.length === 1 && first ? first : Buffer.concat(this.#chunks);
    this.#chunks = [joined];
    return joined;
  }
}

export function streamTransport(socket: Socket, remote: string): FrameTransport {
  let frameBytesMax: number = limits.helloBytesMax;
  let isOver = false;
  const cutter = new FrameCutter();
  let isGathering = false;
  /** Frames of one turn leave in one call of the kernel, and wake the peer once. */
  const gather = (): void => {
    if (isGathering) return;
    isGathering = true;
    socket.cork();
    process.nextTick(leave);
  };
  const leave = (): void => {
    if (!isGathering) return;
    isGathering = false;
    socket.uncork();
  };
  const end = (): void => {
    leave();
    socket.destroy();
  };
  const over = (reason: string): void => {
    if (isOver) return;
    isOver = true;
    end();
    transport.onClose(reason);
  };
  const transport: FrameTransport = {
    remote,
    onFrame: () => undefined,
    onClose: () => undefined,
    onDrain: () => undefined,
    send(bytes) {
      if (isOver || !socket.writable) return;
      if (socket.writableLength > limits.sendQueueBytesMax) return over('the peer does not read');
      const header = Buffer.allocUnsafe(headerBytes);
      header.writeUInt32BE(bytes.length);
      gather();
      socket.write(header);
      socket.write(bytes);
    },
    close() {
      socket.end();
      socket.setTimeout(2000, () => socket.destroy());
    },
    abort: end,
    bufferedBytes: () => socket.writableLength,
    setFrameBytesMax(bytesMax) {
      frameBytesMax = bytesMax;
    },
  };
  socket.on('data', (chunk: Buffer) => {
    cutter.push(chunk);
    try {
      for (let frame = cutter.next(frameBytesMax); frame && !isOver; frame = cutter.next(frameBytesMax)) {
        transport.onFrame(frame);
      }
    } catch (error) {
      over(error instanceof Error ? error.message : String(error));
    }
  });
  socket.on('drain', () => transport.onDrain());
  socket.on('error', (error) => over(error.message));
  socket.on('close', () => over('the connection was closed'));
  return transport;
}
