/**
 * Crash points of plans, counted in events: after each single event of a run that nothing disturbs, the manager or an
 * agent is killed, and what was not acknowledged is kept, lost or torn.
 */
import { makeOpId } from '@hecate/proto/core/names.ts';
import type { Plan } from '../../manager/src/core/plan/plan.ts';
import type { RunId, RunOutcome, RunRequest } from '../../manager/src/core/runs/run.ts';
import { VirtualTime } from './operations-time.ts';
import type { CrashKeeps } from './runs-disk.ts';
import { comeToRest } from './runs-ending.ts';
import type { Fleet } from './runs-fleet.ts';
import type { UnitState } from './runs-host.ts';
import { noMutation } from './runs-mutation.ts';
import { SimulationWorld } from './runs-world.ts';

/** Calls back after each event. */
class CountingTime extends VirtualTime {
  count = 0;
  onEvent: () => void = () => undefined;

  override after(delayMs: number, run: () => void): () => void {
    return super.after(delayMs, () => {
      run();
      this.count += 1;
      this.onEvent();
    });
  }
}

export interface ExhaustiveCase {
  readonly fleet: Fleet;
  readonly plan: Plan;
  /** Before the run. */
  readonly isOn: boolean;
  readonly state: UnitState;
}

export interface Crash {
  readonly afterEvent: number;
  /** The manager, or the agent of that place. */
  readonly of: 'manager' | number;
}

export interface CrashResult {
  readonly outcome: RunOutcome | undefined;
  /** The run's own words for it. */
  readonly why: string;
  readonly violation: string | undefined;
  /** Events from the request to the end of the run. */
  readonly firstEvent: number;
  readonly lastEvent: number;
}

const restartAfterMs = 700;
const requestAtMs = 1000;
const eachMs = 100;
const runMaxMs = 600_000;

/** @param keeps of what was not acknowledged when one of them came */
export function runWithCrashes(
  { fleet, plan, isOn, state }: ExhaustiveCase,
  crashes: readonly Crash[] = [],
  keeps: CrashKeeps = 'nothing',
): CrashResult {
  const time = new CountingTime();
  const world = new SimulationWorld(1, {
    mutation: noMutation,
    isVerbose: false,
    fleet,
    time,
    random: () => 0.5,
    crashKeeps: keeps,
  });
  for (const host of world.hosts.values()) host.assume(isOn || host === world.managerHost, state);
  let firstEvent = 0;
  let lastEvent = 0;
  let violation: string | undefined;
  const watched = () => [...world.checkers.runs.values()][0];
  try {
    world.begin();
    world.superviseManager();
    time.runUntil(requestAtMs);
    firstEvent = time.count;
    time.onEvent = () => {
      for (const crash of crashes) if (time.count === crash.afterEvent) carryOut(world, crash.of);
    };
    world.manager.request(requestOf(plan, world.wallMs()), true);
    while (!watched()?.isEnded && time.nowMs < runMaxMs) time.runUntil(time.nowMs + eachMs);
    lastEvent = time.count;
    comeToRest(world);
  } catch (error) {
    violation = error instanceof Error ? error.message : String(error);
  }
  const { outcome, why = '' } = watched()?.state ?? { outcome: undefined };
  return { outcome, why, violation, firstEvent, lastEvent };
}

function carryOut(world: SimulationWorld, of: Crash['of']): void {
  const { manager, time } = world;
  if (of === 'manager') {
    if (!manager.isUp) return;
    manager.kill();
    world.endSessionsOf(manager);
    time.after(restartAfterMs, () => manager.start());
    return;
  }
  const agent = world.agents[of];
  agent?.kill();
  time.after(restartAfterMs, () => agent?.start());
}

function requestOf(plan: Plan, wallMs: number): RunRequest {
  return {
    runId: makeOpId(wallMs, new Uint8Array(10).fill(7)) as string as RunId,
    plan,
    planDigest: plan.name,
    isRehearsal: false,
    reason: '',
    requestedBy: 'the test',
    requestedFrom: '',
    requestedWallMs: wallMs,
    triggerId: '',
    timeLimitMs: undefined,
    learntMs: {},
  };
}
