/** Runs the fleet machine and tells those who watch. */
import type { MonitorEvent } from '@hecate/proto/generated/wire.ts';
import { emptyFleet, type FleetInput, type FleetState, fleetStep } from './core/fleet.ts';

export interface FleetWatcher {
  onEvent?: (event: MonitorEvent) => void;
  /**
   * After every step, also those that made no event (a first snapshot is no news).
   * @param node the one that changed; undefined: the list of nodes itself
   */
  onChange?: (node: string | undefined) => void;
}

export class FleetStore {
  #state: FleetState = emptyFleet;
  readonly #watchers = new Set<FleetWatcher>();
  /** Ends a session whose node came back through a newer one. */
  replaceSession: (sessionId: string) => void = () => undefined;
  /** Ends a session that tells more than can be kept. */
  endSession: (sessionId: string, message: string) => void = () => undefined;

  get state(): FleetState {
    return this.#state;
  }

  apply(input: FleetInput): void {
    const { state, effects } = fleetStep(this.#state, input);
    this.#state = state;
    for (const effect of effects) {
      if (effect.type === 'replace-session') this.replaceSession(effect.sessionId);
      else if (effect.type === 'end-session') this.endSession(effect.sessionId, effect.message);
      else this.publish(effect.event);
    }
    const node = 'node' in input ? input.node : undefined;
    for (const watcher of this.#watchers) watcher.onChange?.(node);
  }

  /** Events of elsewhere (outcomes of operations) reach the same watchers. */
  publish(event: MonitorEvent): void {
    for (const watcher of this.#watchers) watcher.onEvent?.(event);
  }

  /** @returns the function that ends the watch. */
  watch(watcher: FleetWatcher): () => void {
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  }
}
