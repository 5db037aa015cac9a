/**
 * A program for the inside of a node: a fake manager on the node's own loopback that arms one order, says so, and stays
 * until it is killed. Usage: arming-manager.ts PORT BEGIN_IN_MS RUN_ID
 */
import { createArmedOperation, createArmShutdown } from '@hecate/proto/generated/wire.ts';
import { systemClock } from '@hecate/proto/io/system-clock.ts';
import { FakeManager } from '../../support/fake-manager.ts';

const [port = '', beginInMs = '', runId = ''] = process.argv.slice(2);
const manager = await FakeManager.listen({ port: Number(port), heartbeatIntervalMs: 500 });
const { outcome } = await manager.ask({
  case: 'armShutdown',
  value: createArmShutdown({
    runId,
    epoch: 1,
    beginAtClockMs: Math.ceil(systemClock.bootTimeMs() + Number(beginInMs)),
    reason: 'on battery',
    operations: [
      createArmedOperation({ verb: 'stop', unit: 'witness.service', timeLimitMs: 20_000 }),
      createArmedOperation({ verb: 'poweroff', timeLimitMs: 20_000 }),
    ],
  }),
});
process.stdout.write(`${outcome.case}\n`);
