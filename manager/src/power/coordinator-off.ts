/**
 * The last thing of a shutdown that UPSes have asked for, before the coordinator powers itself off: outputs are cut, so
 * that mains coming back switches hosts on. Behind the record of the step (I9), past the point of no return (I10), and
 * never longer than half of the step's time: the power-off is sent in any case. Where that is refused, the coordinator
 * stays up, and is not to lose its power under way: the cut is taken back.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { NodeName } from '@hecate/proto/core/names.ts';
import { type HostsOff, judgeHostsOff } from '../core/power/site/hosts-off.ts';
import type { OperationEnd, RunState } from '../core/runs/run.ts';
import type { ManagerLogger } from '../io/logger.ts';
import type { PowerOffHearer } from '../runs/run-runner.ts';
import { cutLimitMs } from './output-cut.ts';
import type { WatchedUps } from './watched-ups.ts';

export interface CoordinatorOffPorts {
  readonly logger: ManagerLogger;
  upses(): readonly WatchedUps[];
  /** The nodes that hang on the UPS. */
  nodesOn(ups: string): readonly NodeName[];
  isOnline(node: NodeName): boolean;
}

/** A host that still has a session is waited for, with what is its own poweroff's tail; not for long. */
const hostsOffLimitMs = 20_000;
const lookIntervalMs = 250;

export async function beforeCoordinatorOff(
  { logger, upses, nodesOn, isOnline }: CoordinatorOffPorts,
  { request }: RunState,
  node: NodeName,
  timeLimitMs: number,
): Promise<PowerOffHearer | undefined> {
  const { plan, runId, requestedBy } = request;
  if (plan.kind !== 'shutdown' || node !== plan.coordinator) return undefined;
  // Not in one that a person has asked for, unless the UPS has joined it.
  const giving = upses().filter(
    ({ isToBeCut, runner }) => isToBeCut && (requestedBy === 'power' || runner.run?.runId === runId),
  );
  if (giving.length === 0) return undefined;
  const limitMs = timeLimitMs / 2;
  const judge = (ups: WatchedUps): HostsOff => {
    const hosts = nodesOn(ups.name)
      .filter((name) => name !== plan.coordinator)
      .map((name) => ({ name, isOnline: isOnline(name) }));
    return judgeHostsOff({ hosts, ...ups.loads });
  };
  const waitMs = Math.max(0, Math.min(hostsOffLimitMs, limitMs - cutLimitMs));
  for (const endMs = performance.now() + waitMs; performance.now() < endMs; await sleep(lookIntervalMs))
    if (!giving.some((ups) => judge(ups).verdict === 'up')) break;
  for (const ups of giving)
    logger.info({ ups: ups.name }, `${ups.name} is to be cut: ${judge(ups).sentence}`);
  const late = sleep(Math.min(limitMs, cutLimitMs), undefined, { ref: false });
  // One that takes longer goes on behind the power-off: a driver may take 5 s for each thing that it is told.
  await Promise.race([Promise.all(giving.map((ups) => ups.cut())), late]);
  return (end) => {
    const why = whyUp(end);
    if (why !== undefined) for (const ups of giving) void ups.takeCutBack(`the coordinator stays up: ${why}`);
  };
}

/** Undefined: it goes off, or nobody can tell (I12). */
function whyUp({ status, code, message, result }: OperationEnd): string | undefined {
  const isUnsent = status === 'timeout' && code === 'HEC_EXPIRED';
  const isUp = status === 'refused' || status === 'failed' || status === 'offline' || isUnsent;
  return isUp ? message || result || status : undefined;
}
