/** Waits until units are in a state, over the stream of changes; never longer than the caller said. */
import { HecateError } from '@hecate/proto/core/errors.ts';
import type { Outcome } from '@hecate/proto/core/frames.ts';
import { matchesAny } from '@hecate/proto/core/glob.ts';
import { limits } from '@hecate/proto/core/limits.ts';
import {
  createUnitState,
  type UnitBatch,
  type UnitState,
  type WaitUnits,
} from '@hecate/proto/generated/wire.ts';
import type { FleetNode, FleetState } from '../core/fleet.ts';
import { isKnown, selectNodes, selectUnits, unknownUnit } from '../core/selection.ts';
import type { OperatorRequest } from './context.ts';

const activeStates = [
  'active',
  'inactive',
  'failed',
  'activating',
  'deactivating',
  'reloading',
  'maintenance',
];

/** A unit that is not in a complete list is not loaded, and so inactive; in an incomplete one it is unknown (I12). */
function stateOf(node: FleetNode, name: string): UnitState {
  const unit =
    node.units.get(name) ??
    createUnitState({ name, loadState: 'not-found', activeState: 'inactive', subState: 'dead' });
  return isKnown(node) ? unit : unknownUnit(unit);
}

function observe(fleet: FleetState, value: WaitUnits): UnitBatch[] {
  return selectNodes(fleet, value.nodes).map((node) => {
    const units = selectUnits(node, value.units).map((name) => stateOf(node, name));
    return { node: node.name, units, stale: !isKnown(node) };
  });
}

/** How often, at most, a waiting request looks at all of its units again. */
const lookIntervalMs = 50;

function isReached(batches: UnitBatch[], activeState: string): boolean {
  const units = batches.flatMap((batch) => batch.units);
  return units.length > 0 && units.every((unit) => unit.activeState === activeState);
}

export async function waitUnits(request: OperatorRequest<WaitUnits>): Promise<Outcome> {
  const { value, context } = request;
  if (!activeStates.includes(value.activeState)) {
    throw new HecateError(
      'HEC_USAGE',
      `${value.activeState} is not a state to wait for`,
      `one of ${activeStates.join(', ')}`,
    );
  }
  let last = observe(context.fleet.state, value);
  if (!isReached(last, value.activeState)) last = await watch(request, last);
  return { case: 'waitResult', value: { reached: isReached(last, value.activeState), last } };
}

/**
 * Until it is reached, the time is over or the caller is gone.
 * @returns what was seen last
 * @throws HEC_NO_SUCH_NODE when a node was taken out of the site meanwhile
 */
function watch(
  { value, context, incoming }: OperatorRequest<WaitUnits>,
  first: UnitBatch[],
): Promise<UnitBatch[]> {
  // A timer takes at most 24 days, and fires at once when it is given more.
  const asked = value.timeLimitMs || context.config().operations.timeLimitMs;
  const limitMs = Math.min(asked, limits.timeLimitMsMax);
  const isMeant = (node: string): boolean =>
    value.nodes?.all === true || matchesAny(value.nodes?.patterns ?? [], node);
  return new Promise((resolve, reject) => {
    let last = first;
    let lookedAtMs = Number.NEGATIVE_INFINITY;
    let pending: NodeJS.Timeout | undefined;
    const stop = (): void => {
      unwatch();
      clearTimeout(timer);
      clearTimeout(pending);
      incoming.signal.removeEventListener('abort', giveUp);
    };
    const giveUp = (): void => {
      stop();
      resolve(last);
    };
    const look = (): void => {
      pending = undefined;
      lookedAtMs = context.clock.nowMs();
      try {
        last = observe(context.fleet.state, value);
        if (isReached(last, value.activeState)) giveUp();
      } catch (error) {
        // This watcher's trouble, and nobody else's: whoever changed the fleet goes on.
        stop();
        reject(error);
      }
    };
    const unwatch = context.fleet.watch({
      onChange: (node) => {
        if (pending || (node !== undefined && !isMeant(node))) return;
        const restMs = lookedAtMs + lookIntervalMs - context.clock.nowMs();
        if (restMs <= 0) look();
        else pending = setTimeout(look, restMs);
      },
    });
    const timer = setTimeout(() => {
      if (pending) look();
      giveUp();
    }, limitMs);
    incoming.signal.addEventListener('abort', giveUp, { once: true });
  });
}
