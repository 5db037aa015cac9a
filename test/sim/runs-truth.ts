/** What gates and the power of hosts look like on the hosts themselves (I1, I3, I4). */
import type { NodeName } from '@hecate/proto/core/names.ts';
import type { Condition, Leaf } from '../../manager/src/core/plan/gate.ts';
import { isComposed } from '../../manager/src/core/plan/gate-verdict.ts';
import { wasSince } from './runs-host.ts';
import { gatesOn, stepOf, type Watched } from './runs-watched.ts';
import type { SimulationWorld } from './runs-world.ts';

/** From a look at a unit to the decision on it: a look, a link that stalls unnoticed, and the way. */
const lookWindowMs = 16_000;

/** Whether a condition was true at some moment of the time in which it may have been looked at. */
export function wasTrue(world: SimulationWorld, condition: Condition): boolean {
  if (!isComposed(condition)) return wasLeafTrue(world, condition);
  const holding = condition.of.filter((inner) => wasTrue(world, inner)).length;
  if (condition.type === 'at-least') return holding >= condition.count;
  return condition.type === 'any' ? holding > 0 : holding === condition.of.length;
}

function wasLeafTrue(world: SimulationWorld, leaf: Leaf): boolean {
  const fromMs = world.time.nowMs - lookWindowMs - world.recentPauseMs();
  if (leaf.type === 'unit') {
    const unit = world.hosts.get(leaf.node)?.units.get(leaf.unit);
    if (!unit) return leaf.states.includes('inactive');
    return wasSince(unit.history, fromMs, (state) => leaf.states.includes(state));
  }
  if (leaf.type !== 'node' || leaf.state !== 'powered-off') return true;
  const host = world.hosts.get(leaf.node);
  if (!host) return false;
  return wasSince(host.power, fromMs, (isOn) => !isOn) || world.cableCutSince(leaf.node, fromMs);
}

/** @returns why this node must not be powered off now by this run; undefined: it may */
export function whyNotPoweredOff(world: SimulationWorld, run: Watched, node: NodeName): string | undefined {
  const { plan } = run;
  const isUp = (other: NodeName) => other !== node && mustBeOff(world, run, other);
  const dependent = plan.dependencies.find(
    ({ node: other, dependsOn }) => dependsOn.includes(node) && isUp(other),
  );
  if (dependent) return `I3: ${node} is powered off while ${dependent.node} is up`;
  if (node !== plan.coordinator) return undefined;
  const others = plan.stages.flatMap(({ steps }) => steps.flatMap(({ powersOff }) => powersOff));
  const other = others.find(isUp);
  return other && `I4: ${node} is powered off while ${other} is up`;
}

/** Whether it is up, and nothing that was declared excuses that. */
function mustBeOff(world: SimulationWorld, run: Watched, node: NodeName): boolean {
  const host = world.hosts.get(node);
  if (!host?.isOn || !run.plan.nodes.includes(node)) return false;
  // Off once since the run began: somebody has switched it on again.
  if (wasSince(host.power, run.acceptedAtMs, (isOn) => !isOn)) return false;
  if (world.cableCutSince(node, run.acceptedAtMs)) return false;
  return !run.state.results.some(({ address, outcome }) => {
    const step = stepOf(run.plan, address);
    const isOfIt = step.powersOff.includes(node) || gatesOn(step, node);
    return isOfIt && (outcome === 'degraded' || outcome === 'left-out');
  });
}
