/** Starts the site again from a coordinator that has stayed up: asked at the looks at UPSes, told while it waits. */
import { asHecateError } from '@hecate/proto/core/errors.ts';
import { judgeSiteReturn } from '../core/power/site/site-return.ts';
import type { SiteStartup } from '../core/power/site/site-startup.ts';
import type { PastRun } from '../core/runs/past-run.ts';
import type { RunId, RunRequest } from '../core/runs/run.ts';
import type { RunService } from '../runs/run-service.ts';
import type { WatchedUps } from './watched-ups.ts';

/** What it has to know of a UPS. */
export interface ReturningUps {
  readonly name: string;
  readonly runner: Pick<WatchedUps['runner'], 'state' | 'run' | 'alert'> &
    Partial<Pick<WatchedUps['runner'], 'alerts'>>;
}

/** It has asked for a shutdown, which concerns no node: one that never comes back keeps nothing down for ever. */
export const isSpared = ({ runner: { alerts = {} } }: ReturningUps): boolean =>
  Object.hasOwn(alerts, 'spared');

export interface SiteReturnPorts {
  readonly upses: readonly ReturningUps[];
  readonly runs: Pick<RunService, 'active' | 'request' | 'report'>;
  history(): readonly PastRun[];
  /** Whether the site may be started up as things are. */
  startup(): SiteStartup;
  /** @throws HEC_PLAN, HEC_NO_SUCH_PLAN */
  starting(reason: string, triggerId: string): RunRequest;
  nowMs(): number;
  /** Once for each new sentence. */
  onWait(sentence: string): void;
}

/** A startup that fails again and again is a matter for a person; what is remembered has a limit (I14). */
const attemptsMax = 64;

export class SiteReturn {
  readonly #ports: SiteReturnPorts;
  #attempts: readonly { readonly atMs: number }[] = [];
  #isAsking = false;
  #told = '';

  constructor(ports: SiteReturnPorts) {
    this.#ports = ports;
  }

  look(): void {
    if (this.#isAsking) return;
    const { upses, runs, history, startup, nowMs, onWait } = this.#ports;
    if (!upses.some(({ runner }) => runner.state.phase === 'recover')) {
      this.#attempts = [];
      this.#told = '';
      // Somebody has started it, or the next outage has begun.
      for (const { runner } of upses) runner.alert('not-started', undefined);
      return;
    }
    const verdict = judgeSiteReturn({
      upses: upses.map((ups) => ({
        name: ups.name,
        phase: ups.runner.state.phase,
        hasTrigger: ups.runner.state.trigger !== undefined && !isSpared(ups),
        runId: ups.runner.run?.runId,
        hasPoweredOff: this.#hasPoweredOff(ups.runner.run?.runId),
      })),
      isStarting: runs.active().some(({ request }) => request.plan.kind === 'startup'),
      history: history(),
      startup: startup(),
      attempts: this.#attempts,
      nowMs: nowMs(),
    });
    if (verdict.type === 'wait' && verdict.isByHand)
      this.#tell(`mains is back, and the site is not started: ${verdict.sentence}`);
    if (verdict.type === 'start') void this.#start(verdict);
    else if (verdict.type === 'wait' && withoutFigures(verdict.sentence) !== this.#told) {
      this.#told = withoutFigures(verdict.sentence);
      onWait(verdict.sentence);
    }
  }

  /** Somebody wants it so: no trouble, but nothing to be silent about. */
  #tell(why: string): void {
    for (const { name, runner } of this.#ports.upses) {
      if (runner.state.phase !== 'recover') continue;
      runner.alert('not-started', { level: 'notice', sentence: `${name}: ${why}` });
    }
  }

  /** Of hosts that had no session nothing was asked. */
  #hasPoweredOff(runId: RunId | undefined): boolean {
    if (runId === undefined) return true;
    try {
      const operations = this.#ports.runs
        .report(runId)
        .stages.flatMap(({ steps }) => steps.flatMap((step) => step.operations))
        .filter(({ verb }) => verb === 'poweroff');
      return operations.length === 0 || operations.some(({ state }) => state !== 'offline');
    } catch {
      // Nobody remembers it.
      return true;
    }
  }

  async #start({ ups, sentence }: { ups: string; sentence: string }): Promise<void> {
    const { upses, runs, starting, nowMs } = this.#ports;
    const { runner } = upses.find(({ name }) => name === ups) ?? {};
    this.#isAsking = true;
    this.#attempts = [...this.#attempts, { atMs: nowMs() }].slice(-attemptsMax);
    try {
      await runs.request(starting(sentence, `return:${runner?.run?.runId ?? ups}`), false);
      runner?.alert('not-started', undefined);
    } catch (thrown) {
      const { message, remedy } = asHecateError(thrown);
      const told = `${ups}: mains is back, and the site does not start: ${message}; ${remedy}`;
      runner?.alert('not-started', { level: 'critical', sentence: told });
    } finally {
      this.#isAsking = false;
    }
  }
}

/** What it waits for is said again when it is something else, and not at every second that goes by. */
const withoutFigures = (sentence: string): string => sentence.replace(/[0-9.]+/g, '#');
