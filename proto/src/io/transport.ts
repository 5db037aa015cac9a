/** What a session needs of a connection: whole frames, in order, both ways. */
export interface FrameTransport {
  /** Never throws and never blocks; a dead connection reports itself through onClose. */
  send(bytes: Uint8Array): void;
  /** Orderly: what was sent before is still delivered. */
  close(): void;
  /** At once, with RST, throwing away what waits to be sent. */
  abort(): void;
  /** Bytes handed to send() that the kernel has not taken yet. */
  bufferedBytes(): number;
  /** Larger frames end the connection; raised once the peer is known. */
  setFrameBytesMax(bytesMax: number): void;
  /** The peer's address for people: "10.0.0.7:51234", or the path of the Unix socket. */
  readonly remote: string;
  /** Set by the session before anything can arrive. */
  onFrame: (bytes: Uint8Array) => void;
  onClose: (reason: string) => void;
  onDrain: () => void;
}

/** The clocks that sessions are driven by; injected so that tests own time. */
export interface Clock {
  /** CLOCK_MONOTONIC in ms. */
  nowMs(): number;
  /** CLOCK_BOOTTIME in ms: goes on while the host is suspended, so that what expired meanwhile is expired. */
  bootTimeMs(): number;
  /** Unix time in ms: for people and sorting, never for a decision. */
  wallMs(): number;
}
