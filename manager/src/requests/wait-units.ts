/** Waits until units are in a state, over the stream of changes; never longer than the caller said. */
import { HecateError } from '@hecate/proto/core/errors.ts';
import type { Outcome } from '@hecate/proto/core/frames.ts';
import { limits } from '@hecate/proto/core/limits.ts';
import type { WaitUnits } from '@hecate/proto/generated/wire.ts';
import {
  isReached,
  lastOf,
  noteEvent,
  noteFleet,
  noteNode,
  openUnitWait,
  type UnitWait,
} from '../core/unit-wait.ts';
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

export async function waitUnits(request: OperatorRequest<WaitUnits>): Promise<Outcome> {
  const { value, context } = request;
  if (!activeStates.includes(value.activeState)) {
    throw new HecateError(
      'HEC_USAGE',
      `${value.activeState} is not a state to wait for`,
      `one of ${activeStates.join(', ')}`,
    );
  }
  const wait = openUnitWait(context.fleet.state, value);
  if (!isReached(wait)) await watch(request, wait);
  return { case: 'waitResult', value: { reached: isReached(wait), last: lastOf(wait) } };
}

/**
 * Until it is reached, the time is over or the caller is gone. Every change is looked at, not samples of them: a
 * unit may be in the state for a moment only.
 * @throws HEC_NO_SUCH_NODE when a node was taken out of the site meanwhile
 */
function watch({ value, context, incoming }: OperatorRequest<WaitUnits>, wait: UnitWait): Promise<void> {
  // A timer takes at most 24 days, and fires at once when it is given more.
  const asked = value.timeLimitMs || context.config().operations.timeLimitMs;
  const limitMs = Math.min(asked, limits.timeLimitMsMax);
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      unwatch();
      clearTimeout(timer);
      incoming.signal.removeEventListener('abort', giveUp);
    };
    const giveUp = (): void => {
      stop();
      resolve();
    };
    const note = (change: () => boolean): void => {
      try {
        if (change() && isReached(wait)) giveUp();
      } catch (error) {
        // This watcher's trouble, and nobody else's: whoever changed the fleet goes on.
        stop();
        reject(error);
      }
    };
    const unwatch = context.fleet.watch({
      onEvent: (event) => note(() => noteEvent(wait, event)),
      onChange: (name) => {
        const node = name === undefined ? undefined : context.fleet.state.nodes.get(name);
        if (name === undefined || (!node && wait.nodes.has(name)))
          note(() => noteFleet(wait, context.fleet.state));
        else if (node) note(() => noteNode(wait, node));
      },
    });
    const timer = setTimeout(giveUp, limitMs);
    incoming.signal.addEventListener('abort', giveUp, { once: true });
  });
}
