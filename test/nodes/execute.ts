import { spawn } from 'node:child_process';

/** What to give a command, and how long to let it run. */
export interface ExecuteOptions {
  input?: string | Buffer;
  env?: Record<string, string>;
  cwd?: string;
  /** The command is killed and {@link execute} throws when it takes longer. Default 60 s. */
  timeoutMs?: number;
}

/** How a command ended. `exitCode` is 128 + signal number when a signal ended it, as in a shell. */
export interface ExecuteResult {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** More output than this from one command is a fault of the test, and ends the command. */
const outputLimitBytes = 64 * 1024 * 1024;

/** The numbers of the signals that tests meet; others count as 0. */
const signalNumbers: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGPIPE: 13,
  SIGTERM: 15,
};

/** The exit status as a shell would give it. */
export function shellExitCode(code: number | null, signal: NodeJS.Signals | null): number {
  return code ?? 128 + (signal === null ? 0 : (signalNumbers[signal] ?? 0));
}

/**
 * Runs a command to its end and returns its output whole. A failing command is a result, not an exception.
 * @throws Error when the command cannot be started, exceeds its time, or floods its output.
 */
export function execute(argv: readonly string[], options: ExecuteOptions = {}): Promise<ExecuteResult> {
  const { input, env, cwd, timeoutMs = 60_000 } = options;
  const [program = '', ...args] = argv;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(env === undefined ? {} : { env }),
      ...(cwd === undefined ? {} : { cwd }),
    });
    const output: Buffer[] = [];
    const errors: Buffer[] = [];
    let sizeBytes = 0;
    let fault: string | undefined;
    const stop = (why: string): void => {
      fault ??= why;
      child.kill('SIGKILL');
    };
    const collect = (into: Buffer[]) => (chunk: Buffer) => {
      sizeBytes += chunk.length;
      if (sizeBytes > outputLimitBytes) stop(`wrote more than ${outputLimitBytes} bytes`);
      else into.push(chunk);
    };
    child.stdout.on('data', collect(output));
    child.stderr.on('data', collect(errors));
    child.stdin.on('error', () => {}); // a command need not read its input
    child.stdin.end(input ?? '');
    const timer = setTimeout(() => stop(`did not end within ${timeoutMs} ms`), timeoutMs);
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(new Error(`cannot start ${program}: ${error.message}`, { cause: error }));
    });
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      const stdout = Buffer.concat(output).toString('utf8');
      const stderr = Buffer.concat(errors).toString('utf8');
      if (fault !== undefined) {
        reject(
          new Error(
            `${argv.join(' ')} ${fault}; stdout: ${stdout.slice(-500)}; stderr: ${stderr.slice(-500)}`,
          ),
        );
      } else {
        resolve({ exitCode: shellExitCode(code, signal), stdout, stderr });
      }
    });
  });
}

/** As {@link execute}, for commands that must succeed: returns stdout. @throws Error with stderr on failure. */
export async function executeOrThrow(argv: readonly string[], options: ExecuteOptions = {}): Promise<string> {
  const { exitCode, stdout, stderr } = await execute(argv, options);
  if (exitCode !== 0) throw new Error(`${argv.join(' ')} ended with status ${exitCode}: ${stderr || stdout}`);
  return stdout;
}
