/** Waits until units are in a state, over the stream of changes; never longer than the caller said. */
import { HecateError } from '@hecate/proto/core/errors.ts';
import type { Outcome } from '@hecate/proto/core/frames.ts';
import {
  createUnitState,
  type UnitBatch,
  type UnitState,
  type WaitUnits,
} from '@hecate/proto/generated/wire.ts';
import type { FleetNode, FleetState } from '../core/fleet.ts';
import { selectNodes, selectUnits, unknownUnit } from '../core/selection.ts';
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
  const isKnown = node.connection === 'online' && node.snapshotComplete && node.busConnected;
  return isKnown ? unit : unknownUnit(unit);
}

function observe(fleet: FleetState, value: WaitUnits): UnitBatch[] {
  return selectNodes(fleet, value.nodes).map((node) => {
    const units = selectUnits(node, value.units).map((name) => stateOf(node, name));
    return { node: node.name, units, stale: node.connection !== 'online' };
  });
}

function isReached(batches: UnitBatch[], activeState: string): boolean {
  const units = batches.flatMap((batch) => batch.units);
  return units.length > 0 && units.every((unit) => unit.activeState === activeState);
}

export async function waitUnits({ value, context, incoming }: OperatorRequest<WaitUnits>): Promise<Outcome> {
  if (!activeStates.includes(value.activeState)) {
    throw new HecateError(
      'HEC_USAGE',
      `${value.activeState} is not a state to wait for`,
      `one of ${activeStates.join(', ')}`,
    );
  }
  const limitMs = value.timeLimitMs || context.config().operations.timeLimitMs;
  let last = observe(context.fleet.state, value);
  if (!isReached(last, value.activeState)) {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        unwatch();
        clearTimeout(timer);
        resolve();
      };
      const unwatch = context.fleet.watch({
        onChange: () => {
          last = observe(context.fleet.state, value);
          if (isReached(last, value.activeState)) done();
        },
      });
      const timer = setTimeout(done, limitMs);
      incoming.signal.addEventListener('abort', done, { once: true });
    });
  }
  return { case: 'waitResult', value: { reached: isReached(last, value.activeState), last } };
}
