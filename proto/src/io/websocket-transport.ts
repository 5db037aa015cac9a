/** Frames over a WebSocket (the ws package), binary messages only. */
import { Socket } from 'node:net';
import WebSocket from 'ws';
import { limits } from '../core/limits.ts';
import type { FrameTransport } from './transport.ts';

/** What both ends pass to ws: no compression (it costs 240 MiB per 1,000 sessions), explicit low limits. */
export const webSocketOptions = {
  perMessageDeflate: false,
  maxPayload: limits.frameBytesMax,
  maxFragments: 16,
  maxBufferedChunks: 1024,
  skipUTF8Validation: true,
} as const;

/** Half of a closing handshake that never comes back is cut off after this. */
const closeTimeoutMs = 2000;

/**
 * The TCP socket under a TLS one, which alone can be reset (a TLSSocket throws ERR_INVALID_HANDLE_TYPE). Node keeps
 * it in `_parent` (lib/_tls_wrap.js); where it is not there the connection is closed without a reset.
 */
function tcpBelow(socket: Socket): Socket | undefined {
  if (!('encrypted' in socket)) return socket;
  const parent: unknown = '_parent' in socket ? socket._parent : undefined;
  return parent instanceof Socket && !('encrypted' in parent) ? parent : undefined;
}

export function webSocketTransport(socket: WebSocket, tcp: Socket, remote: string): FrameTransport {
  let frameBytesMax: number = limits.helloBytesMax;
  let isOver = false;
  const over = (reason: string): void => {
    if (isOver) return;
    isOver = true;
    transport.onClose(reason);
  };
  const abort = (): void => {
    // A reset throws away what the kernel still holds: a command must not arrive after the link heals.
    tcpBelow(tcp)?.resetAndDestroy();
    socket.terminate();
  };
  const transport: FrameTransport = {
    remote,
    onFrame: () => undefined,
    onClose: () => undefined,
    onDrain: () => undefined,
    send(bytes) {
      if (isOver || socket.readyState !== WebSocket.OPEN) return;
      if (socket.bufferedAmount > limits.sendQueueBytesMax) {
        abort();
        return over(`the peer does not read: ${socket.bufferedAmount} bytes wait`);
      }
      socket.send(bytes);
    },
    close() {
      if (socket.readyState === WebSocket.CLOSED) return;
      socket.close(1000);
      const timer = setTimeout(() => abort(), closeTimeoutMs);
      socket.once('close', () => clearTimeout(timer));
    },
    abort,
    bufferedBytes: () => socket.bufferedAmount,
    setFrameBytesMax(bytesMax) {
      frameBytesMax = bytesMax;
    },
  };
  tcp.on('drain', () => transport.onDrain());
  socket.on('message', (data, isBinary) => {
    const bytes = data as Buffer;
    if (!isBinary || bytes.length > frameBytesMax) {
      abort();
      return over(
        isBinary ? `a frame of ${bytes.length} bytes, allowed are ${frameBytesMax}` : 'a text frame',
      );
    }
    transport.onFrame(bytes);
  });
  socket.on('error', (error) => over(error.message));
  socket.on('close', (code) => over(`the connection was closed (${code})`));
  return transport;
}
