/** Waits for a job's end by its signal, and by polling for a signal that was lost. */
import { formatDuration } from '@hecate/proto/core/duration-text.ts';
import type { JobEnd, SystemdFailure, SystemdPort } from '../core/systemd-port.ts';
import { BusError } from './bus-error.ts';
import { jobIdOfPath } from './unit-path.ts';

const pollIntervalMsDefault = 2000;

function overdue(jobPath: string, timeoutMs: number): BusError {
  const text = `the job ${jobPath} has not finished within ${formatDuration(timeoutMs)}`;
  const remedy = 'it goes on by itself; hecatectl status NODE UNIT shows what it is doing';
  return new BusError('HEC_TIMEOUT', text, { delivery: 'unknown', remedy });
}

function cutOff(jobPath: string, cause: SystemdFailure): BusError {
  const text = `while waiting for the job ${jobPath}: ${cause.message}`;
  return new BusError(cause.code, text, { delivery: 'unknown', remedy: cause.remedy, cause });
}

/** @throws HEC_TIMEOUT when it is still there after `timeoutMs`; HEC_BUS_GONE when the connection ends. */
export async function waitJob(
  systemd: SystemdPort,
  jobPath: string,
  { timeoutMs, pollIntervalMs = pollIntervalMsDefault }: { timeoutMs: number; pollIntervalMs?: number },
): Promise<JobEnd> {
  const earlier = systemd.finishedJob(jobPath);
  if (earlier) return earlier;
  const ending: (() => void)[] = [];
  const ended = new Promise<JobEnd>((resolve, reject) => {
    const lost = { jobId: jobIdOfPath(jobPath) ?? 0, jobPath, unit: undefined, result: 'lost' } as const;
    const onPolled = (exists: boolean): void => {
      // The bus keeps the order: had the signal been sent before this answer, it would be here.
      if (!exists) resolve(systemd.finishedJob(jobPath) ?? lost);
    };
    // A poll that fails decides nothing: the time limit or the end of the connection does.
    const poll = (): void => void systemd.jobExists(jobPath).then(onPolled, () => undefined);
    const limit = setTimeout(() => reject(overdue(jobPath, timeoutMs)), timeoutMs);
    const polling = setInterval(poll, pollIntervalMs);
    ending.push(
      () => clearTimeout(limit),
      () => clearInterval(polling),
      systemd.onJobRemoved((job) => job.jobPath === jobPath && resolve(job)),
      // Its number may be another job's from here on.
      systemd.onNewOwner(() => resolve(lost)),
      systemd.onClosed((reason) => reject(cutOff(jobPath, reason))),
    );
  });
  try {
    return await ended;
  } finally {
    for (const end of ending) end();
  }
}
