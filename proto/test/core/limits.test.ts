import { limits, protocolMax, protocolMin, subprotocol } from '@hecate/proto/core/limits.ts';
import t from 'tap';

t.test('limits fit into each other', async (t) => {
  t.ok(limits.helloBytesMax < limits.frameBytesMax);
  t.ok(limits.batchBytesMax * 2 < limits.frameBytesMax, 'a batch and its envelope fit a frame');
  t.ok(limits.longTextLengthMax < limits.frameBytesMax, 'a long ASCII text and its envelope fit a frame');
  t.ok(limits.sendQueueHighWaterBytes < limits.sendQueueBytesMax);
  t.ok(limits.frameBytesMax < limits.sendQueueBytesMax);
  t.ok(limits.requestsInFlightMax < 128, 'dbus-daemon allows 128 pending replies');
  t.ok(limits.heartbeatIntervalMsMin < limits.heartbeatIntervalMsMax);
});

t.test('versions', async (t) => {
  t.ok(protocolMin >= 1 && protocolMin <= protocolMax);
  t.equal(subprotocol, `hecate.v${protocolMax}`);
});
