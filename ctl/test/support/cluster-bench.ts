/** A whole manager with two fake agents, whose startup and shutdown are one unit on each. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createOperationOutcome, type Verb } from '@hecate/proto/generated/wire.ts';
import type { Test } from 'tap';
import { ManagerBench } from '../../../manager/test/support/manager-bench.ts';
import { agentsOf } from '../../../manager/test/support/runs-bench.ts';
import { type CtlResult, type RunningCtl, runCtl, startCtl } from './run-ctl.ts';

const nodes = ['node-a', 'node-b'];
const sequence = (verb: string) => ({
  stages: nodes.map((node) => ({
    name: node,
    steps: [{ [verb]: { nodes: [node] }, timeout: '30s' }],
  })),
});

export class ClusterBench {
  readonly bench: ManagerBench;
  readonly #t: Test;
  readonly #failing = new Set<Verb>();

  constructor(t: Test, config: Record<string, unknown> = {}) {
    this.bench = new ManagerBench({
      inventory: nodes.map((name) => ({ name, units: ['x.service'], address: '127.0.0.1' })),
      sequences: { startup: sequence('start'), shutdown: sequence('stop'), other: sequence('restart') },
      ...config,
    });
    this.#t = t;
    t.teardown(() => this.bench.close());
  }

  get socket(): string {
    return join(this.bench.folder, 'operator.sock');
  }

  ctl(...argv: string[]): Promise<CtlResult> {
    return runCtl(argv, { socket: this.socket });
  }

  start(...argv: string[]): RunningCtl {
    const running = startCtl(argv, { socket: this.socket });
    this.#t.teardown(() => running.child.kill('SIGKILL'));
    return running;
  }

  /** As a crash in the middle of a shutdown leaves it, when its journal is lost. */
  writeIntent(): void {
    const intent = {
      version: 1,
      runId: '01KASVJ5T0ABCDEFGHJKMNPQRS',
      plan: 'shutdown',
      mode: 'poweroff',
      reason: 'mains failed',
      sinceWallMs: Date.now(),
    };
    writeFileSync(join(this.bench.config.stateDirectory, 'intent.json'), `${JSON.stringify(intent)}\n`);
  }

  /** The next operation of this verb fails, on whichever node. */
  failOnce(verb: Verb): void {
    this.#failing.add(verb);
  }

  /** @returns starts the manager and its agents; holds operations of a verb until they are let go */
  async begin(): Promise<(verb: Verb) => () => void> {
    await this.bench.start();
    const agents = await agentsOf(this.bench, nodes);
    const held = new Map<Verb, Promise<void>>();
    for (const agent of agents.values())
      agent.onApply = async ({ opId, verb }) => {
        await held.get(verb);
        if (this.#failing.delete(verb))
          return createOperationOutcome({ opId, status: 'failed', result: 'failed' });
        return createOperationOutcome({ opId, status: 'done', result: 'done' });
      };
    return (verb) => {
      let release: () => void = () => undefined;
      held.set(verb, new Promise((resolve) => (release = resolve)));
      this.#t.teardown(release);
      return release;
    };
  }
}
