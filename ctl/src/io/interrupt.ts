/** Ctrl-C and its kin: the first asks the command to stop and tell what it knows, the second ends it. */
import { exitCodes } from '@hecate/proto/core/exit-codes.ts';
import { endProcess } from './end-process.ts';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of signals) {
    process.on(name, () => {
      if (controller.signal.aborted) endProcess(exitCodes.interrupted.code);
      controller.abort();
    });
  }
  return controller.signal;
}
