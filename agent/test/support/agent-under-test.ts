/** A real agent on a fake systemd and a fake manager, in this process. */

import { dialWebSocket } from '@hecate/proto/io/dial-websocket.ts';
import { systemClock } from '@hecate/proto/io/system-clock.ts';
import type { Test } from 'tap';
import { FakeManager, type FakeManagerOptions } from '../../../test/support/fake-manager.ts';
import { FakeSystemd } from '../../../test/support/fake-systemd.ts';
import type { FakeUnit } from '../../../test/support/fake-units.ts';
import type { DialerLimits } from '../../src/core/dialer.ts';
import type { OperationRecord } from '../../src/core/operation-record.ts';
import { defaultPolicy } from '../../src/core/policy.ts';
import { Agent, type AgentOptions } from '../../src/io/agent.ts';
import { memoryArmedOrder } from '../../src/io/armed-order-file.ts';
import { memoryEpoch } from '../../src/io/epoch-file.ts';
import { openLogger } from '../../src/io/logger.ts';
import { ManagerLink } from '../../src/io/manager-link.ts';
import type { OperationJournal } from '../../src/io/operation-journal.ts';
import { ownUnit } from './operations.ts';

export const fakeUnits: FakeUnit[] = [
  { name: 'web.service', description: 'A web server', fileState: 'disabled' },
  { name: 'bad.service', kind: 'fails' },
  { name: 'once.service', kind: 'ends' },
  { name: 'stuck.service', kind: 'hangs' },
];

/** In memory, but as durable as its owner: what was appended is there for the next agent. */
export function sharedJournal(records: OperationRecord[]): OperationJournal {
  const append = (record: OperationRecord): void => void records.push(record);
  return {
    records: [...records],
    append: (record) => Promise.resolve(append(record)),
    appendLazily: append,
    rewrite: (all) => Promise.resolve(void records.splice(0, records.length, ...all)),
    close: () => Promise.resolve(),
  };
}

export function makeAgent(options: Partial<AgentOptions> = {}): { agent: Agent; log: string[] } {
  const log: string[] = [];
  const agent = new Agent({
    nodeName: 'alpha',
    bootId: '01234567-89ab-cdef-0123-456789abcdef',
    softwareVersion: '0.1.0',
    ownUnit,
    policy: defaultPolicy,
    journal: sharedJournal([]),
    epoch: memoryEpoch(),
    armedOrder: memoryArmedOrder(),
    logs: { read: () => Promise.resolve(), tail: () => Promise.resolve(['it broke']) },
    runCommand: () => {
      throw new Error('no commands here');
    },
    clock: systemClock,
    log: openLogger('debug', (line) => void log.push(line)),
    ...options,
  });
  return { agent, log };
}

export interface Setup {
  manager: FakeManager;
  systemd: FakeSystemd;
  agent: Agent;
  link: ManagerLink;
  log: string[];
}

/** Everything ends with the test. */
export async function setUp(
  t: Test,
  options: {
    agent?: Partial<AgentOptions>;
    manager?: FakeManagerOptions;
    limits?: DialerLimits;
    systemd?: FakeSystemd;
  } = {},
): Promise<Setup> {
  const manager = await FakeManager.listen(options.manager);
  const systemd = options.systemd ?? new FakeSystemd({ units: fakeUnits });
  const { agent, log } = makeAgent(options.agent);
  agent.busConnected(systemd);
  const link = linkTo(agent, [manager.port], options.limits);
  t.teardown(async () => {
    link.close();
    await agent.close();
    await manager.close();
  });
  return { manager, systemd, agent, link, log };
}

/** @param ports on loopback, tried in order */
export function linkTo(agent: Agent, ports: readonly number[], limits?: DialerLimits): ManagerLink {
  return new ManagerLink({
    addresses: ports.map((port) => ({ host: '127.0.0.1', port })),
    agent,
    dial: ({ address, connectTimeLimitMs, greetingTimeLimitMs }, signal) =>
      dialWebSocket({ address, tls: 'plain-loopback', connectTimeLimitMs, greetingTimeLimitMs, signal }),
    clock: systemClock,
    log: openLogger('error', () => undefined),
    ...(limits ? { limits } : {}),
  });
}
