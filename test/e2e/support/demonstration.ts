/** `npm start` as a test runs it, and the command lines that it and the documents print. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { type ExecuteResult, execute, shellExitCode } from '../../nodes/execute.ts';
import { fleetFolder } from '../../nodes/fleet-scope.ts';
import { until } from '../../nodes/until.ts';
import { nodeProgram as node, repository } from '../../site/manager-process.ts';

export class Demonstration {
  readonly child: ChildProcess;
  readonly ended: Promise<number>;
  output = '';
  errors = '';

  /** In a process group of its own, as a terminal gives it: Ctrl-C there reaches all of the group. */
  constructor(...args: string[]) {
    const child = spawn(node, [join(repository, 'scripts/demo.ts'), ...args], {
      detached: true,
      stdio: 'pipe',
    });
    child.stdout.on('data', (chunk: Buffer) => {
      this.output += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      this.errors += chunk.toString();
    });
    this.child = child;
    this.ended = once(child, 'close').then(([code, signal]) => shellExitCode(code, signal));
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Up, or ended before it was. */
  untilUp(timeoutMs = 60_000): Promise<void> {
    return this.untilSaid('Ctrl-C ends it', timeoutMs);
  }

  async untilSaid(words: string, timeoutMs = 60_000): Promise<void> {
    await until(() => this.output.includes(words) || this.child.exitCode !== null, {
      what: `the demonstration says ${words}`,
      timeoutMs,
    }).catch((error: unknown) => {
      throw new Error(`${this.output}${this.errors}`, { cause: error });
    });
    if (this.child.exitCode !== null) throw new Error(`it ended: ${this.output}${this.errors}`);
  }

  interrupt(): void {
    process.kill(-this.pid, 'SIGINT');
  }

  /** Folders of its own, and processes that have one of them in their arguments. */
  remains(): string[] {
    const mine = new RegExp(`hecate-(demo|fleet)-(.*-)?${this.pid}(-|$)`);
    const folders = [...new Set([tmpdir(), fleetFolder()])].flatMap((folder) => readdirSync(folder));
    const processes = readdirSync('/proc').filter((entry) => {
      if (!/^\d+$/.test(entry)) return false;
      try {
        return readFileSync(`/proc/${entry}/cmdline`, 'utf8')
          .split(/[\0/]/)
          .some((word) => mine.test(word));
      } catch {
        return false; // it has ended meanwhile
      }
    });
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .filter((line) => line.split(/[ /]/).some((word) => mine.test(word)));
    return [...folders.filter((name) => mine.test(name)), ...processes, ...mounts];
  }

  untilGone(t: Test): Promise<true> {
    return until(() => this.remains().length === 0, { what: 'nothing is left', timeoutMs: 15_000 }).catch(
      (error) => {
        t.fail(`left behind: ${this.remains().join(', ')}`);
        throw error;
      },
    );
  }
}

/** `npx` that runs the checkout's own hecatectl, and never asks a registry. */
export function makeShims(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'hecate-shims-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const npx = `#!/bin/sh\n[ "$1" = hecatectl ] || exit 99\nshift\nexec '${node}' '${repository}/ctl/bin/hecatectl.js' "$@"\n`;
  writeFileSync(join(folder, 'npx'), npx);
  chmodSync(join(folder, 'npx'), 0o755);
  return folder;
}

/** Whether a command goes on until Ctrl-C. */
export const isEndless = (command: string): boolean => / hecatectl monitor\b| -f\b/.test(command);

/** Runs a command line as it is printed, in a shell; one that goes on is ended as Ctrl-C does after a moment. */
export function runAsPrinted(
  command: string,
  shims: string,
  environment: Record<string, string>,
): Promise<ExecuteResult> {
  const line = isEndless(command)
    ? command.replace(/^npx/, 'timeout --signal=INT --preserve-status 2 npx')
    : command;
  return execute(['bash', '-c', line], {
    cwd: repository,
    env: {
      PATH: `${shims}:${process.env.PATH ?? ''}`,
      HOME: shims,
      LANG: 'C.UTF-8',
      ...environment,
    },
  });
}
