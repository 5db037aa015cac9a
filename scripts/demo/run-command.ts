/** A command whose lines are told as they come. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

export interface CommandOptions {
  readonly env: Readonly<Record<string, string>>;
  /** Ends the command. */
  readonly signal: AbortSignal;
  /** Of its output and its errors. */
  readonly onLine: (line: string) => void;
}

/** @throws Error when it ends with anything but 0; AbortError */
export async function runCommand(argv: readonly string[], options: CommandOptions): Promise<void> {
  const { env, signal, onLine } = options;
  const [command = '', ...args] = argv;
  const child = spawn(command, args, { env, signal, stdio: ['ignore', 'pipe', 'pipe'] });
  const tell = (stream: Readable) => createInterface({ input: stream }).on('line', onLine);
  tell(child.stdout);
  tell(child.stderr);
  const [exitCode] = (await once(child, 'close')) as [number | null];
  if (exitCode !== 0) throw new Error(`${args.slice(1).join(' ')} ended with the status ${exitCode}`);
}
