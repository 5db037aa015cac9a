/** The samples of one UPS as they come, for tests to wait for. */
import { systemClock } from '@hecate/proto/io/system-clock.ts';
import type { LookFailure, UpsSample } from '../../manager/src/core/power/ups/ups-sample.ts';
import {
  createUpsWatcher,
  type UpsWatcher,
  type UpsWatcherOptions,
} from '../../manager/src/io/nut/nut-client.ts';
import { until } from '../nodes/until.ts';
import type { Scope } from './upsd.ts';

export interface WatchedUps {
  readonly watcher: UpsWatcher;
  readonly samples: UpsSample[];
  /** Messages of troubles, `undefined` where they were over. */
  readonly troubles: (string | undefined)[];
  /** The first sample of which this holds, from now on. */
  next(what: string, holds: (sample: UpsSample) => boolean): Promise<UpsSample>;
  nextFlags(flags: string): Promise<UpsSample>;
  nextFailure(failure: LookFailure): Promise<UpsSample>;
}

/** Polls every 100 ms unless told otherwise; stopped at the end of the test. */
export function watchUps(
  scope: Scope,
  server: { readonly host: string; readonly port: number },
  options: Partial<UpsWatcherOptions> = {},
): WatchedUps {
  const samples: UpsSample[] = [];
  const troubles: (string | undefined)[] = [];
  const watcher = createUpsWatcher({
    ups: 'the rack',
    nutName: 'rack',
    server: { host: server.host, port: server.port, tls: { mode: 'off' } },
    pollIntervalMs: 100,
    fastPollIntervalMs: 50,
    clock: systemClock,
    onTrouble: (trouble) => troubles.push(trouble?.message),
    ...options,
  });
  scope.teardown(async () => watcher.stop());
  watcher.start((sample) => samples.push(sample));
  const next: WatchedUps['next'] = async (what, holds) => {
    const from = samples.length;
    return until(() => samples.slice(from).find(holds), { what });
  };
  return {
    watcher,
    samples,
    troubles,
    next,
    nextFlags: (flags) => next(`the status is ${flags}`, ({ reading }) => reading?.flags.join(' ') === flags),
    nextFailure: (failure) => next(`looks fail with ${failure}`, (sample) => sample.failure === failure),
  };
}
