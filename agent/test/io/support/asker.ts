/** A manager's side of an operation runner: asks for operations and keeps what is reported. */
import { join } from 'node:path';
import type { Item } from '@hecate/proto/core/frames.ts';
import type { Operation, OperationOutcome, ResolvedOperation } from '@hecate/proto/generated/wire.ts';
import { systemClock } from '@hecate/proto/io/system-clock.ts';
import { defaultPolicy, type Policy } from '../../../src/core/policy.ts';
import type { SystemdPort } from '../../../src/core/systemd-port.ts';
import { openLogger } from '../../../src/io/logger.ts';
import { openOperationJournal } from '../../../src/io/operation-journal.ts';
import { OperationRunner } from '../../../src/io/operation-runner.ts';
import { operation, opId, ownUnit } from '../../support/operations.ts';

const log = openLogger('error', (line) => void process.stderr.write(line));
let count = 0;

/** A new operation, in time for a minute. */
export const order = (fields: Partial<Operation> = {}): Operation => {
  count += 1;
  const notAfterClockMs = Math.floor(systemClock.bootTimeMs()) + 60_000;
  return operation({ opId: opId(count), epoch: 1, notAfterClockMs, ...fields });
};

export class Asker {
  readonly runner: OperationRunner;
  readonly reports: OperationOutcome[] = [];

  constructor(runner: OperationRunner) {
    this.runner = runner;
  }

  static async open(
    folder: string,
    systemd: SystemdPort,
    bootId = 'boot-1',
    policy: Policy = defaultPolicy,
  ): Promise<Asker> {
    const runner = new OperationRunner({
      nodeName: 'alpha',
      journal: await openOperationJournal(join(folder, 'operations.jsonl'), log),
      clock: systemClock,
      log,
      bootId,
      ownUnit,
      policy,
      highestEpoch: 0,
      logTail: () => Promise.resolve(['the last line']),
      runCommand: () => {
        throw new Error('no commands here');
      },
    });
    const asker = new Asker(runner);
    runner.busConnected(systemd);
    // Before every OpId of the tests.
    const managerWallMs = 1_600_000_000_000;
    runner.sessionOpened((outcomes) => Promise.resolve(void asker.reports.push(...outcomes)), managerWallMs);
    return asker;
  }

  #request(items: Item[], signal = new AbortController().signal) {
    return {
      method: { case: 'query', value: { query: { case: undefined } } },
      timeLimitMs: 60_000,
      signal,
      sendItem: (item: Item) => Promise.resolve(items.push(item) > 0),
    } as const;
  }

  async apply(asked: Operation, items: Item[] = [], signal?: AbortSignal): Promise<OperationOutcome> {
    const outcome = await this.runner.apply(this.#request(items, signal), asked);
    if (outcome.case !== 'operation') throw new Error(outcome.case);
    return outcome.value;
  }

  async resolve(...opIds: string[]): Promise<ResolvedOperation[]> {
    const outcome = await this.runner.resolve(this.#request([]), { epoch: 1, opIds });
    if (outcome.case !== 'resolvedOperations') throw new Error(outcome.case);
    return outcome.value.operations;
  }
}
