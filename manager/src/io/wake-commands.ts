/**
 * Commands that switch hosts on, by their BMCs for one. A host that is not online is to be woken at every look of its gate;
 * its command runs once, and again only half a minute after it has ended: a BMC that has just got power answers late, and
 * one that is asked all the time not at all.
 */
import type { NodeName } from '@hecate/proto/core/names.ts';
import type { WakeTarget } from '../core/plan/plan.ts';
import { runHook } from './hook-runner.ts';

export interface WakeCommandPorts {
  /** CLOCK_BOOTTIME or any other that never goes back. */
  nowMs(): number;
  /** A sentence: what a command said, or how it failed. */
  tell(node: NodeName, sentence: string): void;
}

const timeLimitMs = 25_000;
const repeatIntervalMs = 30_000;
/** What one command writes is told so far (I14). */
const linesMax = 20;

export class WakeCommands {
  readonly #ports: WakeCommandPorts;
  /** When it may run again, by node; while it runs: never. */
  readonly #notBeforeMs = new Map<NodeName, number>();

  constructor(ports: WakeCommandPorts) {
    this.#ports = ports;
  }

  /** Runs those that are due. @returns when they have ended; it never rejects */
  async wake(targets: readonly WakeTarget[]): Promise<void> {
    const nowMs = this.#ports.nowMs();
    await Promise.all(
      targets.map(async ({ node, command }) => {
        if (command === undefined || nowMs < (this.#notBeforeMs.get(node) ?? nowMs)) return;
        this.#notBeforeMs.set(node, Number.POSITIVE_INFINITY);
        await this.#run(node, command);
        this.#notBeforeMs.set(node, this.#ports.nowMs() + repeatIntervalMs);
      }),
    );
  }

  async #run(node: NodeName, command: readonly string[]): Promise<void> {
    let lines = 0;
    const onLine = (line: string): void => {
      lines += 1;
      if (lines <= linesMax) this.#ports.tell(node, `${command[0]}: ${line}`);
    };
    const { message } = await runHook(command, { timeLimitMs, environment: { HECATE_NODE: node }, onLine });
    if (message !== '') this.#ports.tell(node, `it could not be switched on: ${message}`);
  }
}
