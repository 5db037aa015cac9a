/** One line that somebody types. Asked on standard error: standard output is for data. */
import { createInterface } from 'node:readline/promises';
import { isTerminal } from './terminal.ts';

export const canAsk = (): boolean => isTerminal(0) && isTerminal(2);

/** @throws when the signal is aborted, or the input ends */
export async function askLine(question: string, signal: AbortSignal): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  // Ctrl-C as everywhere: readline would keep it.
  lines.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  try {
    const ended = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
    return (await Promise.race([lines.question(question, { signal }), ended])).trim();
  } finally {
    lines.close();
  }
}
