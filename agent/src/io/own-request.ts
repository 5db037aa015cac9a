/** An operation that the node itself asks for, in the shape of one that came over the wire. */
import type { Operation } from '@hecate/proto/generated/wire.ts';
import type { IncomingRequest } from '@hecate/proto/io/session-host.ts';
import type { Logger } from './logger.ts';

/** Nobody reads what its command writes: it goes to the log. */
export const ownRequest = (operation: Operation, log: Logger): IncomingRequest => ({
  method: { case: 'apply', value: operation },
  timeLimitMs: operation.timeLimitMs,
  signal: new AbortController().signal,
  sendItem: async (item) => {
    if (item.case !== 'output') return true;
    const text = Buffer.from(item.value.data).toString();
    log.debug('a command of its own wrote', { opId: operation.opId, text });
    return true;
  },
});
