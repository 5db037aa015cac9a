import type { Test } from 'tap';
import { type Answers, FakeManager, type FakeManagerOptions } from './fake-manager.ts';
import { type CtlOptions, type CtlResult, type RunningCtl, runCtl, startCtl } from './run-ctl.ts';

export interface Site {
  readonly manager: FakeManager;
  ctl(...argv: string[]): Promise<CtlResult>;
  start(argv: readonly string[], options?: CtlOptions): RunningCtl;
}

/** A fake manager with these answers for the time of a test, and hecatectl that talks to it. */
export async function withManager(
  t: Test,
  answers: Answers = {},
  options: FakeManagerOptions = {},
): Promise<Site> {
  const manager = await FakeManager.start({ answers, ...options });
  t.teardown(() => manager.close());
  const socket = manager.socketPath;
  return {
    manager,
    ctl: (...argv) => runCtl(argv, { socket }),
    start: (argv, more = {}) => startCtl(argv, { socket, ...more }),
  };
}
