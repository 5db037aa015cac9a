/** hecatectl as tests see it: its exit status and its JSON, or a running one that is interrupted. */
import { type ChildProcess, spawn } from 'node:child_process';
import { shellExitCode } from '../../nodes/execute.ts';
import type { ManagerProcess } from '../../site/manager-process.ts';

/** ctl/schema/outcomes.json, as far as tests look. */
export interface OutcomeDocument {
  readonly node: string;
  readonly unit: string | null;
  readonly verb: string;
  readonly status: string;
  readonly op_id: string | null;
  readonly result: string | null;
  readonly code: string | null;
  readonly message: string | null;
  readonly remedy: string | null;
  readonly evidence: {
    readonly active_state: string | null;
    readonly result: string | null;
    readonly exec_main_code: number;
    readonly exec_main_status: number;
  } | null;
  readonly changes: readonly { change: string; file: string; source: string | null }[];
  readonly log_lines: readonly string[];
  readonly exec: { exit_status: number; exit_code: string; is_output_truncated: boolean } | null;
}

export interface Operated {
  readonly exitCode: number;
  readonly stderr: string;
  readonly outcomes: readonly OutcomeDocument[];
}

/** An operating verb, with its outcomes; an empty list when it was refused before it was sent. */
export async function operate(manager: ManagerProcess, ...args: string[]): Promise<Operated> {
  const [verb = '', ...rest] = args;
  const { exitCode, stdout, stderr } = await manager.ctl([verb, '-o', 'json', ...rest]);
  return {
    exitCode,
    stderr,
    outcomes: stdout === '' ? [] : (JSON.parse(stdout) as OutcomeDocument[]),
  };
}

/** The one outcome of a verb on one unit of one node. */
export async function operateOne(
  manager: ManagerProcess,
  ...args: string[]
): Promise<Operated & { outcome: OutcomeDocument }> {
  const operated = await operate(manager, ...args);
  const [outcome, ...more] = operated.outcomes;
  if (!outcome || more.length > 0) {
    throw new Error(
      `${args.join(' ')} had ${operated.outcomes.length} outcomes, expected one: ${operated.stderr}`,
    );
  }
  return { ...operated, outcome };
}

export interface RunningCtl {
  readonly child: ChildProcess;
  stdout(): string;
  stderr(): string;
  /** The exit status as a shell gives it. */
  readonly ended: Promise<number>;
}

/** A hecatectl that goes on: monitor, logs -f, wait, a long start. */
export function startCtl(manager: ManagerProcess, ...args: string[]): RunningCtl {
  const [command = '', ...rest] = manager.ctlCommand(args);
  const child = spawn(command, rest, { env: manager.ctlEnvironment(), stdio: ['ignore', 'pipe', 'pipe'] });
  const heard = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => {
    heard.stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    heard.stderr += chunk.toString();
  });
  const ended = new Promise<number>((resolve) => {
    child.once('close', (code, signal) => resolve(shellExitCode(code, signal)));
  });
  return { child, stdout: () => heard.stdout, stderr: () => heard.stderr, ended };
}

/** Commands at the same time: most of what one takes is Node.js starting. */
const atOnce = 4;

/** Does `work` for every item, a few at a time. */
export async function forEachOf<Item>(
  items: readonly Item[],
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const queue = [...items];
  const worker = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}
