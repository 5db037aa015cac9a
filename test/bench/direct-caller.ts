/**
 * Runs inside a node: for each unit name on standard input, StartUnit on the node's own bus and the wait for
 * JobRemoved, with the very adapter that the agent uses. Answers with the milliseconds it took.
 */
import { createInterface } from 'node:readline';
import { openSystemd } from '../../agent/src/io/systemd.ts';
import { waitJob } from '../../agent/src/io/wait-job.ts';

const systemd = await openSystemd({ bus: process.argv[2] === 'system' ? 'system' : 'user' });
process.stdout.write('ready\n');
for await (const unit of createInterface({ input: process.stdin })) {
  const startedAtMs = performance.now();
  const { jobPath } = await systemd.startJob('start', unit);
  const { result } = await waitJob(systemd, jobPath, { timeoutMs: 10_000 });
  const tookMs = performance.now() - startedAtMs;
  process.stdout.write(`${result === 'done' ? tookMs : Number.NaN}\n`);
}
