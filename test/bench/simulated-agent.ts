/**
 * A real agent (session, unit stream, operation machine) on a fake systemd, light enough for a thousand in one process.
 * Its journal and epoch are in memory: what is measured is the manager.
 */
import { randomUUID } from 'node:crypto';
import type { ManagerAddress } from '@hecate/proto/core/manager-address.ts';
import { softwareVersion } from '@hecate/proto/core/version.ts';
import { dialWebSocket } from '@hecate/proto/io/dial-websocket.ts';
import { systemClock } from '@hecate/proto/io/system-clock.ts';
import { defaultPolicy } from '../../agent/src/core/policy.ts';
import { Agent } from '../../agent/src/io/agent.ts';
import { memoryArmedOrder } from '../../agent/src/io/armed-order-file.ts';
import { memoryEpoch } from '../../agent/src/io/epoch-file.ts';
import { openLogger } from '../../agent/src/io/logger.ts';
import { ManagerLink } from '../../agent/src/io/manager-link.ts';
import { memoryJournal } from '../../agent/src/io/operation-journal.ts';
import { FakeSystemd } from '../support/fake-systemd.ts';
import type { FakeUnit } from '../support/fake-units.ts';

export interface SimulatedAgentOptions {
  name: string;
  /** Plain, on loopback. */
  manager: ManagerAddress;
  units: readonly FakeUnit[];
  /** How long each of its jobs takes; default 0. */
  jobMs?: number;
}

const log = openLogger('error', () => undefined);

export class SimulatedAgent {
  readonly name: string;
  readonly systemd: FakeSystemd;
  readonly #agent: Agent;
  readonly #link: ManagerLink;

  constructor({ name, manager, units, jobMs = 0 }: SimulatedAgentOptions) {
    this.name = name;
    this.systemd = new FakeSystemd({ units, jobMs });
    this.#agent = new Agent({
      nodeName: name,
      bootId: randomUUID(),
      softwareVersion,
      ownUnit: 'hecate-agent.service',
      policy: defaultPolicy,
      journal: memoryJournal(),
      epoch: memoryEpoch(),
      armedOrder: memoryArmedOrder(),
      logs: { read: () => Promise.resolve(), tail: () => Promise.resolve([]) },
      runCommand: () => {
        throw new Error('a simulated agent runs no commands');
      },
      clock: systemClock,
      log,
    });
    this.#agent.busConnected(this.systemd);
    this.#link = new ManagerLink({
      addresses: [manager],
      agent: this.#agent,
      dial: ({ address, connectTimeLimitMs, greetingTimeLimitMs }, signal) =>
        dialWebSocket({ address, tls: 'plain-loopback', connectTimeLimitMs, greetingTimeLimitMs, signal }),
      clock: systemClock,
      log,
    });
  }

  get isConnected(): boolean {
    return this.#link.session !== undefined;
  }

  /** Why it has no session; empty while it has one. */
  get lastFailure(): string {
    return this.#link.lastFailure;
  }

  async close(): Promise<void> {
    this.#link.close();
    await this.#agent.close();
  }
}
