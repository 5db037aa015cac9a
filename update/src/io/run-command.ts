/** Programs of the host, run to their end: no shell, a time limit, and what they said when they fail. */

import { execFile } from 'node:child_process';
import { formatDuration } from '@hecate/proto/core/duration-text.ts';
import { HecateError } from '@hecate/proto/core/errors.ts';

export interface CommandEnd {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  /** Default one minute. */
  readonly timeLimitMs?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

const outputBytesMax = 16 * 1024 * 1024;
const timeLimitDefaultMs = 60_000;

/** @throws HEC_UNSUPPORTED when there is no such program, HEC_TIMEOUT when it does not end */
export function runCommand(argv: readonly string[], options: CommandOptions = {}): Promise<CommandEnd> {
  const [command = '', ...args] = argv;
  const { timeLimitMs = timeLimitDefaultMs, env = {}, cwd } = options;
  return new Promise((resolve, reject) => {
    const settings = {
      timeout: timeLimitMs,
      maxBuffer: outputBytesMax,
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8', HOME: '/root', ...env },
      ...(cwd === undefined ? {} : { cwd }),
    };
    const child = execFile(command, args, settings, (error, stdout, stderr) => {
      if (error && 'code' in error && error.code === 'ENOENT')
        reject(new HecateError('HEC_UNSUPPORTED', `${command} is not there`, `install ${command}`, error));
      else if (error?.killed)
        reject(
          new HecateError(
            'HEC_TIMEOUT',
            `${argv.join(' ')} did not end within ${formatDuration(timeLimitMs)}`,
          ),
        );
      else resolve({ exitCode: error ? (child.exitCode ?? 1) : 0, stdout, stderr });
    });
    child.stdin?.end();
  });
}

/** @throws HEC_STATE with what it said, when it does not end with 0 */
export async function runOrThrow(argv: readonly string[], options: CommandOptions = {}): Promise<string> {
  const { exitCode, stdout, stderr } = await runCommand(argv, options);
  if (exitCode === 0) return stdout;
  const said = lastLines(stderr || stdout);
  throw new HecateError('HEC_STATE', `${argv.slice(0, 2).join(' ')} ended with ${exitCode}: ${said}`);
}

const saidMax = 600;

/** The last of what a program said, on one line. */
export const lastLines = (text: string): string =>
  text.trim().split('\n').slice(-4).join(' / ').slice(-saidMax);
