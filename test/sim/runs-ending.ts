/**
 * The second phase: nothing fails any more. Every run comes to its end within the bound that its plan computes, orders
 * are withdrawn, and nothing is left that waits (I14).
 */
import { boundOf } from '../../manager/src/core/plan/bounds.ts';
import type { Plan } from '../../manager/src/core/plan/plan.ts';
import type { RunId, RunState } from '../../manager/src/core/runs/run.ts';
import type { SimulationWorld } from './runs-world.ts';

/** For everything that is repaired to be back, and for what a run does between two steps. */
const settleMs = 90_000;
const restMs = 240_000;
const lookEveryMs = 1000;

/** @throws Error saying what does not end */
export function comeToRest(world: SimulationWorld): void {
  finishRuns(world);
  switchOn(world);
  // An end that could not be written on a full disk is not remembered: then the run goes on once more.
  finishRuns(world);
  rest(world);
}

function finishRuns({ time, checkers }: SimulationWorld): void {
  const open = [...checkers.runs.values()].filter(({ isEnded }) => !isEnded);
  const boundMs = Math.max(0, ...open.map(({ plan, state }) => remainingOf(plan, state)));
  const untilMs = time.nowMs + settleMs + boundMs;
  const isOver = () => [...checkers.runs.values()].every(({ isEnded }) => isEnded);
  while (!isOver() && time.nowMs < untilMs) time.runUntil(time.nowMs + lookEveryMs);
  const late = [...checkers.runs.values()].find(({ isEnded }) => !isEnded);
  if (!late) return;
  const { runId, plan } = late;
  checkers.fail(`run ${runId} (${plan.name}) is not over ${settleMs + boundMs} ms after the last fault`);
}

function remainingOf(plan: Plan, { running, results }: RunState): number {
  return boundOf(plan, 'full', running?.address ?? results.at(-1)?.address);
}

/** Somebody switches on what runs, and faults, have switched off. */
function switchOn(world: SimulationWorld): void {
  const { time, hosts, managerHost } = world;
  const all = [...hosts.values(), managerHost];
  const isUp = () => all.every(({ isOn, isGoingDown }) => isOn && !isGoingDown) && world.manager.isUp;
  const untilMs = time.nowMs + settleMs;
  while (!isUp() && time.nowMs < untilMs) {
    for (const host of all) host.wake();
    time.runUntil(time.nowMs + lookEveryMs);
  }
}

function rest(world: SimulationWorld): void {
  const { time, hosts, managerHost, agents, checkers } = world;
  const all = [...hosts.values(), managerHost];
  // Of a run that only a manager of the past knows: somebody has to withdraw it.
  const isOfThePast = (runId: string | undefined) =>
    runId !== undefined && !checkers.runs.has(runId as RunId);
  const isAtRest = () =>
    all.every(({ isOn, isGoingDown }) => isOn && !isGoingDown) &&
    world.manager.isAtRest &&
    agents.every((agent) => agent.isUp && (agent.isAtRest || isOfThePast(agent.order?.runId)));
  const untilMs = time.nowMs + restMs;
  while (!isAtRest() && time.nowMs < untilMs) {
    time.runUntil(time.nowMs + lookEveryMs);
    for (const host of all) host.wake();
  }
  const { manager } = world;
  if (!manager.isAtRest) checkers.fail(`I14: the manager is not at rest: ${manager.unfinished}`);
  for (const agent of agents) {
    if (isOfThePast(agent.order?.runId)) continue;
    if (agent.order) checkers.fail(`${agent.name} still holds an order of ${agent.order.runId}`);
    if (!agent.isAtRest) checkers.fail(`I14: the agent of ${agent.name} is not at rest`);
  }
  const intent = manager.files.intent.content;
  if (intent) checkers.fail(`the intent of ${intent.runId} is still there, and nothing goes on`);
}
