/**
 * Runs commands one after the other where it was started, and says how long each took from fork to exit. One line
 * of JSON `{argv, env}` in, one line of JSON `{tookMs, exitCode, stderr}` out.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

interface Asked {
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

function run({ argv, env }: Asked): Promise<{ tookMs: number; exitCode: number | null; stderr: string }> {
  const [command = '', ...args] = argv;
  return new Promise((resolve, reject) => {
    const startedAtMs = performance.now();
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'], ...(env ? { env } : {}) });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => {
      stderr = (stderr + chunk.toString()).slice(-2000);
    });
    child.once('error', reject);
    let tookMs = 0;
    child.once('exit', () => {
      tookMs = performance.now() - startedAtMs;
    });
    child.once('close', (exitCode) => resolve({ tookMs, exitCode, stderr }));
  });
}

process.stdout.write('ready\n');
for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await run(JSON.parse(line) as Asked))}\n`);
}
