/** Every limit of the wire in one place (I14). Where a number comes from stands beside it. */
export const limits = {
  /** Largest frame of an established session. A full `show` of a unit is about 40 KB, a snapshot part 64 KB. */
  frameBytesMax: 256 * 1024,
  /** Largest frame before Welcome: a Hello is under 300 bytes, a Join under 1 KB. */
  helloBytesMax: 4 * 1024,
  /** How many bytes of items a sender puts in one batch, so that a batch with its envelope fits a frame. */
  batchBytesMax: 64 * 1024,
  /** Longest text of an ordinary field. */
  textLengthMax: 4096,
  /** Longest text of a message for people, a unit file, a metrics page, one log line. */
  longTextLengthMax: 200 * 1024,
  /** systemd's own UNIT_NAME_MAX is 255 bytes. */
  unitNameBytesMax: 255,
  /** Patterns, units or nodes in one request. */
  listLengthMax: 1024,
  /** Requests in flight in one direction of a session; dbus-daemon allows 128 pending replies. */
  requestsInFlightMax: 64,
  /** Frames that wait for a slow socket, in bytes, before the session is closed as hopeless. */
  sendQueueBytesMax: 8 * 1024 * 1024,
  /** Above this, optional traffic (unit changes, monitor events) is coalesced instead of sent. */
  sendQueueHighWaterBytes: 256 * 1024,
  /** Stream items that a receiver allows ahead. */
  streamCreditItems: 32,
  /** From the connection to a valid Hello. */
  helloTimeLimitMs: 10_000,
  heartbeatIntervalMsMin: 100,
  heartbeatIntervalMsMax: 60_000,
  /** Longest time limit of a request: a day. */
  timeLimitMsMax: 86_400_000,
} as const;

/** Epochs rise by one with each start of a manager: a lead of more is a lie or a damaged file, on either side. */
export const epochLeadMax = 1_000_000;
/** The protocol versions this program speaks. */
export const protocolMin = 1;
export const protocolMax = 1;
/** WebSocket subprotocol and version, as docs/protocol.md names it. */
export const subprotocol = 'hecate.v1';
/** What the manager listens on when nothing else is said. */
export const managerPort = 2020;
export const metricsPort = 9560;
