/** A serial UPS, played on a pseudo-terminal (megatec-device.pl): what a real driver, nutdrv_qx, finds at its port. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ownEnvironment } from '../nodes/clean-environment.ts';
import { until } from '../nodes/until.ts';
import type { Scope } from './upsd.ts';

export class SerialUps {
  /** The terminal that a driver opens. */
  readonly port: string;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: string[];

  private constructor(child: ChildProcessWithoutNullStreams, lines: string[], port: string) {
    this.#child = child;
    this.#lines = lines;
    this.port = port;
  }

  static async start(scope: Scope): Promise<SerialUps> {
    const script = join(import.meta.dirname, 'megatec-device.pl');
    const child = spawn('perl', [script], { env: ownEnvironment() });
    scope.teardown(async () => void child.kill('SIGKILL'));
    const lines: string[] = [];
    createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
    createInterface({ input: child.stderr }).on('line', (line) => lines.push(line));
    const port = await until(() => lines.map((line) => /^device (.+)$/.exec(line)?.[1]).find(Boolean), {
      what: 'the serial UPS has its terminal',
    });
    return new SerialUps(child, lines, port);
  }

  /** Commands that change something, as they came over the line: `S02R0003`. */
  get told(): string[] {
    return this.#lines.flatMap((line) => /^told (.+)$/.exec(line)?.[1] ?? []);
  }

  /** What its output did: `output off 120.0`, with the seconds since the command, and `output on`. */
  get output(): string[] {
    return this.#lines.filter((line) => line.startsWith('output '));
  }

  mains(state: 'on' | 'off'): void {
    this.#control(`mains ${state}`);
  }

  batteryLow(state: 'on' | 'off'): void {
    this.#control(`low ${state}`);
  }

  /** In percent. */
  load(percent: number): void {
    this.#control(`load ${percent}`);
  }

  /** Its delays until the output is off, and until it is on, pass so many times faster; for commands from now on. */
  hurry(offTimes: number, onTimes: number): void {
    this.#control(`hurry ${offTimes} ${onTimes}`);
  }

  #control(line: string): void {
    this.#child.stdin.write(`${line}\n`);
  }
}
